#include "simulator/host.h"

#include <algorithm>
#include <cmath>

namespace headroom::sim {

void Host::Start(JobIndex job, Duration now) { running_.push_back({job, now, {}, 0}); }

int64_t Host::Memory() const {
  int64_t sum = 0;
  for (const Running& run : running_) sum += MemoryOf(run);
  return sum;
}

int64_t Host::CpuWanted() const {
  int64_t sum = 0;
  for (const Running& run : running_) sum += Of(run).cpu_millis;
  return sum;
}

double Host::Speed() const {
  const int64_t wanted = CpuWanted();
  return wanted <= capacity_.cpu_millis
             ? 1.0
             : static_cast<double>(capacity_.cpu_millis) / static_cast<double>(wanted);
}

std::vector<Ended> Host::Advance(Duration tick) {
  const Duration worked(std::llround(static_cast<double>(tick.count()) * Speed()));
  for (Running& run : running_) {
    run.worked = std::min(run.worked + worked, Of(run).runtime);
    run.peak_memory_bytes = std::max(run.peak_memory_bytes, ObservedMemoryOf(run));
  }
  std::vector<Ended> ended;
  KillWhatDoesNotFit(ended);
  std::erase_if(running_, [&](const Running& run) {
    if (run.worked < Of(run).runtime) return false;
    ended.push_back({run, false});
    return true;
  });
  return ended;
}

void Host::KillWhatDoesNotFit(std::vector<Ended>& ended) {
  int64_t used = wanted_memory_bytes_ = Memory();
  while (used > capacity_.memory_bytes) {
    const auto largest = std::ranges::max_element(
        running_, {}, [this](const Running& run) { return MemoryOf(run); });
    used -= MemoryOf(*largest);
    ended.push_back({*largest, true});
    running_.erase(largest);
  }
}

}  // namespace headroom::sim
