#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "collectors/measurements.h"

// What the files of a cgroup say, one function a file. Pure and total, as parse.h promises.
// Sources: Documentation/admin-guide/cgroup-v2.rst; for v1, Documentation/admin-guide/cgroup-v1/
// memory.rst, cpuacct.rst and Documentation/scheduler/sched-bwc.rst. Threads: any.
namespace headroom {

// memory.stat. Where `kernel` is missing (before 5.18) it is the sum of its parts.
Status ParseMemoryStat(std::string_view text, MemorySample& into);

// memory.events and memory.events.local.
Status ParseMemoryEvents(std::string_view text, MemoryEvents& into);

// cpu.stat: use always, periods only where the cpu controller is on.
Status ParseCpuStat(std::string_view text, CpuSample& into);

// cpu.max: "150000 100000\n" -> 1500 millis; "max 100000\n" is no limit.
Result<std::optional<int64_t>> ParseCpuMax(std::string_view text);

// v1 memory.stat: the hierarchical total_* keys. It does not list kernel memory, which is what is
// left of `current` (read before) when cache and anonymous memory are taken off.
Status ParseMemoryStatV1(std::string_view text, MemorySample& into);

// v1 memory.oom_control: oom_kill (since 4.13).
Status ParseOomControlV1(std::string_view text, MemoryEvents& into);

// v1 cpu.stat: periods and throttling; throttled_time is in nanoseconds.
Status ParseCpuStatV1(std::string_view text, CpuSample& into);

// v1 cpuacct.usage: nanoseconds, given in microseconds.
Result<int64_t> ParseCpuacctUsage(std::string_view text);

// v1 memory.limit_in_bytes: no limit is the largest multiple of the page size.
Result<std::optional<int64_t>> ParseMemoryLimitV1(std::string_view text);

// v1 cpu.cfs_quota_us: microseconds a period; -1 is no limit.
Result<std::optional<int64_t>> ParseCfsQuota(std::string_view text);

}  // namespace headroom
