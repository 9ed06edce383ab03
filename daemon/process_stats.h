#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

// What the daemon itself uses, for process_*: the metrics that Prometheus' own client libraries
// export and prometheus-cpp does not.
namespace headroom {

// Of /proc/PID/stat (proc(5)).
struct ProcessStat {
  int64_t user_ticks = 0, system_ticks = 0;
  int64_t start_ticks = 0;  // since boot
  int64_t rss_pages = 0;

  bool operator==(const ProcessStat&) const = default;
};

// Pure. The command's name may hold spaces and parentheses; fields are counted from its last one.
Result<ProcessStat> ParseProcessStat(std::string_view text);

// What could not be read is absent.
struct ProcessStats {
  std::optional<double> start_time_seconds;  // since the epoch
  std::optional<double> cpu_seconds;
  std::optional<double> resident_bytes;
  std::optional<double> open_fds, max_fds;
};

ProcessStats ReadProcessStats();

}  // namespace headroom
