#pragma once

#include <string>
#include <vector>

#include "cli/doctor_facts.h"
#include "cli/look.h"

// What the facts about a host are worth to the daemon, and what to do about them. Pure.
namespace headroom::cli {

enum class CheckState {
  kOk,
  kWeaker,   // works, with less than it could have
  kUnknown,  // this user may not find out
  kMissing,  // the daemon cannot do its work like this
};

const char* ToString(CheckState state);  // "ok", "weaker", "unknown", "missing"

struct Check {
  std::string name;
  CheckState state = CheckState::kOk;
  std::string found;
  std::string advice;  // what to do; empty where there is nothing to do

  bool operator==(const Check&) const = default;
};

// One check of every kind, always in the same order.
std::vector<Check> Judge(const HostFacts& facts);

bool AllThere(const std::vector<Check>& checks);  // nothing is missing

std::string ChecksText(const std::vector<Check>& checks, const Look& look);

}  // namespace headroom::cli
