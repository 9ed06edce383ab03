#pragma once

#include "daemon/job_record.h"
#include "daemon/lifecycle.h"
#include "daemon/salvage_find.h"

namespace headroom {

// What becomes of a job. `trace` is null if no directory of it is there. A job goes on waiting only
// if it certainly has not been started, and only a record that is known in both parts ever runs.
// Pure.
JobRecord Settle(const FoundJob& found, const Trace* trace, const Instant& now);

}  // namespace headroom
