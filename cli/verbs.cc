#include <fmt/format.h>

#include <limits>

#include "cli/verb.h"

namespace headroom::cli {
namespace {

const Verb* const kVerbs[] = {&kRunVerb,    &kSubmitVerb,  &kListVerb,    &kShowVerb,
                              &kWhyVerb,    &kExplainVerb, &kPlanVerb,    &kCancelVerb,
                              &kLogsVerb,   &kAdviseVerb,  &kHistoryVerb, &kStatusVerb,
                              &kTopVerb,    &kEventsVerb,  &kPolicyVerb,  &kSimulateVerb,
                              &kWhatIfVerb, &kDoctorVerb,  &kVersionVerb};

}  // namespace

std::span<const Verb* const> Verbs() { return kVerbs; }

Outcome<int64_t> ReadJobId(const std::string& text) {
  const auto id = ParseInt(text, 1, std::numeric_limits<int64_t>::max());
  if (!id) return Refuse(ExitCode::kUsage, fmt::format("not a job's id: {}", text));
  return *id;
}

}  // namespace headroom::cli
