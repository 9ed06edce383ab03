#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admission/resources.h"
#include "base/units.h"
#include "simulator/workload.h"

// Workloads that a test can write down.
namespace headroom::sim {

inline SimJob AJob(int64_t memory_bytes, int64_t seconds, int64_t submitted = 0,
                   std::string key = "k") {
  SimJob job;
  job.key = std::move(key);
  job.submitted = std::chrono::seconds(submitted);
  job.runtime = std::chrono::seconds(seconds);
  job.peak_memory_bytes = memory_bytes;
  job.cpu_millis = 100;
  job.growth = {{0, 1}, {1, 1}};
  return job;
}

inline Workload AWorkload(std::vector<SimJob> jobs) { return {"test", std::move(jobs)}; }

inline ResourceVector AHost(int64_t memory_bytes = 100 * kGiB, int64_t cpu_millis = 100'000) {
  return {memory_bytes, cpu_millis, 1'000'000, {}};
}

}  // namespace headroom::sim
