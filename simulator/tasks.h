#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "simulator/rng.h"
#include "simulator/workload.h"

// Tasks, from a trace or made up, and how they become a workload.
namespace headroom::sim {

// What a trace records: peaks and averages, no growth.
struct Task {
  std::string key;
  double runtime_seconds = 0;
  double cpu_percent = 0;  // 100 is one core
  int64_t peak_memory_bytes = 0;
  std::optional<double> submit_seconds;
  std::size_t line = 0;  // of the trace; 0: made up

  bool operator==(const Task&) const = default;
};

// A trace as CSV, with a header that names at least name, runtime_seconds and peak_memory_bytes;
// avg_cpu_percent and submit_seconds are read if they are there, other columns are not. Tasks that
// ran for less than a second or whose peak was not recorded are left out; which, is told if
// `left_out` is there. The error names the line.
struct LeftOut {
  std::size_t line = 0;
  std::string why;

  bool operator==(const LeftOut&) const = default;
};
Result<std::vector<Task>> ParseTrace(std::string_view csv,
                                     std::vector<LeftOut>* left_out = nullptr);

// Task sets of our own, so that nothing rests on one trace.
enum class TaskSet {
  kMixed,  // short and long, many keys of different sizes
  kTpp,    // a research host: minutes to two days, sizes lognormal, keys that vary wildly
};
std::vector<Task> MakeTasks(TaskSet set, int64_t host_memory_bytes, int64_t host_cpu_millis,
                            std::size_t count, Rng rng);

struct Arrivals {
  int64_t capacity_memory_bytes = 0;
  int64_t capacity_cpu_millis = 0;
  // The share of capacity that arrivals are measured by, and how much more comes than it drains.
  double target = 0.60;
  double least_load = 1.0, most_load = 1.6;
  int64_t least_burst = 30, most_burst = 90;
  std::size_t jobs = 0;  // as many as there are tasks if 0
};

// With times of their own the tasks come as recorded; else shaken, in bursts. Growth is modelled:
// most jobs of a key share a shape, and each deviates from it.
Workload MakeWorkload(std::string name, const std::vector<Task>& tasks, const Arrivals& arrivals,
                      uint64_t seed);

}  // namespace headroom::sim
