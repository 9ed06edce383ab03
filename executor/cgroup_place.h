#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headroom {

// Where one attempt runs: what a shim needs to know of its cgroups.
struct CgroupPlace {
  std::vector<std::string> shim_entries;  // files by which the shim leaves the daemon's cgroups
  std::string job;                        // the cgroup2 directory that the command is cloned into
  std::vector<std::string> job_entries;   // v1: files by which the command enters its limits
  std::string oom_group;  // v1: memory directory of a job whose processes die together; else empty
  int64_t pool_oom_events = 0;  // how often the pool had run out of memory before

  bool operator==(const CgroupPlace&) const = default;
};

}  // namespace headroom
