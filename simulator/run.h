#pragma once

#include <cstdint>
#include <vector>

#include "admission/resources.h"
#include "base/clock.h"
#include "simulator/course.h"
#include "simulator/scheduler.h"
#include "simulator/workload.h"

// One workload under one scheduler, on a clock that moves by ticks.
namespace headroom::sim {

struct RunOptions {
  ResourceVector capacity;
  Duration tick = std::chrono::seconds(1);
};

// A share of capacity.
struct Utilization {
  double memory = 0;
  double cpu = 0;

  bool operator==(const Utilization&) const = default;
};

struct RunResult {
  int64_t jobs = 0;
  int64_t finished = 0;
  int64_t oom_kills = 0;
  int64_t rejected = 0;
  double over_capacity_seconds = 0;  // in which more memory was wanted than there is
  double makespan_seconds = 0;       // from the first submission to the last end
  double mean_wait_seconds = 0;
  double p99_wait_seconds = 0;
  double largest_job_p99_wait_seconds = 0;          // of the tenth with the largest peaks
  Utilization mean_utilization_while_waiting;       // truly used, at the end of each tick
  Utilization mean_utilization_while_waiting_warm;  // the same after a third of the jobs has ended
  Utilization peak_utilization;
  Utilization p999_utilization;  // not exceeded in 99.9 % of the time
  std::vector<double> waits;     // in seconds, of what started, shortest first
  Course course;                 // from the first submission to the last end
};

// Deterministic: the same arguments, the same result.
RunResult Simulate(const Workload& workload, Scheduler& scheduler, const RunOptions& options);

}  // namespace headroom::sim
