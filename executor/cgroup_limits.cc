#include "executor/cgroup_limits.h"

#include <algorithm>

#include "admission/contention.h"

namespace headroom {
namespace {

// A thousandth of a core is 100 us of it; the least quota is 1 ms (sched-bwc.rst).
constexpr int64_t kPeriodUsec =
    std::chrono::duration_cast<std::chrono::microseconds>(kQuotaPeriod).count();
constexpr int64_t kLeastQuotaUsec = 1'000;

using MaybeAmount = std::optional<int64_t>;

std::string OrElse(const MaybeAmount& amount, const char* unlimited) {
  return amount ? std::to_string(*amount) : unlimited;
}

MaybeAmount QuotaUsec(const MaybeAmount& millis) {
  if (!millis) return std::nullopt;
  return std::max(*millis * kPeriodUsec / 1000, kLeastQuotaUsec);
}

// cgroup-v2.rst: weight 1..10000, default 100. cgroup-v1 shares: default 1024, least 2.
int64_t SharesOf(int64_t weight) { return std::max<int64_t>(weight * 1024 / 100, 2); }

std::vector<CgroupWrite> UnifiedWrites(const AttemptLimits& limits, const std::string& mount,
                                       const CgroupFeatures& features) {
  std::vector<CgroupWrite> writes;
  const auto add = [&](const char* file, std::string value) {
    writes.push_back({mount, file, std::move(value)});
  };
  if (limits.memory_max_bytes) add("memory.max", std::to_string(*limits.memory_max_bytes));
  if (limits.memory_high_bytes) add("memory.high", std::to_string(*limits.memory_high_bytes));
  if (limits.swap_max_bytes && features.swap_limit)
    add("memory.swap.max", std::to_string(*limits.swap_max_bytes));
  if (limits.oom_group) add("memory.oom.group", "1");
  if (const MaybeAmount quota = QuotaUsec(limits.cpu_max_millis))
    add("cpu.max", std::to_string(*quota) + " " + std::to_string(kPeriodUsec));
  if (limits.cpu_weight != 100) add("cpu.weight", std::to_string(limits.cpu_weight));
  if (limits.pids_max) add("pids.max", std::to_string(*limits.pids_max));
  return writes;
}

// v1 limits swap together with memory; it refuses a sum below the memory limit, so that one goes
// first.
MaybeAmount MemoryAndSwap(const AttemptLimits& limits) {
  if (!limits.memory_max_bytes || !limits.swap_max_bytes) return std::nullopt;
  int64_t sum = 0;
  if (__builtin_add_overflow(*limits.memory_max_bytes, *limits.swap_max_bytes, &sum))
    return std::nullopt;
  return sum;
}

std::vector<CgroupWrite> HybridWrites(const AttemptLimits& limits, const CgroupMounts& mounts,
                                      const CgroupFeatures& features) {
  std::vector<CgroupWrite> writes;
  const auto add = [&](const std::string& mount, const char* file, int64_t value) {
    writes.push_back({mount, file, std::to_string(value)});
  };
  if (limits.memory_max_bytes)
    add(mounts.memory, "memory.limit_in_bytes", *limits.memory_max_bytes);
  if (const MaybeAmount sum = MemoryAndSwap(limits); sum && features.swap_limit)
    add(mounts.memory, "memory.memsw.limit_in_bytes", *sum);
  if (const MaybeAmount quota = QuotaUsec(limits.cpu_max_millis)) {
    add(mounts.cpu, "cpu.cfs_period_us", kPeriodUsec);
    add(mounts.cpu, "cpu.cfs_quota_us", *quota);
  }
  if (limits.cpu_weight != 100) add(mounts.cpu, "cpu.shares", SharesOf(limits.cpu_weight));
  if (limits.pids_max) add(mounts.pids, "pids.max", *limits.pids_max);
  return writes;
}

}  // namespace

std::vector<CgroupWrite> AttemptWrites(const AttemptLimits& limits, const CgroupMounts& mounts,
                                       const CgroupFeatures& features) {
  switch (mounts.mode) {
    case CgroupMode::kUnified:
      return UnifiedWrites(limits, mounts.unified, features);
    case CgroupMode::kHybrid:
      return HybridWrites(limits, mounts, features);
  }
  return {};
}

// cgroup-v2.rst, cgroup.freeze: the cgroup2 side mount of a hybrid host freezes as well.
std::vector<CgroupWrite> ControlWrites(const AttemptControls& controls,
                                       const CgroupMounts& mounts) {
  const CgroupWrite freeze{mounts.unified, "cgroup.freeze", controls.frozen ? "1" : "0"};
  switch (mounts.mode) {
    case CgroupMode::kUnified:
      return {freeze,
              {mounts.unified, "cpu.weight", std::to_string(controls.cpu_weight)},
              {mounts.unified, "memory.high", OrElse(controls.memory_high_bytes, "max")}};
    case CgroupMode::kHybrid:
      return {freeze, {mounts.cpu, "cpu.shares", std::to_string(SharesOf(controls.cpu_weight))}};
  }
  return {};
}

std::vector<std::string> NotEnforced(const AttemptLimits& limits, const CgroupMounts& mounts,
                                     const CgroupFeatures& features) {
  const bool hybrid = mounts.mode == CgroupMode::kHybrid;
  std::vector<std::string> missing;
  if (limits.memory_high_bytes && hybrid) missing.emplace_back("memory.high");
  // Swap alone cannot be limited in v1; without any memory limit there is no sum to write.
  const bool swap = features.swap_limit && (!hybrid || limits.memory_max_bytes);
  if (limits.swap_max_bytes && !swap) missing.emplace_back("memory.swap.max");
  if (limits.oom_group && hybrid && !features.oom_event) missing.emplace_back("memory.oom.group");
  return missing;
}

std::vector<CgroupWrite> PoolWrites(const PoolCaps& caps, const CgroupMounts& mounts) {
  const MaybeAmount quota = QuotaUsec(caps.cpu_max_millis);
  const std::string pids = OrElse(caps.pids_max, "max"), period = std::to_string(kPeriodUsec);
  switch (mounts.mode) {
    case CgroupMode::kUnified:
      return {{mounts.unified, "memory.max", OrElse(caps.memory_max_bytes, "max")},
              {mounts.unified, "cpu.max", OrElse(quota, "max") + " " + period},
              {mounts.unified, "pids.max", pids}};
    case CgroupMode::kHybrid:
      return {{mounts.memory, "memory.limit_in_bytes", OrElse(caps.memory_max_bytes, "-1")},
              {mounts.cpu, "cpu.cfs_period_us", period},
              {mounts.cpu, "cpu.cfs_quota_us", OrElse(quota, "-1")},
              {mounts.pids, "pids.max", pids}};
  }
  return {};
}

}  // namespace headroom
