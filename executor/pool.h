#pragma once

#include "base/cgroup_layout.h"
#include "base/result.h"
#include "executor/cgroup_limits.h"
#include "executor/native_executor.h"

// The part of our tree that all attempts share: ROOT, the pool ROOT/jobs with its caps, ROOT/shims.
namespace headroom {

// Makes what is missing of it and switches the controllers on. Touches nothing above ROOT, but for
// the controllers of the cgroup2 mount's own root when ROOT lies right below it. Fails with all
// that keeps this host from enforcing limits, and what to change.
Status PreparePool(const CgroupLayout& layout);

Status ApplyPoolCaps(const CgroupLayout& layout, const PoolCaps& caps);

// REQUIRES: PreparePool().
CgroupFeatures ProbeFeatures(const CgroupLayout& layout);

// Makes a cgroup in every hierarchy; the cgroup2 directory must not be there yet.
Status MakeCgroup(const CgroupMounts& mounts, const std::string& path);

}  // namespace headroom
