#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admission/gate.h"
#include "admission/job.h"
#include "base/clock.h"

// What the collectors found, as values. Every field is optional: kernels differ, files vanish, and
// what could not be read is absent, never zero. Units: bytes, microseconds as the kernel counts
// them, counts. Source: Documentation/admin-guide/cgroup-v2.rst,
// Documentation/admin-guide/cgroup-v1/memory.rst, Documentation/accounting/psi.rst.
namespace headroom {

struct PsiLine {
  std::optional<double> avg10, avg60, avg300;  // percent
  std::optional<int64_t> total_usec;

  bool operator==(const PsiLine&) const = default;
};

struct Psi {
  std::optional<PsiLine> some, full;

  bool operator==(const Psi&) const = default;
};

struct PressureSample {
  std::optional<Psi> memory, cpu, io;

  bool operator==(const PressureSample&) const = default;
};

struct MemorySample {
  std::optional<int64_t> current, peak, swap;  // bytes; swap in use
  std::optional<int64_t> anon, shmem, file, kernel, slab_reclaimable, slab_unreclaimable, sock;
  std::optional<int64_t> dirty, writeback;

  bool operator==(const MemorySample&) const = default;
};

// memory.events: how often a limit was met. On v1 only oom_kill (memory.oom_control) and max
// (failcnt).
struct MemoryEvents {
  std::optional<int64_t> low, high, max, oom, oom_kill, oom_group_kill;

  bool operator==(const MemoryEvents&) const = default;
};

struct CpuSample {
  std::optional<int64_t> usage_usec, user_usec, system_usec;
  std::optional<int64_t> nr_periods, nr_throttled, throttled_usec;

  bool operator==(const CpuSample&) const = default;
};

// One cgroup at one instant: the pool of all jobs, or one attempt.
struct CgroupSample {
  TimePoint taken_at{};
  // Inode number of its directory, which the kernel never gives twice: a cgroup made anew under an
  // old name has another one. 0: not known.
  uint64_t cgroup_id = 0;
  MemorySample memory;
  MemoryEvents events, events_local;
  CpuSample cpu;
  std::optional<int64_t> pids, pids_peak;
  PressureSample pressure;

  bool operator==(const CgroupSample&) const = default;
};

struct HostSample {
  TimePoint taken_at{};
  std::optional<int64_t> memory_total, memory_available, memory_free;  // /proc/meminfo, bytes
  std::optional<int64_t> swap_total, swap_free;
  std::optional<int64_t>
      cpu_busy_usec;  // /proc/stat, all CPUs, since boot: user+nice+system+irq+softirq+steal
  std::optional<int64_t> online_cpus;
  std::optional<int64_t> pids;      // processes and threads of the host (/proc/loadavg)
  std::optional<int64_t> pids_max;  // the smaller of kernel.pid_max and kernel.threads-max
  PressureSample pressure;

  bool operator==(const HostSample&) const = default;
};

// The pool's cgroup, or an ancestor of it, that has a limit of its own. What is used under it
// counts against that limit, whoever uses it: the pool may share it with other services.
struct LimitSample {
  std::string path;                                       // "/", "/headroom/jobs"
  std::optional<int64_t> memory_bytes, cpu_millis, pids;  // its limits; absent: none
  CgroupSample use;                                       // memory, cpu and pids only

  bool operator==(const LimitSample&) const = default;
};

// What the pool may really use: the minimum over its cgroup and all ancestors, and the host.
struct CapacitySample {
  std::vector<LimitSample> limits;  // from the pool up
  std::optional<int64_t> memory_bytes;
  std::optional<int64_t> cpu_millis;
  std::optional<int64_t> pids;
  std::string memory_limited_by;  // the path of the cgroup, or "MemTotal": for `doctor` and `why`
  std::string cpu_limited_by;

  bool operator==(const CapacitySample&) const = default;
};

// A collector that failed in this sweep.
struct CollectorFailure {
  std::string collector;  // one of kCollectorNames
  std::string message;

  bool operator==(const CollectorFailure&) const = default;
};

inline constexpr const char* kCollectorNames[] = {"host", "capacity", "pool", "job", "psi"};

// Everything of one sweep. Times are of the same clock as the cycle's `now`.
struct Measurements {
  TimePoint started_at{}, finished_at{};
  HostSample host;
  CapacitySample capacity;
  CgroupSample pool;
  std::map<std::string, CgroupSample>
      attempts;  // by attempt name, "42-1"; a vanished one is missing
  std::vector<CollectorFailure> failures;

  bool operator==(const Measurements&) const = default;
};

}  // namespace headroom
