#pragma once

#include "executor/exit_record.h"
#include "executor/shim_spec.h"

namespace headroom::shim {

// Runs the command of an attempt from its start until its cgroup is empty, and says how it ended.
// Waits as long as that takes: a process that cannot die keeps its attempt alive (F17).
ExitRecord Supervise(const ShimSpec& spec);

}  // namespace headroom::shim
