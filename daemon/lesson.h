#pragma once

#include <optional>

#include "admission/growth.h"
#include "daemon/job_record.h"
#include "daemon/lifecycle.h"
#include "daemon/past_attempt.h"
#include "executor/attempt.h"

// What a finished attempt teaches about its key's next job.
namespace headroom {

// From a job that still runs in the book, the same once it has finished with its attempt's end, and
// the growth that was seen (null: none). Absent: it teaches nothing, because it has no key, or its
// size and duration are not its own: it was cancelled, killed from outside, lost or never ran.
std::optional<PastAttemptOfKey> LessonOf(const JobRecord& running, const JobRecord& finished,
                                         const AttemptEnd& end, const Growth* growth,
                                         const Instant& now);

}  // namespace headroom
