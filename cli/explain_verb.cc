#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/decision_stream.h"
#include "cli/json_read.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "record/replay.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr OptionSpec kExplainOptions[] = {
    {"at", "TIME", "2026-11-24T18:00:00Z, or 10m: so long ago"},
};

// With or without the part of the second; without it, its end.
std::optional<WallTime> InstantOf(std::string text) {
  if (text.ends_with('Z') && text.find('.') == text.npos) text.replace(text.size() - 1, 1, ".999Z");
  return ParseWallTime(text);
}

Outcome<WallTime> ReadInstant(const Context& context, const Args& args) {
  const auto text = args.Get("at");
  if (!text) return Refuse(ExitCode::kUsage, "explain needs --at TIME");
  if (const auto instant = InstantOf(*text)) return *instant;
  const auto ago = ParseDuration(*text);
  if (!ago)
    return Refuse(
        ExitCode::kUsage,
        fmt::format("--at {}: expected 2026-11-24T18:00:00Z, or a time ago like 10m", *text));
  const WallTime at = context.now() - std::chrono::duration_cast<WallTime::duration>(*ago);
  return std::max(at, WallTime());
}

// The decisions of a cycle, of one job or of all.
std::vector<const Decision*> DecisionsOf(const record::Played& cycle, std::optional<JobId> job) {
  std::vector<const Decision*> decisions;
  for (const Decision& decision : cycle.decisions.jobs) {
    if (!job || decision.job == *job) decisions.push_back(&decision);
  }
  return decisions;
}

json ToJson(const record::Played& cycle, const std::vector<const Decision*>& decisions,
            const Policy& policy) {
  json list = json::array();
  for (const Decision* decision : decisions) {
    list.push_back({{"id", decision->job.value},
                    {"verdict", ToString(decision->verdict)},
                    {"reason", ToString(decision->reason)},
                    {"text", Explain(*decision, cycle.snapshot, policy)}});
  }
  return {{"at", FormatWallTime(cycle.at)},
          {"policy_generation", cycle.generation},
          {"running", cycle.snapshot.running.size()},
          {"decisions", std::move(list)}};
}

std::string NotDecided(const record::Played& cycle, std::optional<JobId> job) {
  if (!job) return "no job waited\n";
  const bool ran = std::ranges::find(cycle.snapshot.running, *job, &RunningJob::id) !=
                   cycle.snapshot.running.end();
  const bool held_back = std::ranges::find(cycle.held_back, *job) != cycle.held_back.end();
  return fmt::format("job {} {}\n", job->value,
                     ran         ? "ran"
                     : held_back ? "waited to be tried again, because it could not be started"
                                 : "neither waited nor ran");
}

std::string ToText(const record::Played& cycle, const std::vector<const Decision*>& decisions,
                   const Policy& policy, std::optional<JobId> job) {
  std::string text =
      fmt::format("{}: running jobs {}, policy generation {}\n", FormatWallTime(cycle.at),
                  cycle.snapshot.running.size(), cycle.generation);
  for (const Decision* decision : decisions)
    text += fmt::format("job {}: {}\n", decision->job.value,
                        Escape(Explain(*decision, cycle.snapshot, policy)));
  return decisions.empty() ? text + NotDecided(cycle, job) : text;
}

Outcome<int> RunExplain(Context& context, const Args& args) {
  const auto at = ReadInstant(context, args);
  if (!at) return tl::unexpected<Failure>(at.error());
  std::optional<JobId> job;
  if (!args.operands.empty()) {
    const auto id = ReadJobId(args.operands.front());
    if (!id) return tl::unexpected<Failure>(id.error());
    job = JobId{*id};
  }
  const auto bytes = FetchDecisions(context.api, *at, *at);
  if (!bytes) return tl::unexpected<Failure>(bytes.error());
  record::Replay replay;
  const auto cycle = record::PlayUntil(*bytes, *at, replay);
  if (!cycle) return Refuse(ExitCode::kFailed, "decision log: " + cycle.error().message);
  const auto decisions = DecisionsOf(*cycle, job);
  if (context.json())
    context.PrintJson(ToJson(*cycle, decisions, replay.policy()));
  else
    context.out() << ToText(*cycle, decisions, replay.policy(), job);
  return 0;
}

}  // namespace

const Verb kExplainVerb{
    .name = "explain",
    .operands_text = "[ID]",
    .summary = "explain what was decided at an instant",
    .details =
        "Makes the decisions of the last cycle before an instant again, from the log of\n"
        "what they were made from, and says why: of one job, or of all that waited. The\n"
        "log goes back as far as retention.decisions in the policy says. Administrators\n"
        "only.\n\n"
        "examples:\n"
        "  headroom explain --at 10m 42\n"
        "  headroom explain --at 2026-11-24T18:00:00Z",
    .options = kExplainOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 1,
    .run = &RunExplain,
};

}  // namespace headroom::cli
