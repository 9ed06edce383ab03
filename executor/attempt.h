#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admission/job.h"
#include "base/clock.h"

// One try at running a job, as values. An attempt has a cgroup, a shim and a directory of its own;
// none of them is ever used again.
namespace headroom {

struct AttemptId {
  JobId job;
  int32_t number = 1;

  auto operator<=>(const AttemptId&) const = default;
};

// "42-1": the name of its cgroup and of its directory.
std::string ToString(const AttemptId& id);
std::optional<AttemptId> ParseAttemptId(std::string_view text);

struct AttemptLimits {
  std::optional<int64_t> memory_max_bytes;
  std::optional<int64_t> memory_high_bytes;
  std::optional<int64_t> swap_max_bytes;
  bool oom_group = true;
  std::optional<int64_t> cpu_max_millis;
  int64_t cpu_weight = 100;
  std::optional<int64_t> pids_max;

  bool operator==(const AttemptLimits&) const = default;
};

// What may be changed of an attempt while it runs.
struct AttemptControls {
  int64_t cpu_weight = 100;
  std::optional<int64_t> memory_high_bytes;  // absent: none
  bool frozen = false;

  bool operator==(const AttemptControls&) const = default;
};

struct AttemptSpec {
  AttemptId id;
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value"; exactly this, nothing is inherited
  std::string working_directory;
  std::string stdin_path;  // empty: /dev/null. Opened as the user
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  AttemptLimits limits;
  int64_t log_max_bytes = 0;
};

// How it ended.
struct Exited {
  int code = 0;
  bool operator==(const Exited&) const = default;
};
struct Signaled {
  int signal = 0;
  bool operator==(const Signaled&) const = default;
};
// The command never ran. `step` is one of: cgroup, user, directory, stdin, exec, shim.
struct LaunchFailed {
  std::string step;
  int os_error = 0;
  std::string message;
  bool operator==(const LaunchFailed&) const = default;
};
// The shim was killed or the host rebooted: nobody knows the status. Said so, never guessed.
struct Lost {
  std::string message;
  bool operator==(const Lost&) const = default;
};
using Outcome = std::variant<Exited, Signaled, LaunchFailed, Lost>;

// Who ran out of memory when the kernel killed something of this attempt (memory.events, never the
// exit status: signal 9 tells nothing).
enum class OomCause { kNone, kJobLimit, kPoolLimit, kHost };

const char* ToString(OomCause cause);  // "none", "job_limit", "pool_limit", "host"

struct AttemptUsage {
  std::optional<int64_t> peak_memory_bytes;
  std::optional<int64_t> peak_pids;
  std::optional<int64_t> cpu_usec;

  bool operator==(const AttemptUsage&) const = default;
};

// What of an output stream is not in its log, and the errno for which it was first refused (a full
// disk, F58); 0: it was beyond the limit.
struct DroppedOutput {
  int64_t bytes = 0;
  int os_error = 0;

  bool operator==(const DroppedOutput&) const = default;
};

struct AttemptEnd {
  AttemptId id;
  Outcome outcome;
  OomCause oom = OomCause::kNone;
  AttemptUsage usage;
  TimePoint started_at{};  // of the command; equal to ended_at if it never ran
  TimePoint ended_at{};
  DroppedOutput stdout_dropped, stderr_dropped;
};

}  // namespace headroom
