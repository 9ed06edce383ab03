#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "simulator/tasks.h"

namespace headroom::sim {
namespace {

// What the jobs of one key have in common.
struct Kind {
  std::string key;
  double weight = 1;
  double median_memory_share = 0, memory_sigma = 0;
  double median_seconds = 0, seconds_sigma = 0;
  double median_cpu_percent = 100;
};

struct Bounds {
  double most_memory_share;
  double shortest_seconds, longest_seconds;
};

Task TaskOf(const Kind& kind, const Bounds& bounds, int64_t host_memory_bytes,
            int64_t host_cpu_millis, Rng& rng) {
  const double share = std::min(rng.LogNormal(kind.median_memory_share, kind.memory_sigma),
                                bounds.most_memory_share);
  const double seconds = std::clamp(rng.LogNormal(kind.median_seconds, kind.seconds_sigma),
                                    bounds.shortest_seconds, bounds.longest_seconds);
  const double most_cpu = static_cast<double>(host_cpu_millis) / 10;
  return {kind.key, seconds, std::min(rng.LogNormal(kind.median_cpu_percent, 0.4), most_cpu),
          static_cast<int64_t>(share * static_cast<double>(host_memory_bytes)), std::nullopt};
}

std::vector<Kind> MixedKinds(Rng& rng) {
  constexpr int kKinds = 40;
  std::vector<Kind> kinds;
  kinds.reserve(kKinds);
  for (int i = 0; i < kKinds; ++i) {
    kinds.push_back({fmt::format("mixed-{}", i), rng.Uniform(0.2, 1), rng.LogNormal(0.015, 0.9),
                     0.2, rng.LogNormal(60, 1.2), 0.4, rng.LogNormal(120, 0.5)});
  }
  return kinds;
}

std::vector<Kind> TppKinds(Rng& rng) {
  std::vector<Kind> kinds;
  for (int i = 0; i < 45; ++i) {
    const bool wild = i % 4 == 0;
    kinds.push_back({fmt::format("study-{}", i), rng.Uniform(0.2, 1), rng.LogNormal(0.018, 0.7),
                     wild ? 0.9 : 0.15, rng.LogNormal(1800, 1.2), wild ? 0.8 : 0.3,
                     rng.LogNormal(110, 0.4)});
  }
  return kinds;
}

// Averaged over the time that tasks run, a job uses this much of the host, so that 24 of them fill
// the target of 60 %: on such a host a fixed count of 24 is right.
constexpr double kMeanMemoryShare = 0.025, kMeanCpuShare = 0.02;
// Of its peak, averaged over the shapes of growth.
constexpr double kMeanOfPeak = 0.65;

void Calibrate(std::vector<Task>& tasks, int64_t host_memory_bytes, int64_t host_cpu_millis,
               double most_memory_share) {
  double seconds = 0, memory = 0, cpu = 0;
  for (const Task& task : tasks) {
    seconds += task.runtime_seconds;
    memory += static_cast<double>(task.peak_memory_bytes) * task.runtime_seconds;
    cpu += task.cpu_percent * task.runtime_seconds;
  }
  const auto host_memory = static_cast<double>(host_memory_bytes);
  const double most_cpu_percent = static_cast<double>(host_cpu_millis) / 10;
  const double larger = kMeanMemoryShare * host_memory / (memory / seconds * kMeanOfPeak);
  const double faster = kMeanCpuShare * most_cpu_percent / (cpu / seconds);
  for (Task& task : tasks) {
    const double peak = static_cast<double>(task.peak_memory_bytes) * larger;
    task.peak_memory_bytes = static_cast<int64_t>(std::min(peak, most_memory_share * host_memory));
    task.cpu_percent = std::min(task.cpu_percent * faster, most_cpu_percent);
  }
}

const Kind& Pick(const std::vector<Kind>& kinds, Rng& rng) {
  double total = 0;
  for (const Kind& kind : kinds) total += kind.weight;
  double left = rng.Uniform(0, total);
  for (const Kind& kind : kinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return kinds.back();
}

}  // namespace

std::vector<Task> MakeTasks(TaskSet set, int64_t host_memory_bytes, int64_t host_cpu_millis,
                            std::size_t count, Rng rng) {
  const bool tpp = set == TaskSet::kTpp;
  const std::vector<Kind> kinds = tpp ? TppKinds(rng) : MixedKinds(rng);
  const Bounds bounds = tpp ? Bounds{0.125, 60, 2 * 86'400} : Bounds{0.125, 2, 3600};
  std::vector<Task> tasks;
  tasks.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    tasks.push_back(TaskOf(Pick(kinds, rng), bounds, host_memory_bytes, host_cpu_millis, rng));
  Calibrate(tasks, host_memory_bytes, host_cpu_millis, bounds.most_memory_share);
  return tasks;
}

}  // namespace headroom::sim
