#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "admission/past.h"
#include "base/units.h"
#include "cli/history_rows.h"
#include "cli/json_read.h"
#include "cli/metrics_file.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/trace_file.h"
#include "cli/verb.h"
#include "cli/weights.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 1 << 28;   // unpacked
constexpr std::size_t kMostRows = 2'000'000;  // of metrics.sqlite
constexpr std::size_t kBatch = 500;

constexpr OptionSpec kOptions[] = {
    {"format", "NAME", "csv, metrics or weights; by the file's name if not given"},
    {"jobs", "FILE", "metrics: which workspace and action each job was, as CSV"},
    {"tenant", "NAME", "csv: whose they were; nobody's if not given"},
    {"dry-run", nullptr, "show what would be sent, and send nothing"},
};

tl::unexpected<Failure> Refused(const std::string& file, const Error& error) {
  return Refuse(ExitCode::kUsage, fmt::format("{}: {}", file, error.message));
}

enum class FileKind { kCsv, kMetrics, kWeights };

Outcome<FileKind> KindOf(const Args& args, const std::string& file) {
  const std::string name = args.Get("format").value_or("");
  if (name == "csv") return FileKind::kCsv;
  if (name == "metrics") return FileKind::kMetrics;
  if (name == "weights") return FileKind::kWeights;
  if (!name.empty())
    return Refuse(ExitCode::kUsage,
                  fmt::format("--format {}: expected csv, metrics or weights", name));
  if (file.ends_with(".csv") || file.ends_with(".csv.gz")) return FileKind::kCsv;
  if (file.ends_with(".sqlite")) return FileKind::kMetrics;
  if (file.ends_with(".ini")) return FileKind::kWeights;
  return Refuse(ExitCode::kUsage,
                fmt::format("{}: its name does not say what it is: --format csv, metrics or "
                            "weights",
                            file));
}

Outcome<HistoryRows> ReadTraceRows(const Args& args, const std::string& file) {
  const auto text = ReadPlainOrGzip(file, kMostBytes);
  if (!text) return Refuse(ExitCode::kUsage, text.error().message);
  auto rows = RowsOfTrace(*text, args.Get("tenant").value_or(""));
  if (!rows) return Refused(file, rows.error());
  return *std::move(rows);
}

Outcome<HistoryRows> ReadMetricsRows(const Args& args, const std::string& file) {
  const auto list = args.Get("jobs");
  if (!list) {
    return Refuse(
        ExitCode::kUsage, "--jobs is needed: metrics.sqlite knows jobs by their ids alone",
        "make it on the controller: sqlite3 -header -csv DATABASE \"SELECT id, workspace, "
        "action, started_at FROM job WHERE state = 'succeeded'\" > jobs.csv");
  }
  const auto text = ReadPlainOrGzip(*list, kMostBytes);
  if (!text) return Refuse(ExitCode::kUsage, "--jobs: " + text.error().message);
  const auto jobs = ParseRunnerJobs(*text);
  if (!jobs) return Refused("--jobs " + *list, jobs.error());
  const auto metrics = ReadMetricsFile(file, kMostRows);
  if (!metrics) return Refuse(ExitCode::kUsage, metrics.error().message);
  return RowsOfMetrics(*metrics, *jobs);
}

// What one key would get.
struct KeySum {
  std::string tenant;
  int64_t attempts = 0;
  int64_t most_memory_bytes = 0;
  double longest_seconds = 0;
};

std::map<std::string, KeySum> SumsOf(const std::vector<HistoryRow>& rows) {
  std::map<std::string, KeySum> sums;
  for (const HistoryRow& row : rows) {
    KeySum& sum = sums[row.key];
    sum.tenant = row.tenant;
    sum.attempts += 1;
    sum.most_memory_bytes = std::max(sum.most_memory_bytes, row.peak_memory_bytes);
    sum.longest_seconds = std::max(sum.longest_seconds, row.duration_seconds);
  }
  return sums;
}

Table KeysTable(const std::map<std::string, KeySum>& sums) {
  Table table;
  table.columns = {{"KEY", Align::kLeft, 8},
                   {"TENANT", Align::kLeft, 8, 1},
                   {"RUNS", Align::kRight, {}},
                   {"MOST", Align::kRight, {}},
                   {"LONGEST", Align::kRight, {}}};
  for (const auto& [key, sum] : sums) {
    const std::chrono::duration<double> longest(sum.longest_seconds);
    table.rows.push_back({{key},
                          {sum.tenant.empty() ? "-" : sum.tenant},
                          {std::to_string(sum.attempts)},
                          {FormatBytes(sum.most_memory_bytes)},
                          {FormatDuration(std::chrono::duration_cast<Duration>(longest))}});
  }
  return table;
}

json LeftOutJson(const std::vector<LeftOutRow>& left_out) {
  json list = json::array();
  for (const LeftOutRow& row : left_out) list.push_back({{"row", row.row}, {"why", row.why}});
  return list;
}

void ShowLeftOut(Context& context, const std::vector<LeftOutRow>& left_out) {
  for (const LeftOutRow& row : left_out)
    context.out() << fmt::format("left out: {}: {}\n", Escape(row.row), Escape(row.why));
}

struct Sent {
  int64_t added = 0, known = 0;
};

// A batch that was sent and not answered may be sent again: what is known is left alone.
Outcome<Sent> Send(Context& context, const std::vector<HistoryRow>& rows) {
  Sent sent;
  for (std::size_t first = 0; first < rows.size(); first += kBatch) {
    json attempts = json::array();
    for (std::size_t i = first; i < std::min(first + kBatch, rows.size()); ++i)
      attempts.push_back(ToJson(rows[i]));
    const auto answer = context.api.Post("/v1/history", {{"attempts", std::move(attempts)}});
    if (!answer) return tl::unexpected<Failure>(answer.error());
    sent.added += IntAt(*answer, "added").value_or(0);
    sent.known += IntAt(*answer, "known").value_or(0);
  }
  return sent;
}

Outcome<int> ImportRows(Context& context, const Args& args, HistoryRows history) {
  KeepTheLast(history, kAttemptsPerKey);
  const auto sums = SumsOf(history.rows);
  const bool dry = args.Has("dry-run");
  const auto sent = dry ? Outcome<Sent>(Sent{}) : Send(context, history.rows);
  if (!sent) return tl::unexpected<Failure>(sent.error());
  if (context.json()) {
    context.PrintJson({{"attempts", history.rows.size()},
                       {"keys", sums.size()},
                       {"dry_run", dry},
                       {"added", sent->added},
                       {"known", sent->known},
                       {"left_out", LeftOutJson(history.left_out)}});
    return 0;
  }
  if (dry && !sums.empty()) context.out() << Render(KeysTable(sums), context.look());
  ShowLeftOut(context, history.left_out);
  context.out() << fmt::format("{} attempts of {} keys {}, {} rows left out", history.rows.size(),
                               sums.size(), dry ? "would be sent" : "sent",
                               history.left_out.size());
  if (!dry) context.out() << fmt::format(": {} new, {} known before", sent->added, sent->known);
  context.out() << '\n';
  return 0;
}

// What a job is taken to need of which nothing is known and which declares nothing.
Outcome<int64_t> DefaultMemory(Context& context) {
  const auto trial = context.api.Post("/v1/jobs?dry_run=true", {{"command", {"true"}}});
  if (!trial) return tl::unexpected<Failure>(trial.error());
  const auto memory = IntAt(ObjectAt(*trial, "request"), "memory_bytes");
  if (!memory) return Refuse(ExitCode::kFailed, "the host has not been measured yet");
  return *memory;
}

// A weight is no attempt, so nothing is sent: it says how many average jobs one counts for, which
// is what its request can be until its key has a history.
Outcome<int> ShowWeights(Context& context, const std::string& file) {
  const auto text = ReadPlainOrGzip(file, kMostBytes);
  if (!text) return Refuse(ExitCode::kUsage, text.error().message);
  const auto weights = ParseWeights(*text);
  if (!weights) return Refused(file, weights.error());
  const auto unit = DefaultMemory(context);
  if (!unit) return tl::unexpected<Failure>(unit.error());
  json list = json::array();
  Table table;
  table.columns = {{"WORKSPACE", Align::kLeft, 8},
                   {"ACTION", Align::kLeft, 8},
                   {"WEIGHT", Align::kRight, {}},
                   {"MEMORY", Align::kRight, {}}};
  for (const Weight& weight : *weights) {
    const double most = static_cast<double>(int64_t{1} << 50);
    const auto memory =
        static_cast<int64_t>(std::min(weight.weight * static_cast<double>(*unit), most));
    list.push_back({{"workspace", weight.workspace},
                    {"pattern", weight.pattern},
                    {"weight", weight.weight},
                    {"memory_bytes", memory}});
    table.rows.push_back({{weight.workspace},
                          {weight.pattern},
                          {fmt::format("{:g}", weight.weight)},
                          {fmt::format("{}MiB", memory / kMiB)}});
  }
  if (context.json()) {
    context.PrintJson({{"default_memory_bytes", *unit}, {"weights", std::move(list)}});
    return 0;
  }
  context.out() << Render(table, context.look())
                << "nothing was sent: a weight is no attempt. Declare what is under MEMORY\n"
                   "(--memory) for jobs of these until their keys have a history.\n";
  return 0;
}

Outcome<int> RunHistory(Context& context, const Args& args) {
  if (args.operands.size() != 2 || args.operands.front() != "import")
    return Refuse(ExitCode::kUsage, "history: expected import FILE");
  const std::string& file = args.operands[1];
  const auto kind = KindOf(args, file);
  if (!kind) return tl::unexpected<Failure>(kind.error());
  if (*kind == FileKind::kWeights) return ShowWeights(context, file);
  auto rows = *kind == FileKind::kCsv ? ReadTraceRows(args, file) : ReadMetricsRows(args, file);
  if (!rows) return tl::unexpected<Failure>(rows.error());
  return ImportRows(context, args, *std::move(rows));
}

}  // namespace

const Verb kHistoryVerb{
    .name = "history",
    .operands_text = "import FILE",
    .summary = "teach the daemon what jobs used before it came (administrators)",
    .details =
        "import FILE  reads finished attempts and hands them to the daemon, which counts\n"
        "             them like its own. Importing a file again adds only what is new.\n"
        "             Every row that is left out is named, with the reason.\n\n"
        "formats:\n"
        "  csv      a trace, plain or gzip: name (the key), runtime_seconds,\n"
        "           peak_memory_bytes and, if it is there, avg_cpu_percent\n"
        "  metrics  job-runner's metrics.sqlite; the key is WORKSPACE:ACTION, the tenant\n"
        "           WORKSPACE, and --jobs says which job was which\n"
        "  weights  job-runner's job-resource-weights_*.ini: shows what each weight\n"
        "           stands for; nothing is sent\n\n"
        "examples:\n"
        "  headroom history import tasks.csv.gz --dry-run\n"
        "  sudo headroom history import metrics.sqlite --jobs jobs.csv",
    .options = kOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 2,
    .most_operands = 2,
    .run = &RunHistory,
};

}  // namespace headroom::cli
