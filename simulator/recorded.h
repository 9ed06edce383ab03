#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "admission/growth.h"
#include "admission/history.h"
#include "admission/policy.h"
#include "base/result.h"
#include "record/cycle_reader.h"
#include "simulator/core_scheduler.h"
#include "simulator/workload.h"

// What really happened, as a workload: from a daemon's decision log, without deciding again.
namespace headroom::sim {

// The jobs that came and ended within a stretch of the log. They come when they came, with what was
// said of them, run as long as they ran and grow as they were seen to grow.
struct RecordedDays {
  Workload workload;
  std::vector<KnownAttempt> history;  // what was known before
  Policy policy;                      // in force at the end
  ResourceVector capacity;            // at the end
  ResourceVector unmanaged;           // what others used, on average
  WallTime begins{}, ends{};          // the first and the last cycle that counts
  double mean_wait_seconds = 0;       // of these jobs, as it was
  // Not among them, because not all of their life is known: they ran before, or still run or wait.
  int64_t ran_before = 0, not_ended = 0;
  int64_t never_ran = 0;  // cancelled or rejected: of these nothing is known
};

class Recording {
 public:
  // Jobs that were submitted before count as "ran before".
  explicit Recording(WallTime since) : since_(since) {}

  // The next record. Fails as CycleReader does.
  Status Take(const record::Frame& frame);
  // kNotFound: there was no cycle. Leaves nothing in it.
  Result<RecordedDays> Finish();

 private:
  struct Job {
    std::string key, tenant;
    DeclaredRequest declared;
    std::optional<Duration> duration;
    int32_t priority = 0;
    WallTime submitted{};
    std::optional<TimePoint> admitted;
    std::optional<WallTime> started, ended;
    Growth growth;
    Use last;  // in it
  };

  void TakeBase(const record::Base& base);
  void TakeHistory(const record::Cycle& cycle);
  void TakeCycle(const record::Cycle& cycle);
  void See(const record::RecordedWaiting& waiting, const record::Cycle& cycle);
  void See(const record::RecordedRunning& running, const record::Cycle& cycle);
  void EndThose(const record::Cycle& cycle);

  const WallTime since_;
  record::CycleReader reader_;
  std::map<JobId, Job> jobs_;
  std::set<JobId> live_;  // of these, those that have started and not ended
  std::set<JobId> ran_before_;
  std::vector<KnownAttempt> history_;
  std::optional<WallTime> begins_, ends_;
  ResourceVector capacity_;
  double unmanaged_memory_ = 0, unmanaged_cpu_ = 0;
  int64_t cycles_ = 0;
};

}  // namespace headroom::sim
