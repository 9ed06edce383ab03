#include "daemon/lesson.h"

#include <algorithm>

namespace headroom {
namespace {

bool RanToItsOwnEnd(const JobRecord& finished) {
  return finished.outcome == JobOutcome::kSucceeded || finished.outcome == JobOutcome::kFailed ||
         finished.outcome == JobOutcome::kOomKilled;
}

FinishedAttempt AttemptOf(const JobRecord& running, const AttemptEnd& end, const Growth* growth,
                          const Instant& now) {
  FinishedAttempt attempt;
  attempt.duration = end.ended_at - end.started_at;
  attempt.peak_memory_bytes = end.usage.peak_memory_bytes;
  attempt.peak_pids = end.usage.peak_pids;
  attempt.cpu_usec = end.usage.cpu_usec;
  attempt.started = WallOf(end.started_at, now);
  if (running.reserved) {
    // More than its own limit it could not have used, whatever it had asked for.
    attempt.request_memory_bytes =
        std::min(running.reserved->memory_bytes,
                 running.submission.memory_max_bytes.value_or(running.reserved->memory_bytes));
    attempt.request_cpu_millis = running.reserved->cpu_millis;
  }
  attempt.memory_kill = KillOf(end.oom);
  if (growth != nullptr) attempt.growth = *growth;
  return attempt;
}

}  // namespace

std::optional<PastAttemptOfKey> LessonOf(const JobRecord& running, const JobRecord& finished,
                                         const AttemptEnd& end, const Growth* growth,
                                         const Instant& now) {
  const JobSubmission& submission = running.submission;
  if (submission.key.empty() || !RanToItsOwnEnd(finished)) return std::nullopt;
  PastAttemptOfKey past;
  past.key = submission.key;
  past.tenant = submission.tenant;
  past.uid = submission.uid;
  past.job = running.id;
  past.outcome = finished.outcome;
  past.oom = end.oom;
  past.declared_memory_bytes = submission.request.memory_bytes;
  past.declared_cpu_millis = submission.request.cpu_millis;
  past.limit_memory_bytes = submission.memory_max_bytes;
  past.limit_cpu_millis = submission.cpu_max_millis;
  past.attempt = AttemptOf(running, end, growth, now);
  return past;
}

}  // namespace headroom
