#pragma once

#include <memory>

#include "executor/cgroup_driver.h"
#include "executor/native_executor.h"
#include "executor/shim_launcher.h"

namespace headroom {

// The native executor over any cgroups and any shims: what MakeNativeExecutor() puts together for
// the real ones.
Result<std::unique_ptr<NativeExecutor>> AssembleNativeExecutor(
    const NativeExecutorOptions& options, const Clock& clock, std::unique_ptr<CgroupDriver> cgroups,
    std::unique_ptr<ShimLauncher> shims);

}  // namespace headroom
