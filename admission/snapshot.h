#pragma once

#include <optional>
#include <vector>

#include "admission/gate.h"
#include "admission/job.h"
#include "admission/resources.h"
#include "base/clock.h"

// One instant of the host, as the decision sees it. Built once a cycle, never changed afterwards.
// Absent is not zero: what could not be measured is missing here, and the rules wait for it.
namespace headroom {

// What a running job was seen to use. A dimension that could not be read is absent.
struct ObservedUse {
  std::optional<int64_t> memory_bytes;  // anon + shmem + unreclaimable kernel + sock + dirty + swap
  std::optional<int64_t> cpu_millis;
  std::optional<int64_t> pids;

  bool operator==(const ObservedUse&) const = default;
};

struct Forecast;  // forecast.h

struct RunningJob {
  JobId id;
  ResourceVector request;  // reserved for it when it was admitted
  TimePoint admitted_at{};
  std::optional<Duration> duration;  // from admission to its expected end
  ObservedUse observed;
  uint64_t key = 0, tenant = 0;        // as of a waiting job
  const Forecast* forecast = nullptr;  // from now on; null: its request counts
  bool declares_duration = false;      // as of a waiting job
  bool alone = false;                  // as of a waiting job

  bool operator==(const RunningJob&) const = default;
};

// What the collectors found, all at one instant.
struct HostView {
  TimePoint measured_at{};
  ResourceVector capacity;   // what the pool may really use; tokens are the policy's
  ResourceVector unmanaged;  // used on the host outside our jobs, never below zero

  bool operator==(const HostView&) const = default;
};

// Per dimension: true once the target was reached, until use falls below the resume line.
struct Resting {
  bool memory = false;
  bool cpu = false;
  bool pids = false;

  bool operator==(const Resting&) const = default;
};

// By how much the target is moved, as a share of capacity: what forecasts are wrong by (trim.h).
struct Trim {
  double share = 0;
  TimePoint at{};  // when it was computed

  bool operator==(const Trim&) const = default;
};

// What a tenant held on average, as shares of capacity; what is long ago counts less.
struct TenantUse {
  uint64_t tenant = 0;
  double memory = 0, cpu = 0;

  bool operator==(const TenantUse&) const = default;
};

struct PastUse {
  TimePoint at{};
  std::vector<TenantUse> tenants;  // by tenant

  bool operator==(const PastUse&) const = default;
};

// A time window of the policy as it falls next.
struct OpenWindow {
  std::size_t window = 0;  // its place in Policy::windows
  TimePoint begins{}, ends{};

  bool operator==(const OpenWindow&) const = default;
};

struct Snapshot {
  TimePoint now{};
  std::optional<HostView> host;  // absent: never measured
  std::vector<RunningJob> running;
  GateState gate;
  Resting resting;
  Trim trim;
  // How long jobs run on average: the expected line looks ahead by a share of it. Absent: not
  // known, and it looks at the present.
  std::optional<Duration> mean_duration;
  PastUse past_use;
  double target_factor = 1;         // the outer loop's: what is filled of the target
  std::vector<OpenWindow> windows;  // that are open or come within the week, by begin

  bool operator==(const Snapshot&) const = default;
};

}  // namespace headroom
