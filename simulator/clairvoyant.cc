#include <algorithm>
#include <deque>

#include "simulator/references.h"

namespace headroom::sim {
namespace {

// What all that was started will truly use, tick by tick from now on.
class Future {
 public:
  Future(Duration tick, int64_t memory_line, int64_t cpu_line)
      : tick_(tick), memory_line_(memory_line), cpu_line_(cpu_line) {}

  void MoveTo(Duration now) {
    for (; now_ + tick_ <= now; now_ += tick_)
      if (!uses_.empty()) uses_.pop_front();
  }
  bool Fits(const SimJob& job) const {
    const std::size_t ticks = TicksOf(job);
    for (std::size_t i = 0; i <= ticks; ++i) {
      const Use there = i < uses_.size() ? uses_[i] : Use{};
      if (there.memory_bytes + MostIn(job, i) > memory_line_ ||
          there.cpu_millis + job.cpu_millis > cpu_line_)
        return false;
    }
    return true;
  }
  void Add(const SimJob& job) {
    const std::size_t ticks = TicksOf(job);
    if (uses_.size() <= ticks) uses_.resize(ticks + 1);
    for (std::size_t i = 0; i <= ticks; ++i) {
      uses_[i].memory_bytes += MostIn(job, i);
      uses_[i].cpu_millis += job.cpu_millis;
    }
  }

 private:
  struct Use {
    int64_t memory_bytes = 0;
    int64_t cpu_millis = 0;
  };

  std::size_t TicksOf(const SimJob& job) const {
    return static_cast<std::size_t>((job.runtime + tick_ - Duration(1)) / tick_);
  }
  // The larger of both ends of a tick, so that a step inside it counts.
  int64_t MostIn(const SimJob& job, std::size_t i) const {
    return std::max(MemoryAt(job, LifeAt(job, i)), MemoryAt(job, LifeAt(job, i + 1)));
  }
  double LifeAt(const SimJob& job, std::size_t i) const {
    return std::min(1.0, static_cast<double>(i) * static_cast<double>(tick_.count()) /
                             static_cast<double>(job.runtime.count()));
  }

  const Duration tick_;
  const int64_t memory_line_, cpu_line_;
  Duration now_{};
  std::deque<Use> uses_;
};

class Oracle final : public Scheduler {
 public:
  Oracle(const Workload& workload, const ResourceVector& capacity, double line, Duration tick)
      : workload_(workload),
        future_(tick, Scale(capacity.memory_bytes, line), Scale(capacity.cpu_millis, line)) {}

  std::vector<JobIndex> Starts(Duration now, const Host& host,
                               const std::vector<JobIndex>& waiting) override {
    future_.MoveTo(now);
    std::vector<JobIndex> starts;
    for (const JobIndex index : waiting) {
      const SimJob& job = workload_.jobs[index];
      const bool idle = host.running().empty() && starts.empty();
      if (!idle && !future_.Fits(job)) break;
      future_.Add(job);
      starts.push_back(index);
    }
    return starts;
  }

 private:
  const Workload& workload_;
  Future future_;
};

}  // namespace

std::unique_ptr<Scheduler> Clairvoyant(const Workload& workload, const ResourceVector& capacity,
                                       double line, Duration tick) {
  return std::make_unique<Oracle>(workload, capacity, line, tick);
}

}  // namespace headroom::sim
