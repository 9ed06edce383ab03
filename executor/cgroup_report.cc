#include "executor/cgroup_report.h"

#include <charconv>

#include "base/file.h"

namespace headroom {
namespace {

constexpr std::size_t kMaxFileBytes = 64 << 10;

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc() || value < 0 || !(rest.empty() || rest == "\n")) return std::nullopt;
  return value;
}

std::optional<int64_t> ReadNumber(const std::string& path) {
  const auto text = ReadFile(path, kMaxFileBytes);
  return text ? ParseNumber(*text) : std::nullopt;
}

std::optional<int64_t> ReadKeyed(const std::string& path, std::string_view key) {
  const auto text = ReadFile(path, kMaxFileBytes);
  return text ? FlatKeyed(*text, key) : std::nullopt;
}

int64_t ReadOomKills(const CgroupMounts& mounts, const std::string& path) {
  switch (mounts.mode) {
    case CgroupMode::kUnified:
      return ReadKeyed(mounts.unified + "/" + path + "/memory.events", "oom_kill").value_or(0);
    case CgroupMode::kHybrid:
      return ReadKeyed(mounts.memory + "/" + path + "/memory.oom_control", "oom_kill").value_or(0);
  }
  return 0;
}

// Where the limit with swap equals the one without, v1 runs into that one, and does not count it.
// A charge that fails may be of several pages, so the peak may stay a little below the limit.
bool SwapLimitReached(const std::string& memory) {
  constexpr int64_t kLargestChargeBytes = 8 * 4096;
  const auto peak = ReadNumber(memory + "/memory.memsw.max_usage_in_bytes");
  const auto limit = ReadNumber(memory + "/memory.memsw.limit_in_bytes");
  return peak && limit && *peak > *limit - kLargestChargeBytes;
}

}  // namespace

OomCause CauseOf(const OomCounters& job, int64_t pool_now, int64_t pool_before) {
  if (job.kills == 0) return OomCause::kNone;
  if (job.own_limit > 0) return OomCause::kJobLimit;
  return pool_now > pool_before ? OomCause::kPoolLimit : OomCause::kHost;
}

std::optional<int64_t> FlatKeyed(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
      return ParseNumber(line.substr(key.size() + 1));
  }
  return std::nullopt;
}

int64_t ReadOwnLimitEvents(const CgroupMounts& mounts, const std::string& path) {
  const std::string unified = mounts.unified + "/" + path, memory = mounts.memory + "/" + path;
  switch (mounts.mode) {
    case CgroupMode::kUnified:
      return ReadKeyed(unified + "/memory.events.local", "oom").value_or(0);
    case CgroupMode::kHybrid:
      return ReadNumber(memory + "/memory.failcnt").value_or(0) +
             (SwapLimitReached(memory) ? 1 : 0);
  }
  return 0;
}

OomCounters ReadOomCounters(const CgroupMounts& mounts, const std::string& path) {
  const int64_t kills = ReadOomKills(mounts, path);
  return kills == 0 ? OomCounters() : OomCounters{ReadOwnLimitEvents(mounts, path), kills};
}

AttemptUsage ReadUsage(const CgroupMounts& mounts, const std::string& path) {
  const bool unified = mounts.mode == CgroupMode::kUnified;
  const std::string own = "/" + path + "/";
  AttemptUsage usage;
  usage.peak_memory_bytes = ReadNumber(unified ? mounts.unified + own + "memory.peak"
                                               : mounts.memory + own + "memory.max_usage_in_bytes");
  usage.peak_pids = ReadNumber((unified ? mounts.unified : mounts.pids) + own + "pids.peak");
  // The cgroup2 twin of a hybrid host accounts CPU time too.
  usage.cpu_usec = ReadKeyed(mounts.unified + own + "cpu.stat", "usage_usec");
  return usage;
}

}  // namespace headroom
