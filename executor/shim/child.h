#pragma once

#include "executor/shim_spec.h"

namespace headroom::shim {

enum class Step : int { kCgroup, kUser, kDirectory, kStdin, kExec, kShim };

// What the child says on its failure pipe when the command cannot be started.
struct ChildFailure {
  Step step;
  int os_error;
};

// The child's side of a start: enters the cgroups that the parent could not put it into, takes the
// pipes as its output, gives up everything of the daemon and of root, and executes the command.
// Never returns.
[[noreturn]] void RunChild(const ShimSpec& spec, bool inside, int output, int errors, int failure);

}  // namespace headroom::shim
