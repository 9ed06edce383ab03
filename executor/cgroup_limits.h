#pragma once

#include <string>
#include <vector>

#include "base/cgroup_layout.h"
#include "executor/attempt.h"
#include "executor/native_executor.h"

// Limits as values -> what has to be written into which file. Pure; knows both versions of cgroups.
namespace headroom {

// What this kernel and its boot options offer beyond the least that we need.
struct CgroupFeatures {
  bool swap_limit = true;  // v2: CONFIG_SWAP; v1: booted with swapaccount=1
  bool oom_event = true;   // v1: the shim can see that a job ran out of memory

  bool operator==(const CgroupFeatures&) const = default;
};

// One value for one file. `mount` is the absolute mount point of the file's hierarchy.
struct CgroupWrite {
  std::string mount;
  std::string file;
  std::string value;

  bool operator==(const CgroupWrite&) const = default;
};

// In the order in which they must be written into a fresh cgroup.
std::vector<CgroupWrite> AttemptWrites(const AttemptLimits& limits, const CgroupMounts& mounts,
                                       const CgroupFeatures& features);

// For a cgroup that is in use already, so that whatever was there is replaced.
std::vector<CgroupWrite> ControlWrites(const AttemptControls& controls, const CgroupMounts& mounts);

// Names of the limits that were asked for and that are not among the writes.
std::vector<std::string> NotEnforced(const AttemptLimits& limits, const CgroupMounts& mounts,
                                     const CgroupFeatures& features);

// The pool's caps, absent ones lifted. Never memory.oom.group: it would kill every job at once.
std::vector<CgroupWrite> PoolWrites(const PoolCaps& caps, const CgroupMounts& mounts);

}  // namespace headroom
