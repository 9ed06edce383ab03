#pragma once

#include <string>

#include "cli/verb.h"

// Help texts, made from the table of verbs. Pure.
namespace headroom::cli {

std::string OverviewHelp();
std::string VerbHelp(const Verb& verb);

}  // namespace headroom::cli
