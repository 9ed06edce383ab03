#pragma once

#include <memory>

#include "base/cgroup_layout.h"
#include "executor/cgroup_driver.h"

namespace headroom {

// The driver for the kernel's own cgroups, unified or hybrid, with the pool made and capped.
// Holds ROOT for itself while it lives. Fails with kConflict when another daemon holds it, else
// with what keeps this host from enforcing limits.
Result<std::unique_ptr<CgroupDriver>> MakeKernelCgroups(const CgroupLayout& layout,
                                                        const PoolCaps& caps);

}  // namespace headroom
