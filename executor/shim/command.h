#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "executor/attempt.h"
#include "executor/shim_spec.h"

// Starts the command inside its cgroups.
namespace headroom::shim {

struct Command {
  UniqueFd pidfd;
  UniqueFd failure;  // says what kept the command from starting; closed by exec
  UniqueFd output;   // read ends of the command's pipes
  UniqueFd errors;
};

// A child that enters its cgroups, becomes the user and executes the command, all before the first
// instruction of the job. It is a plain copy of this small process and never shares its memory: a
// group OOM before exec would then kill the shim too.
// The value or the reason why there is not even a child.
struct StartResult {
  std::optional<Command> command;
  LaunchFailed failure;
};
StartResult StartCommand(const ShimSpec& spec);

// What the child wrote before it gave up; absent if the command was executed.
std::optional<LaunchFailed> ReadFailure(const ShimSpec& spec, int failure_fd);

// "exec /no/such: No such file or directory (ENOENT)".
LaunchFailed Failure(const std::string& step, const std::string& doing, int os_error);

// Writes "0" to a cgroup's list of processes: the caller enters it. Returns an errno, 0 if done.
int EnterCgroup(const std::string& entry);

}  // namespace headroom::shim
