#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Files of other systems -> finished attempts, as POST /v1/history takes them. Every byte of them
// is hostile. Pure; threads: any.
namespace headroom::cli {

struct HistoryRow {
  std::string origin;  // the same whenever the same row is read again
  std::string key, tenant;
  double duration_seconds = 0;
  int64_t peak_memory_bytes = 0;
  std::optional<double> cpu_seconds;
  std::optional<int64_t> started_unix_seconds;

  bool operator==(const HistoryRow&) const = default;
};

// A row of the file that says nothing, or nothing that can be used.
struct LeftOutRow {
  std::string row;  // "line 7", "job abcd"
  std::string why;

  bool operator==(const LeftOutRow&) const = default;
};

struct HistoryRows {
  std::vector<HistoryRow> rows;
  std::vector<LeftOutRow> left_out;
};

// A trace (simulator/tasks.h): `name` is the key, all of them of this tenant, which may be empty.
Result<HistoryRows> RowsOfTrace(std::string_view csv, const std::string& tenant);

// One job of job-runner, from its controller's table `job`.
struct RunnerJob {
  std::string workspace, action;
  std::optional<int64_t> started_unix_seconds;
};
// CSV with the columns id, workspace, action and, if it is there, started_at in seconds of Unix.
Result<std::map<std::string, RunnerJob, std::less<>>> ParseRunnerJobs(std::string_view csv);

// One row of job-runner's metrics.sqlite: a job's id and its metrics as JSON (metrics_file.h).
struct RunnerMetrics {
  std::string job, metrics;
};
// Key WORKSPACE:ACTION, tenant WORKSPACE. docs/cli.md says what the figures are worth.
HistoryRows RowsOfMetrics(const std::vector<RunnerMetrics>& metrics,
                          const std::map<std::string, RunnerJob, std::less<>>& jobs);

// Leaves out all but the last so many of each key: the daemon remembers no more. Last are those
// that started last; of which no start is known come before, in their order.
void KeepTheLast(HistoryRows& history, std::size_t of_each_key);

nlohmann::json ToJson(const HistoryRow& row);

}  // namespace headroom::cli
