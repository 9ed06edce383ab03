#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// How this host mounts its cgroups, and where our own tree lies in them.
namespace headroom {

enum class CgroupMode {
  kUnified,  // cgroup v2 on /sys/fs/cgroup, or wherever it is mounted alone
  kHybrid,   // v1 memory, cpu, cpuacct and pids, and a cgroup2 side mount for kill, freeze and PSI
};

const char* ToString(CgroupMode mode);  // "unified", "hybrid"

// Absolute mount points. In unified mode all controllers share `unified`.
struct CgroupMounts {
  CgroupMode mode = CgroupMode::kUnified;
  std::string unified;                     // the cgroup2 mount
  std::string memory, cpu, cpuacct, pids;  // hybrid only: the v1 mounts

  bool operator==(const CgroupMounts&) const = default;
};

// Our tree has the same name in every hierarchy:
//   ROOT/jobs            the pool: the cap of all jobs together
//   ROOT/jobs/42-1       attempt 1 of job 42
//   ROOT/shims           the shims, outside the pool's cap
struct CgroupLayout {
  CgroupMounts mounts;
  std::string root;  // "headroom", or "system.slice/headroom-jobs.service": relative to the mounts
  std::string proc = "/proc";

  std::string Pool() const { return root + "/jobs"; }
  std::string Shims() const { return root + "/shims"; }
  std::string Attempt(const std::string& name) const { return Pool() + "/" + name; }

  bool operator==(const CgroupLayout&) const = default;
};

// Finds the mounts from mountinfo (`proc`/self/mountinfo). Fails with what was found, what is
// needed and what to change when neither mode is usable (F12).
Result<CgroupMounts> FindCgroupMounts(const std::string& proc = "/proc");

// The same from the text of a mountinfo file. Pure.
Result<CgroupMounts> ParseCgroupMounts(std::string_view mountinfo);

}  // namespace headroom
