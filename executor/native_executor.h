#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/cgroup_layout.h"
#include "base/clock.h"
#include "base/result.h"
#include "executor/executor.h"

namespace headroom {

struct PoolCaps {
  std::optional<int64_t> memory_max_bytes;
  std::optional<int64_t> cpu_max_millis;
  std::optional<int64_t> pids_max;

  bool operator==(const PoolCaps&) const = default;
};

// What is really in force on this host, for `doctor`, status and headroom_enforcement_mode.
struct Enforcement {
  std::string mode;                  // "unified" or "hybrid"
  std::vector<std::string> missing;  // what was asked for and this kernel cannot do; empty: nothing

  bool operator==(const Enforcement&) const = default;
};

struct NativeExecutorOptions {
  CgroupLayout layout;
  std::string state_dir;  // attempts live in state_dir/attempts/42-1/
  std::string shim;       // path of headroom-shim
  PoolCaps pool;
};

// Processes in cgroups of our own. A small shim per attempt is the parent of the command, outlives
// the daemon, and leaves the exit record durably.
class NativeExecutor : public Executor {
 public:
  virtual Status SetPoolCaps(const PoolCaps& caps) = 0;
  virtual Enforcement enforcement() const = 0;
};

// Makes the pool and its caps. Fails, with everything that is missing, when the host cannot enforce
// them. `clock` outlives the executor.
Result<std::unique_ptr<NativeExecutor>> MakeNativeExecutor(const NativeExecutorOptions& options,
                                                           const Clock& clock);

}  // namespace headroom
