#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/failure.h"
#include "cli/look.h"

namespace headroom::cli {

// The answer of /v1/jobs/ID/why for people: the one reason, who holds what is missing, who is
// ahead, what the lines and the gate say. Pure.
Outcome<std::string> WhyText(const nlohmann::json& why, const Look& look);

}  // namespace headroom::cli
