#pragma once

#include <set>
#include <span>

#include "admission/policy.h"
#include "admission/relief.h"
#include "daemon/job_book.h"
#include "daemon/metrics.h"
#include "executor/executor.h"

// Does to running jobs what the ladder of relief says (admission/relief.h), tells it, and sees to
// it that it is undone: what cannot be done now is tried again with the next cycle. Threads: the
// loop's only. The parts outlive it.
namespace headroom {

class ReliefControl {
 public:
  ReliefControl(JobBook& book, Executor& executor, Metrics& metrics)
      : book_(book), executor_(executor), metrics_(metrics) {}

  // Once a cycle, before its commit.
  void Look(const ReliefSigns& signs, std::span<const RunningJob> running, const Policy& policy,
            TimePoint now);
  // A job that an earlier daemon may have left frozen; it is put right with the next PutInForce().
  void Adopt(JobId job) { to_control_.insert(job); }
  void PutInForce(const Policy& policy);
  // Another policy is in force: its rungs wait their time.
  void StartOver() { relief_.rungs = {}; }
  // The daemon stops, and nobody would undo anything.
  void UndoAll(const Policy& policy, TimePoint now);

  const Relief& state() const { return relief_; }

 private:
  void Do(const ReliefMove& move, TimePoint now);

  JobBook& book_;
  Executor& executor_;
  Metrics& metrics_;
  Relief relief_;
  std::set<JobId> to_control_;  // what is in force on them may not be what relief_ says
};

}  // namespace headroom
