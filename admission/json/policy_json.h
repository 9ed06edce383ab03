#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admission/policy.h"

// Policy <-> JSON text. Strict: an unknown key, a wrong type, a value out of range or thresholds in
// the wrong order are problems, and all of them are reported at once.
namespace headroom {

// Reads a policy as `headroom policy check` and the daemon do. Comments (// and /* */) are allowed;
// missing keys keep their defaults. A syntax error is one problem with pointer "" and line and
// column.
std::variant<Policy, std::vector<PolicyProblem>> ParsePolicy(std::string_view text);

// Reads the file and parses it, and sees that its shadow policy can be loaded too. A file that
// cannot be read is one problem with pointer "".
std::variant<Policy, std::vector<PolicyProblem>> LoadPolicy(const std::string& path);

// The shadow policy of a policy that was read from `path`, if it names one: relative to that file.
// Problems with it have the pointer "/shadow_policy".
std::variant<std::optional<Policy>, std::vector<PolicyProblem>> LoadShadow(const Policy& policy,
                                                                           const std::string& path);

// The policy in full, every key with its value, pretty-printed. Parses back to an equal policy.
std::string PolicyToJson(const Policy& policy);

}  // namespace headroom
