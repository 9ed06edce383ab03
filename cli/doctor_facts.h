#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admission/policy.h"
#include "base/cgroup_layout.h"
#include "base/result.h"

// What `doctor` found out about a host. Only facts: what they are worth is said by doctor_judge.h.
// A member without a value was not tried or could not be known. Values; threads: any.
namespace headroom::cli {

enum class TriggerSupport {
  kAnyWindow,
  kTwoSecondWindows,  // without CAP_SYS_RESOURCE only windows of a multiple of 2 s
  kNone,
};

// An empty cgroup that was made where the daemon would make its own, looked at, and removed.
struct CgroupProbe {
  std::string parent;          // where, below the mounts
  std::optional<Error> error;  // the first thing that did not work
  bool has_kill = false;       // cgroup.kill
  bool has_freeze = false;     // cgroup.freeze
  bool has_pressure = false;   // memory.pressure
  bool limits_swap = false;    // memory.swap.max, or v1 memory.memsw.limit_in_bytes
};

struct StateDirFacts {
  std::string path;
  bool exists = false;
  std::string nearest;          // the path, or the nearest directory above it that exists
  std::optional<Error> access;  // why this user cannot write there
  uint64_t filesystem = 0;      // statfs(2) f_type
  std::optional<int64_t> free_bytes;
};

struct DaemonFacts {
  std::string socket;
  std::string version;                 // empty: it does not answer
  std::string failure;                 // why not
  std::vector<std::string> not_ready;  // lines of /readyz
};

struct PolicyFacts {
  std::string path;
  bool exists = false;
  std::vector<PolicyProblem> problems;
  std::string admin_group;
  bool admin_group_exists = false;
};

struct HostFacts {
  std::string kernel_release;
  uid_t uid = 0;
  Result<CgroupMounts> mounts = Fail(ErrorCode::kNotFound, "not looked for");
  std::optional<std::vector<std::string>> controllers;  // unified: cgroup.controllers
  CgroupProbe cgroup;
  std::map<std::string, std::optional<Error>> pressure;  // by resource; no error: readable
  TriggerSupport triggers = TriggerSupport::kNone;
  int clone3_errno = 0;  // of clone3(NULL, 0): EINVAL where it exists
  std::optional<int64_t> memory_total, swap_total;
  StateDirFacts state_dir;
  DaemonFacts daemon;
  PolicyFacts policy;
  std::string shim;                  // path
  std::optional<Error> shim_access;  // why it cannot be run
};

}  // namespace headroom::cli
