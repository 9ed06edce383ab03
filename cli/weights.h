#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// job-runner's job-resource-weights_BACKEND.ini: of which jobs its operators say that they count
// for several workers. Pure; threads: any.
namespace headroom::cli {

struct Weight {
  std::string workspace;  // "default": of all, and `pattern` is matched with the command
  std::string pattern;    // a regular expression (Python's) that must match the whole action
  double weight = 1;

  bool operator==(const Weight&) const = default;
};

// In the order of the file: the first that matches counts. The error names the line.
Result<std::vector<Weight>> ParseWeights(std::string_view ini);

}  // namespace headroom::cli
