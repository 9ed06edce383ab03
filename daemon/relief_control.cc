#include "daemon/relief_control.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/event_detail.h"
#include "daemon/lifecycle.h"

namespace headroom {
void ReliefControl::Look(const ReliefSigns& signs, std::span<const RunningJob> running,
                         const Policy& policy, TimePoint now) {
  if (!policy.relief.empty() || !relief_.in_force.empty()) {
    std::vector<ReliefRung> rungs = policy.relief;
    if (!executor_.CanThrottle())
      std::erase_if(rungs,
                    [](const ReliefRung& rung) { return rung.step == ReliefStep::kThrottle; });
    std::vector<RunningJob> jobs(running.begin(), running.end());
    // One that is being stopped goes anyway.
    std::erase_if(jobs, [&](const RunningJob& job) {
      const JobRecord* record = book_.Find(job.id);
      return record == nullptr || record->state == JobState::kStopping;
    });
    ReliefPass pass = NextRelief(relief_, signs, jobs, rungs, now);
    relief_ = std::move(pass.next);
    for (const ReliefMove& move : pass.moves) Do(move, now);
  }
  PutInForce(policy);
}

void ReliefControl::Do(const ReliefMove& move, TimePoint now) {
  const std::string_view step = ToString(move.step.step);
  if (move.undone) {
    spdlog::warn("relief: {} of job {} is over ({})", step, move.step.job.value,
                 ToString(*move.undone));
  } else {
    spdlog::warn("relief: {} of job {}, memory pressure (full) is {:.1f}%", step,
                 move.step.job.value, move.step.pressure);
    metrics_.ReliefTaken(move.step.step);
  }
  // Also of a job that is being stopped: if that cannot be stored, it runs on and must not stand
  // still.
  to_control_.insert(move.step.job);
  static_cast<void>(book_.Note("relief_step", move.step.job, ReliefDetail(move, now)));
}

void ReliefControl::PutInForce(const Policy& policy) {
  std::erase_if(to_control_, [&](JobId id) {
    const JobRecord* job = book_.Find(id);
    if (job == nullptr || !HoldsAnAttempt(*job)) return true;
    const Status done =
        executor_.Control({job->id, job->attempt}, ControlsOf(*job, policy.jobs, relief_));
    if (done || done.error().code == ErrorCode::kUnsupported) return true;
    spdlog::error("relief: job {}: {}", id.value, done.error().message);
    return false;
  });
}

void ReliefControl::UndoAll(const Policy& policy, TimePoint now) {
  std::vector<ReliefInForce> taken = std::exchange(relief_.in_force, {});
  std::ranges::reverse(taken);
  for (const ReliefInForce& step : taken)
    Do({step, ReliefEnd::kStopped, std::nullopt, std::nullopt}, now);
  PutInForce(policy);
}

}  // namespace headroom
