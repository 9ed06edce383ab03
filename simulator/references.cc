#include "simulator/references.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace headroom::sim {
namespace {

// The next job starts while a rule holds; the rule is told of what has started in this pass.
class WhileHolds : public Scheduler {
 public:
  using Rule = std::function<bool(const Host& host, std::size_t running, std::size_t started)>;
  explicit WhileHolds(Rule rule) : rule_(std::move(rule)) {}

  std::vector<JobIndex> Starts(Duration, const Host& host,
                               const std::vector<JobIndex>& waiting) override {
    std::size_t started = 0;
    const std::size_t running = host.running().size();
    while (started < waiting.size() &&
           (running + started == 0 || rule_(host, running + started, started)))
      ++started;
    return {waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(started)};
  }

 private:
  const Rule rule_;
};

int64_t ObservedMemory(const Host& host) {
  int64_t sum = 0;
  for (const Running& run : host.running()) sum += host.ObservedMemoryOf(run);
  return sum;
}

int64_t CpuUsed(const Host& host) { return std::min(host.CpuWanted(), host.capacity().cpu_millis); }

}  // namespace

std::unique_ptr<Scheduler> NoLimit() {
  return std::make_unique<WhileHolds>([](const Host&, std::size_t, std::size_t) { return true; });
}

std::unique_ptr<Scheduler> FixedCount(std::size_t most) {
  return std::make_unique<WhileHolds>(
      [most](const Host&, std::size_t running, std::size_t) { return running < most; });
}

std::unique_ptr<Scheduler> NaiveLiveUsage(double target) {
  return std::make_unique<WhileHolds>([target](const Host& host, std::size_t, std::size_t) {
    return ObservedMemory(host) < Scale(host.capacity().memory_bytes, target) &&
           CpuUsed(host) < Scale(host.capacity().cpu_millis, target);
  });
}

std::unique_ptr<Scheduler> DeclaredLimit(const Workload& workload) {
  int64_t largest = 1;
  for (const SimJob& job : workload.jobs) largest = std::max(largest, job.peak_memory_bytes);
  const int64_t declared = largest + largest / 10 * 3;
  return std::make_unique<WhileHolds>(
      [declared](const Host& host, std::size_t running, std::size_t) {
        return static_cast<int64_t>(running + 1) <= host.capacity().memory_bytes / declared;
      });
}

std::unique_ptr<Scheduler> MemFree() {
  return std::make_unique<WhileHolds>([](const Host& host, std::size_t, std::size_t started) {
    const int64_t free = host.capacity().memory_bytes - ObservedMemory(host);
    return started == 0 && free >= host.capacity().memory_bytes / 10;
  });
}

}  // namespace headroom::sim
