#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <random>
#include <vector>

#include "admission/decide.h"
#include "base/units.h"

// decide() against std::sort of the same keys, the floor of any ordered queue.
namespace headroom {
namespace {

struct SortKey {
  int32_t priority;
  TimePoint submitted_at;
  JobId id;
};

bool GoesFirst(const SortKey& a, const SortKey& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.submitted_at != b.submitted_at) return a.submitted_at < b.submitted_at;
  return a.id < b.id;
}

constexpr TimePoint kNow{std::chrono::hours(100)};

std::vector<WaitingJob> MakeQueue(std::size_t size, std::mt19937_64& random) {
  std::vector<WaitingJob> queue(size);
  for (std::size_t i = 0; i < size; ++i) {
    WaitingJob& job = queue[i];
    job.id = {static_cast<int64_t>(100'000'000 + i)};
    job.priority = static_cast<int32_t>(random() % 5);
    job.submitted_at = kNow - std::chrono::nanoseconds(random() % 3'600'000'000'000);
    job.request = {static_cast<int64_t>(1 + random() % 40) * 100 * kMiB,
                   static_cast<int64_t>(100 + random() % 4000),
                   32,
                   {}};
    if (random() % 2) job.duration = std::chrono::seconds(random() % 3600);
  }
  std::shuffle(queue.begin(), queue.end(), random);
  return queue;
}

// A host that is nearly full: some start, one is the head, most wait for their own reason.
Snapshot MakeHost(std::size_t running, std::mt19937_64& random) {
  Snapshot snapshot;
  snapshot.now = kNow;
  const auto jobs = static_cast<int64_t>(running);
  snapshot.host =
      HostView{kNow, {jobs * 4 * kGiB, jobs * 4000, jobs * 400, {}}, {kGiB, 500, 300, {}}};
  for (std::size_t i = 0; i < running; ++i) {
    RunningJob job;
    job.id = {static_cast<int64_t>(i)};
    job.request = {static_cast<int64_t>(1 + random() % 46) * 100 * kMiB,
                   static_cast<int64_t>(100 + random() % 4000),
                   32,
                   {}};
    job.admitted_at = kNow - std::chrono::seconds(random() % 300);
    if (random() % 2) job.duration = std::chrono::seconds(300 + random() % 3600);
    job.observed = {job.request.memory_bytes, job.request.cpu_millis, 30};
    snapshot.running.push_back(std::move(job));
  }
  return snapshot;
}

// CPU time of this thread: what other programs take of the machine does not count.
double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// Each iteration times both, one after the other, on the queue in a fresh random order.
void DecideAgainstSort(benchmark::State& state) {
  std::mt19937_64 random(42);
  std::vector<WaitingJob> queue = MakeQueue(static_cast<std::size_t>(state.range(0)), random);
  const Snapshot snapshot = MakeHost(static_cast<std::size_t>(state.range(1)), random);
  const Policy policy;
  std::vector<double> decide_seconds, sort_seconds;
  for (auto _ : state) {
    std::shuffle(queue.begin(), queue.end(), random);
    std::vector<SortKey> keys;
    keys.reserve(queue.size());
    for (const WaitingJob& job : queue) keys.push_back({job.priority, job.submitted_at, job.id});
    const double start = CpuSeconds();
    std::sort(keys.begin(), keys.end(), GoesFirst);
    benchmark::DoNotOptimize(keys.data());
    const double sorted = CpuSeconds();
    Decisions decisions = Decide(snapshot, queue, policy);
    benchmark::DoNotOptimize(decisions.jobs.data());
    const double decided = CpuSeconds();
    sort_seconds.push_back(sorted - start);
    decide_seconds.push_back(decided - sorted);
    state.SetIterationTime(decided - sorted);
  }
  state.counters["sort_ms"] = Median(sort_seconds) * 1e3;
  state.counters["decide_ms"] = Median(decide_seconds) * 1e3;
  state.counters["ratio"] = Median(decide_seconds) / Median(sort_seconds);
}

BENCHMARK(DecideAgainstSort)
    ->ArgNames({"waiting", "running"})
    ->Args({1'000, 1'000})
    ->Args({10'000, 1'000})
    ->Args({100'000, 1'000})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headroom
