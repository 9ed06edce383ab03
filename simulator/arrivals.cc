#include <algorithm>
#include <cmath>
#include <map>

#include "simulator/tasks.h"

namespace headroom::sim {
namespace {

// Streams of one seed, so that a change in one place does not shake the others.
enum Stream : uint64_t { kOrder, kSizes, kGrowth, kTimes };

constexpr double kSizeJitter = 0.05;
constexpr double kSharesTheShape = 0.8;
constexpr double kKnotJitter = 0.2;

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::vector<Knot> Growth(Shape shape, Rng& rng) {
  const double shift = rng.Uniform(1 - kKnotJitter, 1 + kKnotJitter);
  switch (shape) {
    case Shape::kFlat:
      return {{0, 0.3}, {0.02, 1}, {1, 1}};
    case Shape::kRamp:
      return {{0, 0.05}, {std::min(1.0, 0.8 * shift), 1}, {1, 1}};
    case Shape::kStaircase:
      return {{0, 0.1},
              {0.2 * shift, 0.1},
              {0.2 * shift, 0.4},
              {0.5 * shift, 0.4},
              {0.5 * shift, 0.75},
              {0.75 * shift, 0.75},
              {0.75 * shift, 1},
              {1, 1}};
    case Shape::kLateBurst:
      return {{0, 0.1}, {0.1, 0.25}, {0.9, 0.3}, {0.9, 1}, {1, 1}};
    case Shape::kCache:
      return {{0, 0.2}, {0.3 * shift, 0.8}, {0.6, 0.7}, {0.8, 1}, {1, 0.9}};
  }
  return {{0, 1}, {1, 1}};
}

class Grower {
 public:
  explicit Grower(uint64_t seed) : rng_(seed, kGrowth) {}

  void Grow(SimJob& job) {
    const auto usual = usual_.find(job.key);
    const Shape own =
        usual == usual_.end() ? usual_.emplace(job.key, AnyShape()).first->second : usual->second;
    const Shape shape = rng_.Uniform() < kSharesTheShape ? own : AnyShape();
    job.growth = Growth(shape, rng_);
    if (shape == Shape::kCache) job.cache_bytes = job.peak_memory_bytes / 4;
  }

 private:
  Shape AnyShape() {
    return kShapes[static_cast<std::size_t>(rng_.Integer(0, std::ssize(kShapes) - 1))];
  }

  Rng rng_;
  std::map<std::string, Shape> usual_;
};

SimJob JobOf(const Task& task, Rng& rng, Grower& grower) {
  const auto jitter = [&] { return rng.Uniform(1 - kSizeJitter, 1 + kSizeJitter); };
  SimJob job;
  job.key = task.key;
  job.runtime = Seconds(task.runtime_seconds * jitter());
  job.peak_memory_bytes =
      static_cast<int64_t>(static_cast<double>(task.peak_memory_bytes) * jitter());
  job.cpu_millis = static_cast<int64_t>(std::lround(task.cpu_percent * 10 * jitter()));
  grower.Grow(job);
  return job;
}

// The seconds for which the job fills the target on its own, in its larger dimension.
double Work(const SimJob& job, const Arrivals& arrivals) {
  const double memory = MeanMemory(job) / static_cast<double>(arrivals.capacity_memory_bytes);
  const double cpu =
      static_cast<double>(job.cpu_millis) / static_cast<double>(arrivals.capacity_cpu_millis);
  return std::chrono::duration<double>(job.runtime).count() * std::max(memory, cpu) /
         arrivals.target;
}

// Gaps between bursts are as long as the burst before keeps the host busy, divided by the load, on
// average.
void SpreadInBursts(std::vector<SimJob>& jobs, const Arrivals& arrivals, Rng rng) {
  const double load = rng.Uniform(arrivals.least_load, arrivals.most_load);
  double now = 0, work = 0;
  int64_t left = rng.Integer(arrivals.least_burst, arrivals.most_burst);
  for (SimJob& job : jobs) {
    if (left-- == 0) {
      now += rng.Exponential(work / load);
      work = 0;
      left = rng.Integer(arrivals.least_burst, arrivals.most_burst) - 1;
    }
    job.submitted = Seconds(now);
    work += Work(job, arrivals);
  }
}

}  // namespace

Workload MakeWorkload(std::string name, const std::vector<Task>& tasks, const Arrivals& arrivals,
                      uint64_t seed) {
  const bool timed =
      std::ranges::all_of(tasks, [](const Task& t) { return t.submit_seconds.has_value(); });
  std::vector<const Task*> order;
  const std::size_t wanted = arrivals.jobs == 0 ? tasks.size() : arrivals.jobs;
  Rng shake(seed, kOrder), sizes(seed, kSizes);
  while (order.size() < wanted) {  // a trace that is too short is played again, shaken anew
    std::vector<const Task*> round;
    round.reserve(tasks.size());
    for (const Task& task : tasks) round.push_back(&task);
    if (!timed) shake.Shuffle(round);
    round.resize(std::min(round.size(), wanted - order.size()));
    order.insert(order.end(), round.begin(), round.end());
    if (timed) break;
  }
  Grower grower(seed);
  Workload workload{std::move(name), {}};
  for (const Task* task : order) {
    workload.jobs.push_back(JobOf(*task, sizes, grower));
    if (timed) workload.jobs.back().submitted = Seconds(*task->submit_seconds);
  }
  if (timed) {
    std::ranges::stable_sort(workload.jobs, {}, &SimJob::submitted);
  } else {
    SpreadInBursts(workload.jobs, arrivals, Rng(seed, kTimes));
  }
  return workload;
}

}  // namespace headroom::sim
