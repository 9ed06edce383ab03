#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/failure.h"
#include "cli/look.h"

namespace headroom::cli {

// The answer of /v1/jobs/ID/why for people: the one reason, what is short and who holds it until
// when, who is ahead, when it is expected to start, what would start it now, what the lines and the
// gate say. Pure.
Outcome<std::string> WhyText(const nlohmann::json& why, const Look& look);

// The answer of a dry run: what would become of the job.
std::string TrialText(const nlohmann::json& trial, const Look& look);

}  // namespace headroom::cli
