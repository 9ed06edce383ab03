#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "admission/json/policy_json.h"
#include "base/units.h"
#include "cli/decision_stream.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "record/frame.h"
#include "simulator/core_scheduler.h"
#include "simulator/recorded.h"
#include "simulator/run.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr OptionSpec kWhatIfOptions[] = {
    {"policy", "FILE", "the policy to try"},
    {"last", "TIME", "jobs submitted in this time; 7d if not given"},
    {"tick", "TIME", "the step of the clock; 1s if not given"},
};

// One number of a run, as it is shown and as it is called in JSON.
struct Figure {
  const char* text;
  const char* name;
  const char* form;
  double (*of)(const sim::RunResult&);
};

using Run = const sim::RunResult&;
constexpr Figure kFigures[] = {
    {"finished", "finished", "{:.0f}", [](Run r) { return static_cast<double>(r.finished); }},
    {"refused", "rejected", "{:.0f}", [](Run r) { return static_cast<double>(r.rejected); }},
    {"killed, out of memory", "oom_kills", "{:.0f}",
     [](Run r) { return static_cast<double>(r.oom_kills); }},
    {"over capacity, s", "over_capacity_seconds", "{:.0f}",
     [](Run r) { return r.over_capacity_seconds; }},
    {"peak of memory, %", "peak_memory_percent", "{:.0f}",
     [](Run r) { return 100 * r.peak_utilization.memory; }},
    {"mean wait, s", "mean_wait_seconds", "{:.1f}", [](Run r) { return r.mean_wait_seconds; }},
    {"p99 wait, s", "p99_wait_seconds", "{:.1f}", [](Run r) { return r.p99_wait_seconds; }},
    {"p99 wait of the largest, s", "largest_job_p99_wait_seconds", "{:.1f}",
     [](Run r) { return r.largest_job_p99_wait_seconds; }},
    {"makespan, s", "makespan_seconds", "{:.0f}", [](Run r) { return r.makespan_seconds; }},
    {"memory while jobs wait, %", "memory_while_waiting_percent", "{:.1f}",
     [](Run r) { return 100 * r.mean_utilization_while_waiting.memory; }},
    {"CPU while jobs wait, %", "cpu_while_waiting_percent", "{:.1f}",
     [](Run r) { return 100 * r.mean_utilization_while_waiting.cpu; }},
};

Outcome<Policy> ReadNewPolicy(const Args& args) {
  const auto file = args.Get("policy");
  if (!file) return Refuse(ExitCode::kUsage, "what-if needs --policy FILE");
  auto loaded = LoadPolicy(*file);
  if (const auto* problems = std::get_if<std::vector<PolicyProblem>>(&loaded))
    return Refuse(ExitCode::kUsage, fmt::format("{}: {}", *file, Located(problems->front())),
                  fmt::format("headroom policy check {}", *file));
  return std::get<Policy>(std::move(loaded));
}

Outcome<Duration> TimeOption(const Args& args, const char* name, const char* otherwise) {
  const std::string text = args.Get(name).value_or(otherwise);
  const auto time = ParseDuration(text);
  if (!time) return Refuse(ExitCode::kUsage, fmt::format("--{}: {}", name, time.error().message));
  if (*time == Duration{})
    return Refuse(ExitCode::kUsage, fmt::format("--{} {}: expected more than 0", name, text));
  return *time;
}

Outcome<sim::RecordedDays> FetchDays(Context& context, Duration last) {
  const WallTime now = context.now();
  const WallTime since =
      std::max(now - std::chrono::duration_cast<WallTime::duration>(last), WallTime());
  const auto bytes = FetchDecisions(context.api, since, now);
  if (!bytes) return tl::unexpected<Failure>(bytes.error());
  sim::Recording recording(since);
  std::string_view left = *bytes;
  while (!left.empty()) {
    const auto taken =
        record::TakeFrame(left).and_then([&](const record::Frame& frame) -> Result<bool> {
          return recording.Take(frame).map([] { return true; });
        });
    if (!taken) return Refuse(ExitCode::kFailed, "decision log: " + taken.error().message);
  }
  auto days = recording.Finish();
  if (!days) return Refuse(ExitCode::kFailed, "decision log: " + days.error().message);
  if (days->workload.jobs.empty())
    return Refuse(
        ExitCode::kFailed,
        fmt::format("no job came and ended between {} and {}, as far as the log goes back",
                    FormatWallTime(days->begins), FormatWallTime(days->ends)));
  return *std::move(days);
}

// What others used is as good as reserved for them.
Policy WithUnmanaged(Policy policy, const ResourceVector& unmanaged) {
  policy.reserve_memory_bytes += unmanaged.memory_bytes;
  policy.reserve_cpu_millis += unmanaged.cpu_millis;
  return policy;
}

sim::RunResult Play(const sim::RecordedDays& days, const Policy& policy, Duration tick) {
  const Policy played = WithUnmanaged(policy, days.unmanaged);
  const auto scheduler = sim::Headroom(days.workload, played, days.history);
  return sim::Simulate(days.workload, *scheduler, {days.capacity, tick});
}

json ToJson(Run result) {
  json figures{{"jobs", result.jobs}};
  for (const Figure& figure : kFigures) figures[figure.name] = figure.of(result);
  return figures;
}

json ToJson(const sim::RecordedDays& days, Run current, Run changed) {
  return {{"begins", FormatWallTime(days.begins)},
          {"ends", FormatWallTime(days.ends)},
          {"recorded_mean_wait_seconds", days.mean_wait_seconds},
          {"left_out",
           {{"ran_before", days.ran_before},
            {"not_ended", days.not_ended},
            {"never_ran", days.never_ran}}},
          {"current", ToJson(current)},
          {"new", ToJson(changed)}};
}

std::string ChangeText(double before, double after) {
  if (before == after) return "=";
  if (before == 0) return "new";
  return fmt::format("{:+.0f}%", 100 * (after - before) / before);
}

Table Compared(Run current, Run changed) {
  Table table;
  table.columns = {{"", Align::kLeft, {}},
                   {"CURRENT", Align::kRight, {}},
                   {"NEW", Align::kRight, {}},
                   {"CHANGE", Align::kRight, {}}};
  for (const Figure& figure : kFigures) {
    const double before = figure.of(current), after = figure.of(changed);
    table.rows.push_back({{figure.text},
                          {fmt::format(fmt::runtime(figure.form), before)},
                          {fmt::format(fmt::runtime(figure.form), after)},
                          {ChangeText(before, after)}});
  }
  return table;
}

std::string HeadOf(const sim::RecordedDays& days) {
  std::string text = fmt::format("{} jobs from {} to {}; as it was, they waited {:.1f} s\n",
                                 days.workload.jobs.size(), FormatWallTime(days.begins),
                                 FormatWallTime(days.ends), days.mean_wait_seconds);
  if (days.ran_before + days.not_ended + days.never_ran > 0)
    text +=
        fmt::format("left out: {} were there before, {} have not ended, {} were not seen to run\n",
                    days.ran_before, days.not_ended, days.never_ran);
  return text;
}

Outcome<int> RunWhatIf(Context& context, const Args& args) {
  const auto changed = ReadNewPolicy(args);
  if (!changed) return tl::unexpected<Failure>(changed.error());
  const auto last = TimeOption(args, "last", "7d"), tick = TimeOption(args, "tick", "1s");
  if (!last) return tl::unexpected<Failure>(last.error());
  if (!tick) return tl::unexpected<Failure>(tick.error());
  const auto days = FetchDays(context, *last);
  if (!days) return tl::unexpected<Failure>(days.error());
  const sim::RunResult before = Play(*days, days->policy, *tick);
  const sim::RunResult after = Play(*days, *changed, *tick);
  if (context.json())
    context.PrintJson(ToJson(*days, before, after));
  else
    context.out() << HeadOf(*days) << Render(Compared(before, after), context.look());
  return 0;
}

}  // namespace

const Verb kWhatIfVerb{
    .name = "what-if",
    .operands_text = "",
    .summary = "play the jobs of the last days under another policy",
    .details =
        "Takes the jobs that came and ended from the daemon's own log, as they came, grew\n"
        "and ran, and plays them on a virtual clock with the daemon's own decisions, once\n"
        "under the policy in force and once under the new one. How far the first column\n"
        "is from what was is how far to trust the second. Administrators only.\n\n"
        "examples:\n"
        "  headroom what-if --policy new.json --last 7d",
    .options = kWhatIfOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunWhatIf,
};

}  // namespace headroom::cli
