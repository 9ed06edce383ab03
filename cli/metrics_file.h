#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/history_rows.h"

// Reads job-runner's metrics.sqlite. The one place of this command that includes SQLite.
namespace headroom::cli {

// Its table `jobs`, opened for reading alone; beside a file without a log not even SQLite's own
// files are made. At most `most` rows; more is kInvalid. What is no such file is kInvalid or
// kCorrupt.
Result<std::vector<RunnerMetrics>> ReadMetricsFile(const std::string& path, std::size_t most);

}  // namespace headroom::cli
