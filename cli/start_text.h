#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "admission/resources.h"
#include "cli/job_text.h"

// What the daemon foretells and what would change it, for people. Everything is read from the
// daemon's JSON; what an older daemon does not say is left out. Pure; threads: any.
namespace headroom::cli {

// "3m 10s to 8m 0s", "now", "unknown", "beyond the plan".
std::string BandText(const nlohmann::json& start);

// "3 ends (5+ runs)", "2 ends (declared)"; empty: nothing ends before it.
std::string RestsOnText(const nlohmann::json& start);

// Lines of a sheet: what is short, when it starts, what would start it at once.
void AddNeeds(const nlohmann::json& needs, Sheet* sheet);
void AddStart(const nlohmann::json& start, Sheet* sheet);
void AddChanges(const nlohmann::json& would_start, Sheet* sheet);

// "job 7 (4.1 GiB, ends in 3m 0s to 8m 0s by 12 runs)".
std::string HolderText(const nlohmann::json& holder, const Axis& axis);

// The dimension that an object names; memory where it names none.
Axis AxisIn(const nlohmann::json& object);

}  // namespace headroom::cli
