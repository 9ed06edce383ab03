#include "daemon/salvage_settle.h"

#include <algorithm>
#include <utility>

namespace headroom {
namespace {

bool CanBeAdopted(const Trace* trace) {
  return trace != nullptr &&
         (trace->found == Trace::Found::kShim || trace->found == Trace::Found::kRecord);
}

// The loop's Recover() finds out what became of the attempt. Where nobody knows what it may use, it
// is charged for what it is seen to use.
JobRecord Adoptable(const FoundJob& found, const Trace& trace) {
  JobRecord job = found.record;
  if (job.state == JobState::kWaiting) job.state = JobState::kStarting;
  job.attempt = trace.attempt;
  if (!job.started_at) job.started_at = trace.at;
  if (job.submitted_at == WallTime{}) job.submitted_at = trace.at;
  if (!job.reserved) job.reserved = ResourceVector{};
  return job;
}

JobRecord Lose(JobRecord job, const Trace* trace, const std::string& why, const Instant& now) {
  if (trace != nullptr) job.attempt = std::max(job.attempt, trace->attempt);
  if (job.submitted_at == WallTime{}) job.submitted_at = trace != nullptr ? trace->at : now.wall;
  return FinishedWithoutRunning(std::move(job), JobOutcome::kLost,
                                "the state file was damaged: " + why, now);
}

}  // namespace

JobRecord Settle(const FoundJob& found, const Trace* trace, const Instant& now) {
  const JobRecord& job = found.record;
  if (found.state_is_known && job.state == JobState::kFinished) return job;
  const auto lose = [&](const char* why) { return Lose(job, trace, why, now); };

  const bool waits = found.state_is_known && job.state == JobState::kWaiting;
  const bool has_newer = trace != nullptr && trace->attempt > job.attempt;
  const bool has_own = trace != nullptr && trace->attempt == job.attempt && !waits;
  if ((has_newer || has_own) && CanBeAdopted(trace)) return Adoptable(found, *trace);

  if (!found.state_is_known) return lose("nobody knows whether it was run");
  if (!found.submission_is_known) {
    return lose(waits && !has_newer && found.is_current
                    ? "what it was to run cannot be read; it was not started"
                    : "what it was to run cannot be read, nor what became of it");
  }
  const bool given_up = trace != nullptr && trace->found == Trace::Found::kGivenUp;
  if ((has_newer || has_own) && given_up) return Adoptable(found, *trace);  // to be put in line
  if (has_newer || has_own) return lose("it was started, and nobody knows how it ended");
  if (!found.is_current) return lose("its latest state is lost, so it may have been run");
  if (waits) return job;
  // Started, as it says, without a directory: only a launch that had just begun can be undone.
  if (job.state == JobState::kStarting) return job;
  return lose("it was started, and nothing of it is left");
}

}  // namespace headroom
