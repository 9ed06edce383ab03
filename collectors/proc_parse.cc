#include "collectors/proc_parse.h"

#include <limits>
#include <optional>

#include "collectors/parse.h"

namespace headroom {
namespace {

struct MeminfoKey {
  std::string_view key;
  std::optional<int64_t> HostSample::*into;
};
constexpr MeminfoKey kMeminfo[] = {
    {"MemTotal:", &HostSample::memory_total},
    {"MemFree:", &HostSample::memory_free},
    {"MemAvailable:", &HostSample::memory_available},
    {"SwapTotal:", &HostSample::swap_total},
    {"SwapFree:", &HostSample::swap_free},
};

void SkipSpaces(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

// Takes a line, without its end, off the front of `text`. False if there is no whole one.
bool TakeLine(std::string_view& text, std::string_view& line) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

// "       32658432 kB", in bytes.
std::optional<int64_t> Kilobytes(std::string_view text) {
  SkipSpaces(text);
  int64_t amount = 0;
  if (!TakeAmount(text, amount) || text != " kB") return std::nullopt;
  if (amount > std::numeric_limits<int64_t>::max() / 1024) return std::nullopt;
  return amount * 1024;
}

// "  58242 0 16872 160606 475 0 2276 0 0 0": user nice system idle iowait irq softirq steal, then
// guest times, which are part of user and nice already; older kernels have fewer columns. In ticks
// of USER_HZ, which is 100 on every architecture that Debian 12 is built for.
std::optional<int64_t> BusyUsec(std::string_view text) {
  constexpr int kIdle = 3;
  constexpr int kIowait = 4;
  constexpr int kSteal = 7;
  constexpr int64_t kUsecPerTick = 10'000;
  constexpr int64_t kMostTicks = std::numeric_limits<int64_t>::max() / kUsecPerTick / 8;
  int64_t busy = 0;
  int columns = 0;
  for (SkipSpaces(text); !text.empty(); SkipSpaces(text), ++columns) {
    int64_t ticks = 0;
    if (!TakeAmount(text, ticks) || ticks > kMostTicks) return std::nullopt;
    if (columns != kIdle && columns != kIowait && columns <= kSteal) busy += ticks;
  }
  if (columns <= kIdle) return std::nullopt;
  return busy * kUsecPerTick;
}

}  // namespace

Status ParseMeminfo(std::string_view text, HostSample& into) {
  if (text.empty()) return Corrupt("\"Key: amount kB\" lines", text);
  std::string_view line;
  for (std::size_t found = 0; !text.empty() && found < std::size(kMeminfo);) {
    if (!TakeLine(text, line)) return Corrupt("a whole line", text);
    for (const MeminfoKey& key : kMeminfo) {
      if (!line.starts_with(key.key)) continue;
      const auto bytes = Kilobytes(line.substr(key.key.size()));
      if (!bytes) return Corrupt("an amount in kB", line);
      into.*key.into = bytes;
      ++found;
      break;
    }
  }
  return {};
}

Status ParseProcStat(std::string_view text, HostSample& into) {
  std::string_view line;
  if (!TakeLine(text, line) || !line.starts_with("cpu ")) return Corrupt("\"cpu\" and times", line);
  const auto busy = BusyUsec(line.substr(4));
  if (!busy) return Corrupt("times of the CPUs", line);
  int64_t cpus = 0;
  while (text.starts_with("cpu")) {
    if (!TakeLine(text, line)) return Corrupt("a whole line", text);
    ++cpus;
  }
  if (cpus == 0) return Corrupt("a line for each CPU", text);
  into.cpu_busy_usec = busy;
  into.online_cpus = cpus;
  return {};
}

Status ParseLoadavg(std::string_view text, HostSample& into) {
  // "0.77 1.42 0.91 2/96 9771": running / all, then the last PID.
  const auto slash = text.find('/');
  std::string_view rest = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  int64_t all = 0;
  int64_t last = 0;
  bool whole = TakeAmount(rest, all) && rest.starts_with(' ');
  if (whole) rest.remove_prefix(1);
  whole = whole && TakeAmount(rest, last) && rest == "\n";
  if (!whole) return Corrupt("averages, RUNNING/ALL and PID", text);
  into.pids = all;
  return {};
}

Result<int64_t> ParseCpusAllowed(std::string_view text) {
  constexpr std::string_view kKey = "\nCpus_allowed_list:\t";
  const auto at = text.find(kKey);
  if (at == std::string_view::npos) return Corrupt("Cpus_allowed_list", text);
  const std::string_view list = text.substr(at + kKey.size());
  const auto end = list.find('\n');
  if (end == std::string_view::npos) return Corrupt("a whole line", list);
  return CountCpuList(list.substr(0, end + 1));
}

}  // namespace headroom
