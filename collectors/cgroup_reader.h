#pragma once

#include <string>
#include <vector>

#include "base/cgroup_layout.h"
#include "base/clock.h"
#include "collectors/kept_files.h"
#include "collectors/measurements.h"

// Reads one cgroup, the pool or an attempt, on a unified or a hybrid host.
namespace headroom {

// The mount points that a cgroup's files lie under, in the order that the readers' tables use.
std::vector<std::string> CgroupRoots(const CgroupMounts& mounts);

// Threads: one at a time.
class CgroupReader {
 public:
  // `roots` is CgroupRoots() of a host of this mode, and outlives this object. `path` is relative
  // to them. `source` is whose failures its failures are: kPool or kJob; or kCapacity for an
  // ancestor, of which only the use of memory, CPU and pids is read, as far as it has them.
  CgroupReader(CgroupMode mode, std::span<const std::string> roots, std::string path,
               Source source);

  // Overwrites `into` with what there is now. What failed is absent there and in `failures`; that
  // the cgroup is gone is not a failure.
  Outcome Read(const Clock& clock, ReadBuffer& buffer, CgroupSample& into, FailureLog& failures);

 private:
  KeptFiles<CgroupSample> files_;
};

}  // namespace headroom
