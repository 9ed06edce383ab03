#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admission/policy.h"
#include "admission/snapshot.h"
#include "collectors/measurements.h"

// Measurements -> what admission sees. Pure functions.
namespace headroom {

// Memory in use that will not go away by reclaim: anon + shmem + (kernel − reclaimable slab) + sock
// + dirty + writeback + swap. Clean page cache is not in it. Absent if anon is.
std::optional<int64_t> ObservedMemory(const MemorySample& memory);

// Millis of CPU between two samples of the same cgroup. Absent for the first sample, after a
// counter reset, or when less than 10 ms lie between them.
std::optional<int64_t> CpuMillisBetween(const CgroupSample& before, const CgroupSample& after);

// What one attempt uses. `before` may be null (first sight).
ObservedUse Observe(const CgroupSample* before, const CgroupSample& now);

// The host as one view: capacity, and what is used outside our jobs at the same instant (host used
// − Σ observed, never below zero). Absent if memory capacity, host memory or CPU could not be read.
// `before` may be null: then unmanaged CPU is not known yet, which makes the view absent as well.
std::optional<HostView> ViewHost(const Measurements* before, const Measurements& now,
                                 const std::vector<TokenAmount>& tokens);

// The readings that the gate listens to: per resource and kind the larger of host and pool.
// `triggered` is added by the caller that holds the triggers.
std::vector<PressureReading> ReadPressure(const Measurements& now);

}  // namespace headroom
