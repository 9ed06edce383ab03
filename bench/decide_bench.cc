#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <random>
#include <vector>

#include "admission/decide.h"
#include "base/units.h"
#include "bench/pairs.h"

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

double SecondsToSort(const std::vector<WaitingJob>& queue) {
  std::vector<SortKey> keys;
  keys.reserve(queue.size());
  for (const WaitingJob& job : queue) keys.push_back({job.priority, job.submitted_at, job.id});
  return bench::SecondsOf(bench::kCpuTime, [&] {
    std::sort(keys.begin(), keys.end(), GoesFirst);
    benchmark::DoNotOptimize(keys.data());
  });
}

// The decisions are freed outside of what is timed, as the sorted keys are.
double SecondsToDecide(const Snapshot& snapshot, const std::vector<WaitingJob>& queue) {
  const Policy policy;
  Decisions decisions;
  return bench::SecondsOf(bench::kCpuTime, [&] {
    decisions = Decide(snapshot, queue, policy);
    benchmark::DoNotOptimize(decisions.jobs.data());
  });
}

// Each iteration times both, one after the other, on the queue in a fresh random order.
void DecideAgainstSort(benchmark::State& state) {
  std::mt19937_64 random(42);
  std::vector<WaitingJob> queue = MakeQueue(static_cast<std::size_t>(state.range(0)), random);
  const Snapshot snapshot = MakeHost(static_cast<std::size_t>(state.range(1)), random);
  bench::Pairs pairs;
  for (auto _ : state) {
    std::shuffle(queue.begin(), queue.end(), random);
    const double sort = SecondsToSort(queue), decide = SecondsToDecide(snapshot, queue);
    pairs.Add(decide, sort);
    state.SetIterationTime(decide);
  }
  state.counters["decide_ms"] = pairs.ours() * 1e3;
  state.counters["sort_ms"] = pairs.floor() * 1e3;
  state.counters["ratio"] = pairs.ratio().median;
  state.counters["ratio_low"] = pairs.ratio().low;
  state.counters["ratio_high"] = pairs.ratio().high;
}

// Else large blocks go back to the kernel when they are freed, and half of the time is page faults.
void KeepFreedMemory() {
  constexpr int kOneGigabyte = 1 << 30;
  ::mallopt(M_MMAP_THRESHOLD, kOneGigabyte);
  ::mallopt(M_TRIM_THRESHOLD, kOneGigabyte);
}

// A million waiting jobs against a hundred thousand of them: ten times the work, and then what the
// caches no longer hold. Each queue was shuffled just before, so the small one is in the caches.
void DecideAMillion(benchmark::State& state) {
  KeepFreedMemory();
  std::mt19937_64 random(42);
  std::vector<WaitingJob> million = MakeQueue(1'000'000, random);
  std::vector<WaitingJob> tenth = MakeQueue(100'000, random);
  const Snapshot snapshot = MakeHost(1'000, random);
  bench::Pairs pairs;
  for (auto _ : state) {
    std::shuffle(million.begin(), million.end(), random);
    const double large = SecondsToDecide(snapshot, million);
    std::shuffle(tenth.begin(), tenth.end(), random);
    pairs.Add(large, SecondsToDecide(snapshot, tenth));
    state.SetIterationTime(pairs.ours());
  }
  state.counters["decide_ms"] = pairs.ours() * 1e3;
  state.counters["tenth_ms"] = pairs.floor() * 1e3;
  state.counters["ratio"] = pairs.ratio().median;
  state.counters["ratio_low"] = pairs.ratio().low;
  state.counters["ratio_high"] = pairs.ratio().high;
}

BENCHMARK(DecideAgainstSort)
    ->ArgNames({"waiting", "running"})
    ->Args({1'000, 1'000})
    ->Args({10'000, 1'000})
    ->Args({100'000, 1'000})
    ->UseManualTime()
    ->MinTime(2)
    ->Unit(benchmark::kMillisecond);

BENCHMARK(DecideAMillion)->Iterations(15)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headroom
