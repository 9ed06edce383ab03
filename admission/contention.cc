#include "admission/contention.h"

#include <algorithm>

namespace headroom {
namespace {

// Of a job that was there all the time its other periods bound it; of one that came up since then
// nobody knows how many it had, and its throttled ones are taken to be stalled throughout.
// One period may have begun before the time that is looked at: it is forgiven.
Duration LostToOthers(const CpuWait& job, const CpuWaits& waits) {
  if (!job.stalled) return waits.pool_stalled.value_or(waits.elapsed);
  const Duration throttled = job.throttled.value_or(Duration{});
  if (throttled == Duration{}) return *job.stalled;
  const Duration other = (job.is_new ? *job.stalled : waits.elapsed) - throttled - kQuotaPeriod;
  return std::clamp<Duration>(*job.stalled, Duration{}, std::max(other, Duration{}));
}

Duration LostInPool(const CpuWaits& waits) {
  Duration lost{};
  for (const CpuWait& job : waits.jobs) lost += std::min(LostToOthers(job, waits), waits.elapsed);
  return std::min(lost, waits.pool_stalled.value_or(lost));
}

}  // namespace

bool AnyThrottled(const CpuWaits& waits) {
  return std::ranges::any_of(waits.jobs, [](const CpuWait& job) {
    return job.throttled.value_or(Duration{}) > Duration{};
  });
}

std::optional<double> Contention(const CpuWaits& waits) {
  if (!waits.host_stalled && !waits.pool_stalled) return std::nullopt;
  if (waits.elapsed <= Duration{}) return std::nullopt;
  const Duration pool = waits.pool_stalled.value_or(Duration{});
  const Duration host = waits.host_stalled.value_or(Duration{});
  Duration lost = std::max(host, pool);
  if (AnyThrottled(waits)) lost = LostInPool(waits) + std::max(host - pool, Duration{});
  lost = std::min(lost, waits.elapsed);
  return static_cast<double>(lost.count()) / static_cast<double>(waits.elapsed.count());
}

}  // namespace headroom
