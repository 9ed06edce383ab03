#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "tests/admission/scenario.h"

namespace headroom::test {
namespace {

// "wait (over_target), short of memory: needs 3.0 GiB, 2.0 GiB available" and what Explain says.
std::string InWords(const Decision& decision, const Scenario& scenario) {
  std::string text = fmt::format("job {}: {} ({})", decision.job.value, ToString(decision.verdict),
                                 ToString(decision.reason));
  if (const auto& axis = decision.axis) {
    text +=
        fmt::format(", short of {}: needs {}, {} available", ToString(axis->dimension),
                    FormatAmount(decision.needed, *axis), FormatAmount(decision.available, *axis));
  } else if (decision.needed != 0 || decision.available != 0) {
    text += fmt::format(": needs {}, {} available", decision.needed, decision.available);
  }
  if (decision.head) text += fmt::format(", behind job {}", decision.head->value);
  return text +
         fmt::format("\n            \"{}\"", Explain(decision, scenario.snapshot, scenario.policy));
}

// An expectation may be impossible, so that Explain has nothing to speak about.
std::string ExpectationInWords(const Decision& expected, const Scenario& scenario) {
  const bool names_amounts =
      expected.reason == Reason::kOverTarget || expected.reason == Reason::kOverCeiling ||
      expected.reason == Reason::kResting || expected.reason == Reason::kNeverFits;
  const bool can_explain = (!names_amounts || expected.axis) && scenario.snapshot.host;
  if (can_explain) return InWords(expected, scenario);
  return fmt::format("job {}: {} ({})", expected.job.value, ToString(expected.verdict),
                     ToString(expected.reason));
}

std::string Compare(const ExpectedDecision& expected, const Decision& actual,
                    const Scenario& scenario) {
  if (expected.decision != actual) {
    return fmt::format("  expected: {}\n  actual:   {}\n",
                       ExpectationInWords(expected.decision, scenario), InWords(actual, scenario));
  }
  const std::string text = Explain(actual, scenario.snapshot, scenario.policy);
  if (!expected.says || *expected.says == text) return {};
  return fmt::format("  job {} should say: \"{}\"\n  but says:        \"{}\"\n", actual.job.value,
                     *expected.says, text);
}

std::string InWords(const std::optional<JobId>& job, const std::optional<TimePoint>& starts_by,
                    TimePoint now) {
  if (!job) return "no job is blocked";
  return fmt::format(
      "job {} is the blocked head and starts {}", job->value,
      starts_by ? "within " + FormatDuration(*starts_by - now) : "nobody knows when");
}

std::string CompareHead(const Scenario& scenario, const Decisions& actual) {
  if (!scenario.head) return {};
  const auto& reservation = actual.head;
  const TimePoint now = scenario.snapshot.now;
  const std::string expected = InWords(scenario.head->job, scenario.head->starts_by, now);
  const std::string found = InWords(reservation ? std::optional(reservation->job) : std::nullopt,
                                    reservation ? reservation->starts_by : std::nullopt, now);
  if (expected == found) return {};
  return fmt::format("  expected: {}\n  actual:   {}\n", expected, found);
}

std::string InWords(const Resting& resting) {
  return fmt::format("memory {}, cpu {}, pids {}", resting.memory ? "rests" : "goes on",
                     resting.cpu ? "rests" : "goes on", resting.pids ? "rests" : "goes on");
}

std::string CompareResting(const Scenario& scenario, const Decisions& actual) {
  if (!scenario.rests_afterwards || *scenario.rests_afterwards == actual.resting) return {};
  return fmt::format("  expected afterwards: {}\n  actual:              {}\n",
                     InWords(*scenario.rests_afterwards), InWords(actual.resting));
}

}  // namespace

std::string Differences(const Scenario& scenario, const Decisions& actual) {
  std::string text;
  const auto& expected = scenario.expected;
  const std::size_t both = std::min(expected.size(), actual.jobs.size());
  for (std::size_t i = 0; i < both; ++i) text += Compare(expected[i], actual.jobs[i], scenario);
  for (std::size_t i = both; i < expected.size(); ++i) {
    text += fmt::format("  expected: {}\n  actual:   no such job\n",
                        ExpectationInWords(expected[i].decision, scenario));
  }
  for (std::size_t i = both; i < actual.jobs.size(); ++i) {
    text += fmt::format("  expected: nothing\n  actual:   {}\n", InWords(actual.jobs[i], scenario));
  }
  return text + CompareHead(scenario, actual) + CompareResting(scenario, actual);
}

}  // namespace headroom::test
