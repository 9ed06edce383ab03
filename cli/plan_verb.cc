#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/job_text.h"
#include "cli/json_read.h"
#include "cli/start_text.h"
#include "cli/table.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

JobDecision DecisionIn(const json& row) {
  return {.verdict = TextAt(row, "verdict"),
          .reason = TextAt(row, "reason"),
          .text = {},
          .position = IntAt(row, "position"),
          .dimension = TextAt(row, "dimension"),
          .token = TextAt(row, "token"),
          .head = IntAt(row, "head")};
}

// Unknown is said with whose end nobody knows.
std::string StartsIn(const json& start) {
  const std::string band = BandText(start);
  const json& waits_for = ArrayAt(start, "waits_for");
  if (waits_for.empty() || !waits_for.front().is_number_integer()) return band;
  return fmt::format("{} (job {}{})", band, waits_for.front().get<int64_t>(),
                     waits_for.size() > 1 ? ", …" : "");
}

Table PlanTable(const json& jobs) {
  Table table{{{"PLACE", Align::kRight, {}},
               {"ID", Align::kRight, {}},
               {"NAME", Align::kLeft, 6, 1},
               {"USER", Align::kLeft, 4, 3},
               {"STARTS IN", Align::kLeft, {}},
               {"RESTS ON", Align::kLeft, {}, 2},
               {"REASON", Align::kLeft, 12}},
              {}};
  for (const json& row : jobs) {
    const JobDecision decision = DecisionIn(row);
    const std::string reason = BriefReason(decision);
    const json& start = ObjectAt(row, "start");
    table.rows.push_back({{fmt::to_string(decision.position.value_or(0))},
                          {fmt::to_string(IntAt(row, "id").value_or(0))},
                          {TextAt(row, "name")},
                          {TextAt(row, "user")},
                          {StartsIn(start)},
                          {RestsOnText(start)},
                          {reason.empty() ? decision.reason : reason}});
  }
  return table;
}

Outcome<int> RunPlan(Context& context, const Args&) {
  const auto plan = context.api.Get("/v1/plan");
  if (!plan) return tl::unexpected<Failure>(plan.error());
  if (context.json()) {
    context.PrintJson(*plan);
    return 0;
  }
  const json& jobs = ArrayAt(*plan, "jobs");
  context.out() << Render(PlanTable(jobs), context.look());
  if (jobs.empty()) context.Say("nothing waits");
  if (const int64_t beyond = IntAt(*plan, "beyond").value_or(0); beyond > 0)
    context.Say(fmt::format("{} more wait behind these; they are not planned", beyond));
  return 0;
}

}  // namespace

const Verb kPlanVerb{
    .name = "plan",
    .operands_text = "",
    .summary = "when the waiting jobs are expected to start",
    .details =
        "Lists what waits in the order of the queue. STARTS IN is a band: in half of the\n"
        "futures that the daemon plays the job starts within the first time, in nine of\n"
        "ten within the second. RESTS ON says how many ends come before it and what is\n"
        "known of them: finished runs of their keys (the least known of them has so many)\n"
        "or durations that were declared. \"unknown\": it waits for jobs of which nobody\n"
        "knows how long they run; give them --duration, or a --name that has a history.\n"
        "REASON is why it waits now.\n\n"
        "examples:\n"
        "  headroom plan\n"
        "  headroom plan --json | jq '.jobs[] | [.id, .start.p90_seconds]'",
    .options = {},
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunPlan,
};

}  // namespace headroom::cli
