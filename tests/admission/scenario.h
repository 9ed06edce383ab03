#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/decide.h"
#include "admission/foresight.h"
#include "base/result.h"

// A case of admission as a file that an operator can read: one instant of a host, a queue, a policy
// and what is expected of each job. tests/data/scenarios/README.md has the format.
namespace headroom::test {

struct ExpectedDecision {
  Decision decision;
  std::optional<std::string> says;  // Explain's text; absent: not compared
};

struct ExpectedHead {
  std::optional<JobId> job;  // absent: no job may be blocked
  std::optional<TimePoint> starts_by;
};

struct Scenario {
  // What waiting jobs with a key point into.
  std::shared_ptr<Foresight> foresight = std::make_shared<Foresight>();
  Policy policy;
  Snapshot snapshot;
  std::vector<WaitingJob> waiting;
  std::vector<ExpectedDecision> expected;  // of every waiting job, in queue order
  std::optional<ExpectedHead> head;        // absent: not compared
  std::optional<Resting> rests_afterwards;
};

// Reads the text strictly: what is unknown, missing or of a wrong type is an error that says where.
Result<Scenario> ParseScenario(std::string_view text);

// What differs from what was expected, in words; empty: nothing.
std::string Differences(const Scenario& scenario, const Decisions& actual);

// Every reason there is.
std::vector<Reason> AllReasons();

}  // namespace headroom::test
