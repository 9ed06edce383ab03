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
// + dirty + writeback + swap. Clean page cache is not in it. Absent if anon is; other parts that
// this kernel does not count are left out.
std::optional<int64_t> ObservedMemory(const MemorySample& memory);

// Millis of CPU between two samples of the same cgroup. Absent after a counter reset, when the two
// are of different cgroups (one made anew under the old name), or when less than 10 ms lie between
// them.
std::optional<int64_t> CpuMillisBetween(const CgroupSample& before, const CgroupSample& after);

// What one attempt uses. `before` may be null (first sight).
ObservedUse Observe(const CgroupSample* before, const CgroupSample& now);

// The host as one view: capacity, and what is used outside our jobs at the same instant (used − Σ
// observed, never below zero). Where capacity is less than the host has, use outside takes nothing
// from it as long as it fits into the difference. An ancestor's limit is looked at in the same way:
// what others use under it (a Docker beside the pool, say) counts, and so does what ended jobs have
// left behind in the pool. Absent if capacity or anything used could not be read. `before` may be
// null: then unmanaged CPU is not known yet, which makes the view absent as well.
std::optional<HostView> ViewHost(const Measurements* before, const Measurements& now,
                                 const std::vector<TokenAmount>& tokens);

// The readings that the gate listens to: per resource and kind the larger of host and pool.
// While a running job waits for its own cpu.max, CPU is read as contention (admission/contention.h)
// since `before`, a sweep of some seconds ago; without one it is absent until the next.
// `triggered` is added by the caller that holds the triggers.
std::vector<PressureReading> ReadPressure(const Measurements* before, const Measurements& now);

}  // namespace headroom
