#include "admission/trim.h"

#include <algorithm>

namespace headroom {
namespace {

constexpr double kLeast = -0.10, kMost = 0.25;

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
  const double durations = passed / static_cast<double>(snapshot.mean_duration->count());
  const double step = (policy.target.memory - ObservedShare(snapshot, policy)) * durations / 2;
  const bool frozen = held_back == HeldBackBy::kSomethingElse && (step > 0 || next.share <= 0);
  if (!frozen) next.share = std::clamp(next.share + step, kLeast, kMost);
  return next;
}

}  // namespace headroom
