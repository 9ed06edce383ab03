#pragma once

#include <optional>
#include <vector>

#include "admission/resources.h"
#include "base/clock.h"
#include "simulator/workload.h"

// The host as it truly is: what runs uses memory along its growth, shares the CPU, and is killed
// when there is no more memory.
namespace headroom::sim {

// A job by its place in the workload.
using JobIndex = std::size_t;

struct Running {
  JobIndex job = 0;
  Duration started{};
  Duration worked{};              // of its runtime; slower than the clock where CPU is short
  int64_t peak_memory_bytes = 0;  // observed so far
};

struct Ended {
  Running run;
  bool oom_killed = false;
};

class Host {
 public:
  // `workload` outlives the host.
  Host(const Workload& workload, const ResourceVector& capacity)
      : workload_(workload), capacity_(capacity) {}

  void Start(JobIndex job, Duration now);
  // Lets `tick` pass and returns what ended in it. Where the jobs want more CPU than there is, all
  // slow down alike. Where they use more memory than there is, the largest is killed until they do
  // not, as the kernel does.
  std::vector<Ended> Advance(Duration tick);

  const std::vector<Running>& running() const { return running_; }
  const ResourceVector& capacity() const { return capacity_; }
  const SimJob& Of(const Running& run) const { return workload_.jobs[run.job]; }
  double LifeOf(const Running& run) const {
    return static_cast<double>(run.worked.count()) / static_cast<double>(Of(run).runtime.count());
  }
  int64_t MemoryOf(const Running& run) const { return MemoryAt(Of(run), LifeOf(run)); }
  int64_t ObservedMemoryOf(const Running& run) const { return ObservedAt(Of(run), LifeOf(run)); }

  // What it gets of the CPU that it wants.
  int64_t CpuOf(const Running& run) const {
    return static_cast<int64_t>(static_cast<double>(Of(run).cpu_millis) * Speed());
  }

  int64_t Memory() const;  // of all that runs, now
  int64_t CpuWanted() const;
  // The most memory that was wanted at once in the last Advance(), before anything was killed.
  int64_t wanted_memory_bytes() const { return wanted_memory_bytes_; }

 private:
  double Speed() const;
  void KillWhatDoesNotFit(std::vector<Ended>& ended);

  const Workload& workload_;
  const ResourceVector capacity_;
  std::vector<Running> running_;
  int64_t wanted_memory_bytes_ = 0;
};

}  // namespace headroom::sim
