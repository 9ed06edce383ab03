#pragma once

#include <functional>
#include <string>

#include "base/cgroup_layout.h"

namespace headroom::bench {

// Says why, and ends the program.
[[noreturn]] void Die(const std::string& message);

// Runs `body` in a child process, which may make cgroups under the root of the given layout. They
// are removed however the child ends, also by Ctrl-C. Returns this program's exit status.
int WithOwnCgroups(const std::function<void(const CgroupLayout&)>& body);

}  // namespace headroom::bench
