#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "executor/attempt.h"
#include "executor/cgroup_place.h"
#include "executor/native_executor.h"

namespace headroom {

struct NewCgroup {
  CgroupPlace place;
  std::vector<std::string> not_enforced;  // limits that were asked for and that this kernel lacks
};

// What a cgroup has to say about its attempt before it goes.
struct CgroupReport {
  OomCause oom = OomCause::kNone;
  AttemptUsage usage;

  bool operator==(const CgroupReport&) const = default;
};

// The kernel's cgroups, seen from the executor: one for each attempt, named like it, in the pool.
// Threads: any, one call at a time runs. No call blocks. Errors name the file.
class CgroupDriver {
 public:
  virtual ~CgroupDriver() = default;

  // Makes the pool if it is not there, and caps it. Absent caps are lifted.
  virtual Status SetPoolCaps(const PoolCaps& caps) = 0;

  // Makes a cgroup that was not there before and puts the limits in force. On an error it is gone.
  virtual Result<NewCgroup> Create(const std::string& name, const AttemptLimits& limits) = 0;

  // A cgroup that is not there is not an error. kUnsupported as for Executor::Control.
  virtual Status Control(const std::string& name, const AttemptControls& controls) = 0;

  // Sends SIGKILL to everything in it, once. A cgroup that is not there is empty, not an error.
  virtual Status Kill(const std::string& name) = 0;
  virtual Result<bool> Populated(const std::string& name) = 0;

  // Reads what is there; what this kernel does not tell stays absent.
  virtual CgroupReport Report(const std::string& name, int64_t pool_oom_events_before) = 0;

  // Removes it and what the job made inside. kConflict while a process, or its remains, are in it.
  virtual Status Remove(const std::string& name) = 0;

  // The names of all attempts' cgroups in the pool, ours or not.
  virtual std::vector<std::string> List() const = 0;
};

}  // namespace headroom
