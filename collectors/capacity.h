#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cgroup_layout.h"
#include "base/clock.h"
#include "collectors/cgroup_reader.h"
#include "collectors/kept_files.h"
#include "collectors/measurements.h"

// What the pool may really use, read anew in every sweep: limits are changed, CPUs and memory come
// and go (F20).
namespace headroom {

// The limits of one cgroup, as its files say. Absent: none.
struct CgroupLimits {
  std::optional<int64_t> memory_max, memory_high;
  std::optional<int64_t> cpu_millis;             // unified: cpu.max
  std::optional<int64_t> cfs_quota, cfs_period;  // hybrid: microseconds
  std::optional<int64_t> cpus;                   // CPUs that it may run on
  std::optional<int64_t> pids_max;

  bool operator==(const CgroupLimits&) const = default;
};

// One cgroup's limits as amounts; false if it has none. CPUs that are all the host's are none.
// Pure. Leaves `path` and `use` alone.
bool SetLimits(const CgroupLimits& limits, const HostSample& host, LimitSample& into);

// Fills in all but `into.limits`: the smallest of those and of what the host has, with the name of
// what is smallest. `cpus_allowed`: absent if every CPU is. Pure. Absent where the host's part is.
void FindSmallest(const HostSample& host, std::optional<int64_t> cpus_allowed,
                  CapacitySample& into);

// Reads the pool's cgroup and all its ancestors up to the mount. Threads: one at a time.
class CapacityReader {
 public:
  // `roots` is CgroupRoots() of `layout`; both outlive this object.
  CapacityReader(const CgroupLayout& layout, std::span<const std::string> roots);

  // Overwrites `into`. `host` and `pool` are of the same sweep. When anything could not be read,
  // nothing is known about the smallest, so all is absent.
  void Read(const Clock& clock, const HostSample& host, const CgroupSample& pool,
            ReadBuffer& buffer, CapacitySample& into, FailureLog& failures);

 private:
  struct Level {
    KeptFiles<CgroupLimits> limits;
    CgroupReader use;  // read only where there is a limit; the pool's own is known already
  };
  bool ReadLevels(const Clock& clock, const HostSample& host, const CgroupSample& pool,
                  ReadBuffer& buffer, std::vector<LimitSample>& into, FailureLog& failures);

  std::vector<Level> levels_;  // from the pool up
  // Hybrid: v1 cpuset is not one of our hierarchies, so jobs inherit what the daemon may run on.
  std::optional<KeptFiles<CgroupLimits>> own_;
};

}  // namespace headroom
