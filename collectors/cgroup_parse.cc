#include "collectors/cgroup_parse.h"

#include <algorithm>
#include <limits>

#include "collectors/parse.h"

namespace headroom {
namespace {

constexpr FlatKey<MemorySample> kMemoryStat[] = {
    {"anon", &MemorySample::anon},
    {"file", &MemorySample::file},
    {"kernel", &MemorySample::kernel},
    {"sock", &MemorySample::sock},
    {"shmem", &MemorySample::shmem},
    {"file_dirty", &MemorySample::dirty},
    {"file_writeback", &MemorySample::writeback},
    {"slab_reclaimable", &MemorySample::slab_reclaimable},
    {"slab_unreclaimable", &MemorySample::slab_unreclaimable},
};

// total_cache holds shmem, as `file` does on v2.
constexpr FlatKey<MemorySample> kMemoryStatV1[] = {
    {"total_cache", &MemorySample::file},          {"total_rss", &MemorySample::anon},
    {"total_shmem", &MemorySample::shmem},         {"total_dirty", &MemorySample::dirty},
    {"total_writeback", &MemorySample::writeback}, {"total_swap", &MemorySample::swap},
};

constexpr FlatKey<MemoryEvents> kMemoryEvents[] = {
    {"low", &MemoryEvents::low},           {"high", &MemoryEvents::high},
    {"max", &MemoryEvents::max},           {"oom", &MemoryEvents::oom},
    {"oom_kill", &MemoryEvents::oom_kill}, {"oom_group_kill", &MemoryEvents::oom_group_kill},
};

constexpr FlatKey<MemoryEvents> kOomControlV1[] = {{"oom_kill", &MemoryEvents::oom_kill}};

constexpr FlatKey<CpuSample> kCpuStat[] = {
    {"usage_usec", &CpuSample::usage_usec},     {"user_usec", &CpuSample::user_usec},
    {"system_usec", &CpuSample::system_usec},   {"nr_periods", &CpuSample::nr_periods},
    {"nr_throttled", &CpuSample::nr_throttled}, {"throttled_usec", &CpuSample::throttled_usec},
};

constexpr FlatKey<CpuSample> kCpuStatV1[] = {
    {"nr_periods", &CpuSample::nr_periods},
    {"nr_throttled", &CpuSample::nr_throttled},
    {"throttled_time", &CpuSample::throttled_usec},
};

// The parts of `kernel`, for kernels that do not sum them up.
struct KernelParts {
  std::optional<int64_t> stack, page_tables, percpu, slab;
};
constexpr FlatKey<KernelParts> kKernelParts[] = {
    {"kernel_stack", &KernelParts::stack},
    {"pagetables", &KernelParts::page_tables},
    {"percpu", &KernelParts::percpu},
    {"slab", &KernelParts::slab},
};

Status SumKernelParts(std::string_view text, std::optional<int64_t>& kernel) {
  KernelParts parts;
  if (Status parsed = ParseFlatKeyed(text, kKernelParts, parts); !parsed) return parsed;
  if (!parts.slab) return {};
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 4;
  int64_t sum = 0;
  for (const auto& part : {parts.stack, parts.page_tables, parts.percpu, parts.slab}) {
    if (part > kMost) return Corrupt("an amount of memory", text);
    sum += part.value_or(0);
  }
  kernel = sum;
  return {};
}

}  // namespace

Status ParseMemoryStat(std::string_view text, MemorySample& into) {
  if (Status parsed = ParseFlatKeyed(text, kMemoryStat, into); !parsed) return parsed;
  return into.kernel ? Status() : SumKernelParts(text, into.kernel);
}

Status ParseMemoryEvents(std::string_view text, MemoryEvents& into) {
  return ParseFlatKeyed(text, kMemoryEvents, into);
}

Status ParseCpuStat(std::string_view text, CpuSample& into) {
  return ParseFlatKeyed(text, kCpuStat, into);
}

Result<std::optional<int64_t>> ParseCpuMax(std::string_view text) {
  std::string_view rest = text;
  const bool unlimited = rest.starts_with("max ");
  int64_t quota = 0;
  int64_t period = 0;
  if (unlimited) {
    rest.remove_prefix(3);
  } else if (!TakeAmount(rest, quota)) {
    return Corrupt("\"QUOTA PERIOD\"", text);
  }
  if (!rest.starts_with(' ')) return Corrupt("\"QUOTA PERIOD\"", text);
  rest.remove_prefix(1);
  const bool whole = TakeAmount(rest, period) && rest == "\n";
  if (!whole || period == 0 || quota > std::numeric_limits<int64_t>::max() / 1000) {
    return Corrupt("\"QUOTA PERIOD\"", text);
  }
  return unlimited ? std::optional<int64_t>() : quota * 1000 / period;
}

Status ParseMemoryStatV1(std::string_view text, MemorySample& into) {
  // The kernel lists the cgroup's own numbers first; two thirds of the lines are not looked at.
  const auto totals = text.starts_with("total_") ? 0 : text.find("\ntotal_") + 1;
  Status parsed = ParseFlatKeyed(text.substr(totals), kMemoryStatV1, into);
  if (into.current && into.file && into.anon) {
    into.kernel = std::max<int64_t>(0, *into.current - *into.file - *into.anon);
  }
  return parsed;
}

Status ParseOomControlV1(std::string_view text, MemoryEvents& into) {
  return ParseFlatKeyed(text, kOomControlV1, into);
}

Status ParseCpuStatV1(std::string_view text, CpuSample& into) {
  Status parsed = ParseFlatKeyed(text, kCpuStatV1, into);
  if (parsed && into.throttled_usec) *into.throttled_usec /= 1000;
  return parsed;
}

Result<int64_t> ParseCpuacctUsage(std::string_view text) {
  return ParseAmount(text).map([](int64_t nanoseconds) { return nanoseconds / 1000; });
}

Result<std::optional<int64_t>> ParseMemoryLimitV1(std::string_view text) {
  constexpr int64_t kNoLimit = int64_t{1} << 62;
  return ParseAmount(text).map(
      [](int64_t limit) { return limit >= kNoLimit ? std::optional<int64_t>() : limit; });
}

Result<std::optional<int64_t>> ParseCfsQuota(std::string_view text) {
  if (text == "-1\n") return std::optional<int64_t>();
  return ParseAmount(text).map([](int64_t quota) { return std::optional(quota); });
}

}  // namespace headroom
