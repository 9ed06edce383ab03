#include "simulator/run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace headroom::sim {
namespace {

// A scheduler that starts nothing on an idle host for so long never will.
constexpr int64_t kMostIdleTicks = 3600;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Nearest rank; 0 of nothing.
double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto rank =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())) - 1);
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(std::min(rank, values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

// How long a share of capacity was used, in steps of a thousandth.
class Levels {
 public:
  void Add(double level, double seconds) {
    seconds_[static_cast<int64_t>(std::lround(level * 1000))] += seconds;
    total_ += seconds;
    peak_ = std::max(peak_, level);
  }
  double peak() const { return peak_; }
  double NotExceededFor(double share) const {
    double left = total_ * share;
    for (const auto& [level, seconds] : seconds_) {
      left -= seconds;
      if (left <= 0) return static_cast<double>(level) / 1000;
    }
    return peak_;
  }

 private:
  std::map<int64_t, double> seconds_;
  double total_ = 0, peak_ = 0;
};

class Mean {
 public:
  void Add(double value, double weight) {
    sum_ += value * weight;
    weight_ += weight;
  }
  double value() const { return weight_ > 0 ? sum_ / weight_ : 0; }

 private:
  double sum_ = 0, weight_ = 0;
};

struct Means {
  Mean memory, cpu;
  void Add(const Utilization& used, double seconds) {
    memory.Add(used.memory, seconds);
    cpu.Add(used.cpu, seconds);
  }
  Utilization value() const { return {memory.value(), cpu.value()}; }
};

class Game {
 public:
  Game(const Workload& workload, Scheduler& scheduler, const RunOptions& options)
      : workload_(workload),
        scheduler_(scheduler),
        options_(options),
        host_(workload, options.capacity) {
    result_.jobs = std::ssize(workload.jobs);
  }

  RunResult Play() {
    const Duration first = workload_.jobs.empty() ? Duration{} : workload_.jobs.front().submitted;
    for (now_ = first; !IsOver(); now_ += options_.tick) {
      SkipToNextSubmission();
      Submit();
      Start();
      Pass();
    }
    result_.makespan_seconds = Seconds(now_ - first);
    return Summed();
  }

 private:
  bool IsOver() const {
    const bool idle = next_ == workload_.jobs.size() && host_.running().empty();
    return idle && (waiting_.empty() || idle_ticks_ > kMostIdleTicks);
  }
  void SkipToNextSubmission() {
    if (!waiting_.empty() || !host_.running().empty()) return;
    const Duration idle = workload_.jobs[next_].submitted - now_;
    if (idle > Duration{})
      now_ += (idle + options_.tick - Duration(1)) / options_.tick * options_.tick;
  }
  void Submit() {
    for (; next_ < workload_.jobs.size() && workload_.jobs[next_].submitted <= now_; ++next_)
      waiting_.push_back(next_);
  }
  void Start() {
    if (waiting_.empty()) return;
    for (const JobIndex job : scheduler_.Starts(now_, host_, waiting_)) {
      host_.Start(job, now_);
      waits_.push_back({job, Seconds(now_ - workload_.jobs[job].submitted)});
      std::erase(waiting_, job);
    }
    for (const JobIndex job : scheduler_.TakeRejected()) {
      std::erase(waiting_, job);
      ++result_.rejected;
    }
  }
  void Pass() {
    idle_ticks_ = host_.running().empty() ? idle_ticks_ + 1 : 0;
    const Duration after = now_ + options_.tick;
    for (const Ended& ended : host_.Advance(options_.tick)) {
      ended.oom_killed ? ++result_.oom_kills : ++result_.finished;
      scheduler_.OnEnd(after, ended);
    }
    const double seconds = Seconds(options_.tick);
    const auto memory = static_cast<double>(options_.capacity.memory_bytes);
    if (host_.wanted_memory_bytes() > options_.capacity.memory_bytes)
      result_.over_capacity_seconds += seconds;
    const Utilization used{static_cast<double>(host_.Memory()) / memory,
                           std::min(1.0, static_cast<double>(host_.CpuWanted()) /
                                             static_cast<double>(options_.capacity.cpu_millis))};
    memory_levels_.Add(static_cast<double>(host_.wanted_memory_bytes()) / memory, seconds);
    cpu_levels_.Add(used.cpu, seconds);
    result_.course.Add({seconds, used.memory, used.cpu,
                        static_cast<double>(host_.wanted_memory_bytes()) / memory,
                        static_cast<double>(waiting_.size())});
    if (waiting_.empty()) return;
    while_waiting_.Add(used, seconds);
    if ((result_.finished + result_.oom_kills) * 3 >= result_.jobs)
      while_waiting_warm_.Add(used, seconds);
  }

  RunResult Summed() {
    result_.mean_utilization_while_waiting = while_waiting_.value();
    result_.mean_utilization_while_waiting_warm = while_waiting_warm_.value();
    result_.peak_utilization = {memory_levels_.peak(), cpu_levels_.peak()};
    result_.p999_utilization = {memory_levels_.NotExceededFor(0.999),
                                cpu_levels_.NotExceededFor(0.999)};
    std::vector<double> all, largest;
    const int64_t large = LargestTenthFrom();
    Mean mean;
    for (const Wait& wait : waits_) {
      all.push_back(wait.seconds);
      mean.Add(wait.seconds, 1);
      if (workload_.jobs[wait.job].peak_memory_bytes >= large) largest.push_back(wait.seconds);
    }
    result_.mean_wait_seconds = mean.value();
    result_.p99_wait_seconds = Percentile(all, 0.99);
    std::ranges::sort(all);
    result_.waits = std::move(all);
    result_.largest_job_p99_wait_seconds = Percentile(std::move(largest), 0.99);
    return result_;
  }
  int64_t LargestTenthFrom() const {
    std::vector<double> peaks;
    for (const SimJob& job : workload_.jobs)
      peaks.push_back(static_cast<double>(job.peak_memory_bytes));
    return static_cast<int64_t>(Percentile(std::move(peaks), 0.9));
  }

  struct Wait {
    JobIndex job;
    double seconds;
  };

  const Workload& workload_;
  Scheduler& scheduler_;
  const RunOptions options_;
  Host host_;
  Duration now_{};
  int64_t idle_ticks_ = 0;
  JobIndex next_ = 0;  // to be submitted
  std::vector<JobIndex> waiting_;
  std::vector<Wait> waits_;
  Levels memory_levels_, cpu_levels_;
  Means while_waiting_, while_waiting_warm_;
  RunResult result_;
};

}  // namespace

RunResult Simulate(const Workload& workload, Scheduler& scheduler, const RunOptions& options) {
  return Game(workload, scheduler, options).Play();
}

}  // namespace headroom::sim
