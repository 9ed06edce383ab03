#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace headroom::cli {

// The whole command: reads the words after "headroom", runs the verb, prints what went wrong.
// Returns the exit code.
int RunHeadroom(const std::vector<std::string>& words, Surroundings& around);

}  // namespace headroom::cli
