#include "admission/trim.h"

#include <algorithm>

#include "admission/outer_loop.h"

namespace headroom {
namespace {

// Shares of the target: 10 points below and 25 above a target of 60 %.
constexpr double kLeast = -0.10 / 0.6, kMost = 0.25 / 0.6;

double ObservedShare(const Snapshot& snapshot, const Policy& policy) {
  const int64_t capacity =
      std::max<int64_t>(1, snapshot.host->capacity.memory_bytes - policy.reserve_memory_bytes);
  int64_t used = snapshot.host->unmanaged.memory_bytes;
  for (const RunningJob& job : snapshot.running)
    used += job.observed.memory_bytes.value_or(job.request.memory_bytes);
  return static_cast<double>(used) / static_cast<double>(capacity);
}

}  // namespace

Trim NextTrim(const Snapshot& snapshot, const Policy& policy, HeldBackBy held_back) {
  Trim next{snapshot.trim.share, snapshot.now};
  const bool first = snapshot.trim.at == TimePoint{};
  if (first || !snapshot.host || !snapshot.mean_duration || held_back == HeldBackBy::kNothing)
    return next;
  const auto passed = static_cast<double>((snapshot.now - snapshot.trim.at).count());
  // Jobs that last no tick show nothing from which to correct.
  const Duration duration = std::max(*snapshot.mean_duration, policy.tick);
  const double durations = passed / static_cast<double>(duration.count());
  const double target = EffectiveTarget(snapshot, policy).memory;
  const double step = (target - ObservedShare(snapshot, policy)) * durations / 2;
  const bool frozen = held_back == HeldBackBy::kSomethingElse && (step > 0 || next.share <= 0);
  if (!frozen) next.share = std::clamp(next.share + step, kLeast * target, kMost * target);
  return next;
}

}  // namespace headroom
