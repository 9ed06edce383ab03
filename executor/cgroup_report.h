#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/cgroup_layout.h"
#include "executor/cgroup_driver.h"

// What the kernel counted for a cgroup, and who it blames.
namespace headroom {

// Out-of-memory as a cgroup counts it.
struct OomCounters {
  // Grows with each time it ran into its own limit: v2 memory.events.local "oom"; v1
  // memory.failcnt, which also counts what reclaim then saved.
  int64_t own_limit = 0;
  // Whether a process of it was killed; how many is not to be had (memory.events counts the victim
  // twice under memory.oom.group).
  int64_t kills = 0;

  bool operator==(const OomCounters&) const = default;
};

// Whose limit it was: the job's, else the pool's if that ran out since the attempt was launched,
// else the host's. On v1 an inference, see OomCounters. Pure.
OomCause CauseOf(const OomCounters& job, int64_t pool_now, int64_t pool_before);

// The number after `key` in "key number" lines; absent if it is not there. Pure.
std::optional<int64_t> FlatKeyed(std::string_view text, std::string_view key);

// The counters of the cgroup at a path relative to the mounts. A file that is not there counts
// zero. Where nothing was killed, as nearly always, nothing else is asked for.
OomCounters ReadOomCounters(const CgroupMounts& mounts, const std::string& path);
int64_t ReadOwnLimitEvents(const CgroupMounts& mounts, const std::string& path);
AttemptUsage ReadUsage(const CgroupMounts& mounts, const std::string& path);

}  // namespace headroom
