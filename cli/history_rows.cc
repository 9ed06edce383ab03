#include "cli/history_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "admission/draw.h"
#include "admission/json/strict_json.h"
#include "base/csv.h"
#include "base/name.h"
#include "base/units.h"
#include "simulator/tasks.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

// What the daemon takes (daemon/history_json.cc): a row beyond it would refuse its whole batch.
constexpr double kMostBytes = 0x1p50, kMostSeconds = 365.0 * 86'400, kMostCores = 10'000;
constexpr int64_t kLatestStart = 253'402'300'799;  // of the year 9999
// A job that was seen for less has a peak of one sample, or of two.
constexpr double kLeastSampledSeconds = 60;
constexpr JsonBounds kMetricsBounds{64 << 10, 4, false};

// Why it cannot be sent; empty: it can.
std::string ProblemOf(const HistoryRow& row) {
  if (const Status key = CheckName("key", row.key); !key) return key.error().message;
  if (const Status tenant = CheckName("tenant", row.tenant); !row.tenant.empty() && !tenant)
    return tenant.error().message;
  if (!(row.duration_seconds > 0 && row.duration_seconds <= kMostSeconds))
    return "ran for no time, or for more than a year";
  if (row.peak_memory_bytes <= 0 || static_cast<double>(row.peak_memory_bytes) > kMostBytes)
    return "its peak of memory was not recorded, or is more than 1 PiB";
  if (row.cpu_seconds.value_or(0) > row.duration_seconds * kMostCores)
    return "used more CPU time than 10000 cores have in its duration";
  if (row.started_unix_seconds.value_or(0) > kLatestStart) return "started after the year 9999";
  return {};
}

void Take(HistoryRows& history, std::string name, HistoryRow row) {
  if (std::string problem = ProblemOf(row); !problem.empty())
    return history.left_out.push_back({std::move(name), std::move(problem)});
  history.rows.push_back(std::move(row));
}

// What tells one task of a trace from another. Those that are alike in all of it are numbered, so
// that a file which has grown adds what is new.
std::string OriginOf(const sim::Task& task, std::map<uint64_t, int64_t>& alike) {
  const uint64_t hash =
      KeyNumber(fmt::format("{}\n{}\n{}\n{}\n{}", task.key, task.runtime_seconds, task.cpu_percent,
                            task.peak_memory_bytes, task.submit_seconds.value_or(-1)));
  return fmt::format("csv:{:016x}:{}", hash, ++alike[hash]);
}

std::optional<double> Number(const json& metrics, const char* name) {
  const auto found = metrics.find(name);
  if (found == metrics.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  return value >= 0 && value < 1e18 ? std::optional(value) : std::nullopt;
}

// How long it had run when it was last seen: the sum over time by the mean over time.
std::optional<double> SecondsOf(const json& metrics, const char* sum, const char* mean) {
  const auto whole = Number(metrics, sum), average = Number(metrics, mean);
  if (!whole || !average || *average <= 0) return std::nullopt;
  return *whole / *average;
}

// Absent: `why` says so.
std::optional<HistoryRow> RowOf(const json& metrics, std::string& why) {
  HistoryRow row;
  const auto peak = Number(metrics, "mem_mb_peak");
  auto seconds = SecondsOf(metrics, "mem_mb_cumsum", "mem_mb_mean");
  if (!seconds) seconds = SecondsOf(metrics, "cpu_cumsum", "cpu_mean");
  if (!peak) why = "has no mem_mb_peak";
  if (peak && !seconds) why = "nothing says how long it ran";
  if (seconds && *seconds < kLeastSampledSeconds)
    why = "was seen for less than a minute: its peak is one sample or two";
  if (!why.empty()) return std::nullopt;
  row.duration_seconds = *seconds;
  // "MB" is what 1024 × 1024 bytes are called there.
  row.peak_memory_bytes = static_cast<int64_t>(
      std::llround(std::min(*peak * static_cast<double>(kMiB), 2 * kMostBytes)));
  if (const auto percent_seconds = Number(metrics, "cpu_cumsum"))
    row.cpu_seconds = *percent_seconds / 100;
  return row;
}

std::optional<int64_t> ParseSeconds(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value > 0 ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<HistoryRows> RowsOfTrace(std::string_view csv, const std::string& tenant) {
  std::vector<sim::LeftOut> left_out;
  const auto tasks = sim::ParseTrace(csv, &left_out);
  if (!tasks) return tl::unexpected(tasks.error());
  HistoryRows history;
  for (const sim::LeftOut& line : left_out)
    history.left_out.push_back({fmt::format("line {}", line.line), line.why});
  std::map<uint64_t, int64_t> alike;
  for (const sim::Task& task : *tasks) {
    HistoryRow row{OriginOf(task, alike),  task.key,     tenant,      task.runtime_seconds,
                   task.peak_memory_bytes, std::nullopt, std::nullopt};
    if (task.cpu_percent > 0) row.cpu_seconds = task.runtime_seconds * task.cpu_percent / 100;
    Take(history, fmt::format("line {}", task.line), std::move(row));
  }
  return history;
}

Result<std::map<std::string, RunnerJob, std::less<>>> ParseRunnerJobs(std::string_view csv) {
  const std::vector<std::string_view> names = CsvFields(TakeLine(csv));
  const auto column = [&names](std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  };
  for (const char* needed : {"id", "workspace", "action"}) {
    if (column(needed) == names.size())
      return Fail(ErrorCode::kInvalid, fmt::format("line 1: expected a column \"{}\"", needed));
  }
  std::map<std::string, RunnerJob, std::less<>> jobs;
  for (std::size_t number = 2; !csv.empty(); ++number) {
    const std::string_view line = TakeLine(csv);
    if (line.empty()) continue;
    const std::vector<std::string_view> fields = CsvFields(line);
    if (fields.size() != names.size())
      return Fail(ErrorCode::kInvalid,
                  fmt::format("line {}: expected {} fields", number, names.size()));
    RunnerJob job{std::string(fields[column("workspace")]), std::string(fields[column("action")]),
                  std::nullopt};
    if (column("started_at") < names.size())
      job.started_unix_seconds = ParseSeconds(fields[column("started_at")]);
    jobs.insert_or_assign(std::string(fields[column("id")]), std::move(job));
  }
  return jobs;
}

HistoryRows RowsOfMetrics(const std::vector<RunnerMetrics>& metrics,
                          const std::map<std::string, RunnerJob, std::less<>>& jobs) {
  HistoryRows history;
  for (const RunnerMetrics& row : metrics) {
    const std::string name = fmt::format("job {:?}", row.job);
    const auto leave_out = [&](std::string why) {
      history.left_out.push_back({name, std::move(why)});
    };
    const auto job = jobs.find(row.job);
    if (job == jobs.end()) {
      leave_out("is not in the list of jobs");
      continue;
    }
    const auto parsed = ParseStrictJson(row.metrics, kMetricsBounds);
    if (!parsed || !parsed->is_object()) {
      leave_out("its metrics are no JSON object");
      continue;
    }
    std::string why;
    auto read = RowOf(*parsed, why);
    const std::string origin = "job-runner:" + row.job;
    if (read && !CheckName(origin)) why = "its id is none of job-runner's";
    if (!why.empty()) {
      leave_out(why);
      continue;
    }
    read->origin = origin;
    read->key = job->second.workspace + ":" + job->second.action;
    read->tenant = job->second.workspace;
    read->started_unix_seconds = job->second.started_unix_seconds;
    Take(history, name, *std::move(read));
  }
  return history;
}

void KeepTheLast(HistoryRows& history, std::size_t of_each_key) {
  std::ranges::stable_sort(history.rows, {}, &HistoryRow::started_unix_seconds);
  std::map<std::string_view, std::size_t> count;
  for (const HistoryRow& row : history.rows) ++count[row.key];
  std::vector<HistoryRow> kept;
  kept.reserve(history.rows.size());
  for (const HistoryRow& row : history.rows) {
    std::size_t& left = count[row.key];
    if (left-- <= of_each_key) {
      kept.push_back(row);
      continue;
    }
    history.left_out.push_back({fmt::format("{} of key {}", row.origin, row.key),
                                fmt::format("{} of its key are newer", of_each_key)});
  }
  history.rows = std::move(kept);
}

json ToJson(const HistoryRow& row) {
  json attempt{{"origin", row.origin},
               {"key", row.key},
               {"duration_seconds", row.duration_seconds},
               {"peak_memory_bytes", row.peak_memory_bytes}};
  if (!row.tenant.empty()) attempt["tenant"] = row.tenant;
  if (row.cpu_seconds) attempt["cpu_seconds"] = *row.cpu_seconds;
  if (row.started_unix_seconds) attempt["started_unix_seconds"] = *row.started_unix_seconds;
  return attempt;
}

}  // namespace headroom::cli
