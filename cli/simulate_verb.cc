#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "admission/json/policy_json.h"
#include "base/file.h"
#include "base/units.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/trace_file.h"
#include "cli/verb.h"
#include "simulator/core_scheduler.h"
#include "simulator/report.h"
#include "simulator/study.h"
#include "simulator/tasks.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMostTraceBytes = 1 << 30;
constexpr int64_t kMostSeeds = 10'000, kMostJobs = 1'000'000;
constexpr const char* kAllReferences =
    "none,count:24,naive,declared,memfree,clairvoyant,clairvoyant-peak";

constexpr OptionSpec kSimulateOptions[] = {
    {"trace", "FILE", "tasks as CSV, plain or gzip"},
    {"workload", "NAME", "mixed or tpp, made up; mixed if there is no trace"},
    {"policy", "FILE", "a policy to play; several may be given"},
    {"history", "FILE", "what the policies know before the first job: a trace, plain or gzip"},
    {"reference", "LIST", "what to compare with, or none at all: \"\""},
    {"seeds", "N", "how often it is played, shaken anew; 10 if not given"},
    {"jobs", "N", "jobs of each game; as many as the trace has, else 1000"},
    {"load", "X", "how much more comes than the target drains; 1.3 if not given"},
    {"capacity-memory", "SIZE", "the host; 512GiB if not given"},
    {"capacity-cpus", "N", "64 if not given"},
    {"tick", "TIME", "the step of the clock; 1s if not given"},
    {"report", "FILE", "write a page with pictures (HTML) there as well"},
};

// What was asked for, checked.
struct Study {
  std::vector<sim::Contender> contenders;  // policies first
  std::size_t policies = 0;
  std::vector<sim::Task> tasks;            // empty: made up anew for each seed
  std::vector<sim::KnownAttempt> history;  // what the policies are taught before
  sim::TaskSet task_set = sim::TaskSet::kMixed;
  std::string workload_name;
  std::size_t seeds = 10;
  sim::Arrivals arrivals;
  sim::RunOptions run;
};

template <class T>
Outcome<T> OptionOf(const Args& args, const char* name, Result<T> (*parse)(std::string_view),
                    T otherwise) {
  const auto text = args.Get(name);
  if (!text) return otherwise;
  auto parsed = parse(*text);
  if (!parsed)
    return Refuse(ExitCode::kUsage, fmt::format("--{}: {}", name, parsed.error().message));
  return *parsed;
}

Outcome<double> LoadOf(const Args& args) {
  const std::string text = args.Get("load").value_or("1.3");
  double load = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), load);
  if (error == std::errc() && end == text.data() + text.size() && load >= 0.01 && load <= 100)
    return load;
  return Refuse(ExitCode::kUsage,
                fmt::format("--load {}: expected a number from 0.01 to 100", text));
}

Outcome<sim::RunOptions> ReadHost(const Args& args) {
  const auto memory = OptionOf(args, "capacity-memory", &ParseBytes, 512 * kGiB);
  if (!memory) return tl::unexpected<Failure>(memory.error());
  const auto cpu = OptionOf(args, "capacity-cpus", &ParseCpuMillis, int64_t{64'000});
  if (!cpu) return tl::unexpected<Failure>(cpu.error());
  const auto tick = OptionOf(args, "tick", &ParseDuration, Duration(std::chrono::seconds(1)));
  if (!tick) return tl::unexpected<Failure>(tick.error());
  if (*memory == 0 || *cpu == 0 || *tick == Duration{})
    return Refuse(ExitCode::kUsage,
                  "--capacity-memory, --capacity-cpus, --tick: expected more than 0");
  constexpr int64_t kManyPids = 4'000'000;
  return sim::RunOptions{{*memory, *cpu, kManyPids, {}}, *tick};
}

Status ReadTrace(const std::string& option, const std::string& file, std::vector<sim::Task>& into) {
  const auto text = ReadPlainOrGzip(file, kMostTraceBytes);
  if (!text) return tl::unexpected(text.error());
  auto tasks = sim::ParseTrace(*text);
  if (!tasks) return Within(option + " " + file, tasks.error());
  into = *std::move(tasks);
  return {};
}

Status ReadTasks(const Args& args, Study& study) {
  const auto file = args.Get("trace");
  study.workload_name = args.Get("workload").value_or(file ? *file : "mixed");
  if (!file) {
    if (study.workload_name != "mixed" && study.workload_name != "tpp")
      return Fail(ErrorCode::kInvalid,
                  "--workload " + study.workload_name + ": expected mixed or tpp");
    study.task_set = study.workload_name == "tpp" ? sim::TaskSet::kTpp : sim::TaskSet::kMixed;
    return {};
  }
  if (args.Has("workload"))
    return Fail(ErrorCode::kInvalid, "--trace and --workload: expected one of them");
  return ReadTrace("--trace", *file, study.tasks);
}

Status ReadHistory(const Args& args, Study& study) {
  const auto file = args.Get("history");
  if (!file) return {};
  std::vector<sim::Task> tasks;
  if (Status read = ReadTrace("--history", *file, tasks); !read) return read;
  study.history = sim::TaughtBy(tasks);
  return {};
}

Status ReadPolicies(const Args& args, Study& study) {
  std::vector<std::string> files = args.All("policy");
  if (files.empty()) {
    study.contenders.push_back(
        {"headroom (built-in policy)", [history = study.history](const sim::Workload& workload) {
           return sim::Headroom(workload, Policy{}, history);
         }});
  }
  for (const std::string& file : files) {
    auto loaded = LoadPolicy(file);
    if (const auto* problems = std::get_if<std::vector<PolicyProblem>>(&loaded))
      return Fail(ErrorCode::kInvalid,
                  fmt::format("{}: {}: {}; see: headroom policy check {}", file,
                              problems->front().pointer, problems->front().message, file));
    study.contenders.push_back({file, [policy = std::get<Policy>(loaded),
                                       history = study.history](const sim::Workload& workload) {
                                  return sim::Headroom(workload, policy, history);
                                }});
  }
  study.policies = study.contenders.size();
  return {};
}

Status ReadReferences(const Args& args, Study& study) {
  const std::string list = args.Get("reference").value_or(kAllReferences);
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    const std::string name = list.substr(start, end - start);
    auto contender = sim::ReferenceNamed(name, study.run);
    if (!contender)
      return Fail(ErrorCode::kInvalid,
                  fmt::format("--reference {}: expected some of {}", name, kAllReferences));
    study.contenders.push_back(*std::move(contender));
    start = end + 1;
  }
  return {};
}

Outcome<Study> ReadStudy(const Args& args) {
  Study study;
  auto host = ReadHost(args);
  if (!host) return tl::unexpected<Failure>(host.error());
  study.run = *std::move(host);
  for (const auto read : {&ReadTasks, &ReadHistory, &ReadPolicies, &ReadReferences}) {
    if (Status done = read(args, study); !done)
      return Refuse(ExitCode::kUsage, done.error().message);
  }
  const auto seeds = IntOption(args, "seeds", 1, kMostSeeds);
  if (!seeds) return tl::unexpected<Failure>(seeds.error());
  study.seeds = static_cast<std::size_t>(seeds->value_or(10));
  const auto jobs = IntOption(args, "jobs", 1, kMostJobs);
  if (!jobs) return tl::unexpected<Failure>(jobs.error());
  const auto load = LoadOf(args);
  if (!load) return tl::unexpected<Failure>(load.error());
  study.arrivals.least_load = study.arrivals.most_load = *load;
  study.arrivals.capacity_memory_bytes = study.run.capacity.memory_bytes;
  study.arrivals.capacity_cpu_millis = study.run.capacity.cpu_millis;
  study.arrivals.jobs = static_cast<std::size_t>(jobs->value_or(study.tasks.empty() ? 1000 : 0));
  return study;
}

sim::Workload WorkloadOf(const Study& study, uint64_t seed) {
  if (!study.tasks.empty())
    return sim::MakeWorkload(study.workload_name, study.tasks, study.arrivals, seed);
  constexpr uint64_t kTaskStream = 99;
  const auto tasks =
      sim::MakeTasks(study.task_set, study.run.capacity.memory_bytes, study.run.capacity.cpu_millis,
                     study.arrivals.jobs, sim::Rng(seed, kTaskStream));
  return sim::MakeWorkload(study.workload_name, tasks, study.arrivals, seed);
}

// "a.b" goes to b of the object a; with several seeds the interval stands beside it as b_ci95.
void Put(json& into, std::string_view name, const sim::Estimate& estimate, bool interval) {
  if (const auto dot = name.find('.'); dot != name.npos)
    return Put(into[std::string(name.substr(0, dot))], name.substr(dot + 1), estimate, interval);
  into[std::string(name)] = estimate.mean;
  if (interval) into[fmt::format("{}_ci95", name)] = estimate.ci95;
}

json ResultsJson(const std::vector<sim::Standing>& standings) {
  json results = json::array();
  for (const sim::Standing& standing : standings) {
    json result{{"policy", standing.policy}, {"seeds", standing.runs.size()}};
    for (const sim::Figure& figure : sim::Figures())
      Put(result, figure.name, sim::EstimateOf(standing, figure), standing.runs.size() > 1);
    results.push_back(std::move(result));
  }
  return json{{"results", std::move(results)}};
}

Table ResultsTable(const std::vector<sim::Standing>& standings) {
  struct Shown {
    const char* title;
    const char* figure;
    const char* form;
    double scale;
  };
  constexpr Shown kShown[] = {
      {"FINISHED", "finished", "{:.0f}", 1},
      {"OOM", "oom_kills", "{:.1f}", 1},
      {"OVER s", "over_capacity_seconds", "{:.1f}", 1},
      {"MAKESPAN s", "makespan_seconds", "{:.0f}", 1},
      {"WAIT s", "mean_wait_seconds", "{:.0f}", 1},
      {"p99 WAIT s", "p99_wait_seconds", "{:.0f}", 1},
      {"MEMORY %", "mean_utilization_while_waiting.memory", "{:.1f}", 100},
      {"CPU %", "mean_utilization_while_waiting.cpu", "{:.1f}", 100},
      {"WARM %", "mean_utilization_while_waiting_warm.memory", "{:.1f}", 100},
      {"PEAK %", "peak_utilization.memory", "{:.0f}", 100},
  };
  Table table;
  table.columns.push_back({"POLICY", Align::kLeft, 12});
  for (const Shown& shown : kShown) table.columns.push_back({shown.title, Align::kRight, {}});
  for (const sim::Standing& standing : standings) {
    std::vector<Cell> row{{standing.policy}};
    for (const Shown& shown : kShown) {
      for (const sim::Figure& figure : sim::Figures()) {
        if (figure.name != shown.figure) continue;
        row.push_back({fmt::format(fmt::runtime(shown.form),
                                   shown.scale * sim::EstimateOf(standing, figure).mean)});
      }
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

// A word as a shell takes it.
std::string Quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,%+=";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string CommandOf(const Args& args) {
  std::string command = "headroom simulate";
  for (const OptionSpec& option : kSimulateOptions) {
    for (const std::string& value : args.All(option.name))
      command += fmt::format(" --{} {}", option.name, Quoted(value));
  }
  return command;
}

Status WriteReport(const std::string& file, const Args& args, const Study& study,
                   std::vector<sim::Standing> standings) {
  const ResourceVector& host = study.run.capacity;
  sim::Report report{
      study.workload_name,
      fmt::format("{} memory and {}", FormatAmount(host.memory_bytes, {Dimension::kMemory, {}}),
                  FormatAmount(host.cpu_millis, {Dimension::kCpu, {}})),
      CommandOf(args), std::move(standings), study.policies};
  constexpr unsigned kForAll = 0644;
  return WriteFileDurably(file, sim::ReportPage(report), kForAll);
}

Outcome<int> RunSimulate(Context& context, const Args& args) {
  const auto study = ReadStudy(args);
  if (!study) return tl::unexpected<Failure>(study.error());
  const auto standings = sim::Play(
      study->contenders, [&](uint64_t seed) { return WorkloadOf(*study, seed); }, study->seeds,
      study->run);
  if (context.json()) {
    context.PrintJson(ResultsJson(standings));
  } else {
    context.out() << Render(ResultsTable(standings), context.look());
  }
  if (const auto file = args.Get("report")) {
    if (Status written = WriteReport(*file, args, *study, standings); !written)
      return Refuse(ExitCode::kFailed, "--report: " + written.error().message);
  }
  return 0;
}

}  // namespace

const Verb kSimulateVerb{
    .name = "simulate",
    .operands_text = "",
    .summary = "play a workload under policies, and beside what others would do",
    .details =
        "Plays the daemon's own decisions on a virtual clock. Jobs come in shaken bursts\n"
        "of 30 to 90 (a trace with a column submit_seconds: as recorded), grow in some\n"
        "modelled way, and are killed where the host has no more memory. Utilisation is\n"
        "what is truly used while jobs wait; WARM is after a third of the jobs. Needs no\n"
        "daemon.\n\n"
        "references:\n"
        "  none              no limit\n"
        "  count:N           at most N, as MAX_WORKERS\n"
        "  naive             start while use is below 60 %\n"
        "  declared          reserve a limit that all jobs declare alike\n"
        "  memfree           one at a time while 10 % of the memory are free\n"
        "  clairvoyant       the future known: at most 60 % at every instant\n"
        "  clairvoyant-peak  the same with 90 %\n\n"
        "examples:\n"
        "  headroom simulate --workload tpp --seeds 20 --report tpp.html\n"
        "  headroom simulate --trace today.csv --history yesterday.csv\n"
        "  headroom simulate --trace t.csv.gz --policy new.json --reference count:24",
    .options = kSimulateOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunSimulate,
};

}  // namespace headroom::cli
