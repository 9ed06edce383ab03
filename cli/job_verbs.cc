#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "admission/json/nearest_name.h"
#include "cli/job_text.h"
#include "cli/json_read.h"
#include "cli/option_names.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "cli/why_text.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

// In the order in which people read them: what runs, then what is next.
constexpr const char* kUnfinished[] = {"running", "stopping", "starting", "waiting"};
constexpr std::size_t kMostJobs = 100000;

constexpr OptionSpec kListOptions[] = {
    {"state", "STATE", "only these: waiting, starting, running, stopping, finished"},
    {"source", "NAME", "only what this source handed over"},
    {"user", "USER", "only this user's"},
    {"all", nullptr, "finished ones too, newest first"},
    {"limit", "N", "at most so many"},
};

constexpr OptionName kListOptionNames[] = {
    {"?state", "state"}, {"?source", "source"}, {"?user", "user"}};

Outcome<void> CheckState(const std::string& state) {
  std::vector<std::string_view> known(std::begin(kUnfinished), std::end(kUnfinished));
  known.emplace_back("finished");
  if (std::ranges::find(known, state) != known.end()) return {};
  return Refuse(ExitCode::kUsage,
                fmt::format("--state: no such state: {}{}", state, NearestName(state, known)));
}

std::string FilterQuery(const Args& args) {
  std::string query;
  for (const char* name : {"source", "user"}) {
    if (const auto value = args.Get(name))
      query += fmt::format("&{}={}", name, PercentEncode(*value));
  }
  return query;
}

// Waiting jobs come in the order of the queue; those not decided yet last.
void SortWaiting(std::vector<json>* jobs) {
  const auto place = [](const json& job) {
    return IntAt(ObjectAt(job, "decision"), "position").value_or(INT64_MAX);
  };
  std::ranges::stable_sort(*jobs, {}, place);
}

Outcome<std::vector<json>> ListInState(Context& context, const std::string& state,
                                       const std::string& filter, std::size_t limit) {
  const std::string order = state == "finished" ? "&order=newest" : "";
  auto jobs = context.api.ListJobs("state=" + state + filter + order, limit);
  if (jobs && state == "waiting") SortWaiting(&*jobs);
  return jobs;
}

Outcome<std::vector<json>> ListUnfinished(Context& context, const std::string& filter,
                                          std::size_t limit) {
  std::vector<json> all;
  for (const char* state : kUnfinished) {
    const auto jobs = ListInState(context, state, filter, limit - all.size());
    if (!jobs) return jobs;
    all.insert(all.end(), jobs->begin(), jobs->end());
  }
  return all;
}

Outcome<std::vector<json>> FindJobs(Context& context, const Args& args, std::size_t limit) {
  const std::string filter = FilterQuery(args);
  if (const auto state = args.Get("state")) {
    if (auto known = CheckState(*state); !known) return tl::unexpected<Failure>(known.error());
    return ListInState(context, *state, filter, limit);
  }
  if (args.Has("all")) return context.api.ListJobs("order=newest" + filter, limit);
  return ListUnfinished(context, filter, limit);
}

Outcome<int> RunList(Context& context, const Args& args) {
  const auto limit = IntOption(args, "limit", 1, int64_t{kMostJobs});
  if (!limit) return tl::unexpected<Failure>(limit.error());
  const auto most = static_cast<std::size_t>(limit->value_or(kMostJobs));
  const auto found = FindJobs(context, args, most);
  if (!found)
    return tl::unexpected<Failure>(InOptions(found.error(), kListOptionNames, args, "list"));
  const json answer{{"jobs", *found}};
  if (context.json()) {
    context.PrintJson(answer);
    return 0;
  }
  const auto jobs = ReadJobs(answer, "list");
  if (!jobs) return tl::unexpected<Failure>(jobs.error());
  context.out() << Render(JobsTable(*jobs, context.now()), context.look());
  if (jobs->empty() && !args.Has("all") && !args.Has("state"))
    context.Say("nothing waits or runs; --all shows finished jobs");
  return 0;
}

Outcome<int> RunShow(Context& context, const Args& args) {
  const auto id = ReadJobId(args.operands.front());
  if (!id) return tl::unexpected<Failure>(id.error());
  const auto answer = context.api.Get(fmt::format("/v1/jobs/{}", *id));
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (context.json()) {
    context.PrintJson(*answer);
    return 0;
  }
  const auto job = ReadJob(*answer, "show");
  if (!job) return tl::unexpected<Failure>(job.error());
  context.out() << JobText(*job, context.now(), context.look());
  return 0;
}

Outcome<int> RunWhy(Context& context, const Args& args) {
  const auto id = ReadJobId(args.operands.front());
  if (!id) return tl::unexpected<Failure>(id.error());
  const auto answer = context.api.Get(fmt::format("/v1/jobs/{}/why", *id));
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (context.json()) {
    context.PrintJson(*answer);
    return 0;
  }
  const auto text = WhyText(*answer, context.look());
  if (!text) return tl::unexpected<Failure>(text.error());
  context.out() << *text;
  return 0;
}

// All ids, or the first text that is none: nothing is cancelled of a list with a slip in it.
Outcome<std::vector<int64_t>> ReadJobIds(const std::vector<std::string>& texts) {
  std::vector<int64_t> ids;
  for (const std::string& text : texts) {
    const auto id = ReadJobId(text);
    if (!id) return tl::unexpected<Failure>(id.error());
    ids.push_back(*id);
  }
  return ids;
}

// A running job is not finished at once, so one that is finished and has run had ended before.
std::string CancelText(const Job& job) {
  if (!job.finished()) return job.state;
  const bool now = job.outcome == "cancelled" && job.attempt == 0;
  return now ? job.outcome : fmt::format("had already ended ({})", OutcomeText(job));
}

// Every job is tried as long as a daemon answers; the first failure makes the exit code. A job that
// had ended is none: it does not run, as was asked for.
Outcome<int> RunCancel(Context& context, const Args& args) {
  const auto ids = ReadJobIds(args.operands);
  if (!ids) return tl::unexpected<Failure>(ids.error());
  json cancelled = json::array();
  ExitCode exit = ExitCode::kOk;
  for (const int64_t id : *ids) {
    auto answer = context.api.Post(fmt::format("/v1/jobs/{}/cancel", id), json::object());
    if (!answer) {
      context.err() << FailureText(answer.error());
      if (exit == ExitCode::kOk) exit = answer.error().exit;
      if (context.api.connection_failed()) break;  // nor would it answer for the others
      continue;
    }
    if (!context.json()) {
      const auto job = ReadJob(*answer, "cancel");
      if (!job) return tl::unexpected<Failure>(job.error());
      context.out() << fmt::format("job {}: {}\n", job->id, Escape(CancelText(*job)));
    }
    cancelled.push_back(std::move(*answer));
  }
  if (context.json()) context.PrintJson({{"jobs", std::move(cancelled)}});
  return static_cast<int>(exit);
}

}  // namespace

const Verb kListVerb{
    .name = "list",
    .operands_text = "",
    .summary = "list the jobs that run and wait",
    .details =
        "Lists what runs, then what waits in the order of the queue. REQUEST is what a\n"
        "job is expected to use (memory, cores, tokens), OBSERVED what it uses now,\n"
        "WAIT/RUN how long it has waited or run, REASON why it waits or how it ended. On\n"
        "a narrow terminal USER goes first, then OBSERVED, REQUEST, WAIT/RUN and NAME;\n"
        "REASON becomes shorter and `headroom why ID` has all of it.\n\n"
        "examples:\n"
        "  headroom list --user alice\n"
        "  headroom list --all --limit 20\n"
        "  headroom list --json | jq '.jobs[] | select(.priority > 0) | .id'",
    .options = kListOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunList,
};

const Verb kShowVerb{
    .name = "show",
    .operands_text = "ID",
    .summary = "show everything about one job",
    .details =
        "Shows a job: command, request and where it came from, times, use, end.\n\n"
        "examples:\n"
        "  headroom show 42\n"
        "  headroom show 42 --json | jq .outcome",
    .options = {},
    .operands = Operands::kAnywhere,
    .least_operands = 1,
    .most_operands = 1,
    .run = &RunShow,
};

const Verb kWhyVerb{
    .name = "why",
    .operands_text = "ID",
    .summary = "explain why a job waits",
    .details =
        "Says which rule holds the job back, what it needs and what is available, who\n"
        "holds the rest, who is ahead, and what the gate and the lines say.\n\n"
        "examples:\n"
        "  headroom why 42",
    .options = {},
    .operands = Operands::kAnywhere,
    .least_operands = 1,
    .most_operands = 1,
    .run = &RunWhy,
};

const Verb kCancelVerb{
    .name = "cancel",
    .operands_text = "ID...",
    .summary = "cancel jobs, waiting or running",
    .details =
        "A waiting job leaves the queue; of a running one every process is killed.\n"
        "A job that had already ended stays as it is, which is said and is no failure.\n"
        "Every id is looked at before anything is cancelled.\n\n"
        "exit code: 0 when none of them goes on; else that of the first that could not be\n"
        "cancelled, after all the others were.\n\n"
        "examples:\n"
        "  headroom cancel 42 43\n"
        "  headroom list --user alice --json | jq .jobs[].id | xargs headroom cancel",
    .options = {},
    .operands = Operands::kAnywhere,
    .least_operands = 1,
    .most_operands = kAnyNumber,
    .run = &RunCancel,
};

}  // namespace headroom::cli
