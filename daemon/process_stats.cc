#include "daemon/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"

namespace headroom {
namespace {

constexpr std::size_t kStatLimit = 4096;

std::vector<std::string_view> SplitFields(std::string_view text) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t from = text.find_first_not_of(" \n");
    if (from == std::string_view::npos) return fields;
    const std::size_t to = text.find_first_of(" \n", from);
    fields.push_back(text.substr(from, to - from));
    if (to == std::string_view::npos) return fields;
    text.remove_prefix(to);
  }
}

std::optional<int64_t> ParseCount(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// A directory that is being listed is open itself and not counted.
std::optional<double> CountOpenFds() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  double count = -1;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) ++count;
  if (error) return std::nullopt;
  return count;
}

std::optional<double> MaxFds() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

// The kernel knows the start since boot; the wall clock of the boot follows from both clocks now.
double StartTime(double started_after_boot) {
  const SystemClock clock;
  const std::chrono::duration<double> wall = clock.WallNow().time_since_epoch();
  const std::chrono::duration<double> since_boot = clock.Now().time_since_epoch();
  return wall.count() - since_boot.count() + started_after_boot;
}

}  // namespace

Result<ProcessStat> ParseProcessStat(std::string_view text) {
  // Numbers of proc(5), which counts from 1; the first after the name is 3.
  enum : std::size_t { kFirst = 3, kUser = 14, kSystem = 15, kStart = 22, kRss = 24 };
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos)
    return Fail(ErrorCode::kCorrupt, "process stat: no \")\" after the command's name");
  const std::vector<std::string_view> fields = SplitFields(text.substr(name_end + 1));
  if (fields.size() <= kRss - kFirst)
    return Fail(ErrorCode::kCorrupt, "process stat: fewer than 24 fields");
  const auto user = ParseCount(fields[kUser - kFirst]);
  const auto system = ParseCount(fields[kSystem - kFirst]);
  const auto start = ParseCount(fields[kStart - kFirst]);
  const auto rss = ParseCount(fields[kRss - kFirst]);
  if (!user || !system || !start || !rss)
    return Fail(ErrorCode::kCorrupt, "process stat: field 14, 15, 22 or 24 is not a count");
  return ProcessStat{*user, *system, *start, *rss};
}

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  stats.open_fds = CountOpenFds();
  stats.max_fds = MaxFds();
  const auto stat = ReadFile("/proc/self/stat", kStatLimit).and_then(ParseProcessStat);
  if (!stat) return stats;
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  stats.cpu_seconds = static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks_per_second;
  stats.resident_bytes = static_cast<double>(stat->rss_pages) * page_bytes;
  stats.start_time_seconds = StartTime(static_cast<double>(stat->start_ticks) / ticks_per_second);
  return stats;
}

}  // namespace headroom
