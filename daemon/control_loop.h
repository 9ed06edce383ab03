#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admission/decision.h"
#include "admission/foresight.h"
#include "admission/ledger.h"
#include "admission/outer_loop.h"
#include "admission/policy.h"
#include "admission/relief.h"
#include "admission/self_score.h"
#include "admission/shadow.h"
#include "base/clock.h"
#include "collectors/psi_trigger.h"
#include "daemon/decision_log.h"
#include "daemon/host_watch.h"
#include "daemon/job_book.h"
#include "daemon/lifecycle.h"
#include "daemon/metrics.h"
#include "daemon/relief_control.h"
#include "executor/executor.h"

// The cycle: reap what ended, measure, build one snapshot, decide, apply, publish.
namespace headroom {

// All that the loop works on; everything outlives it.
struct LoopParts {
  const Clock& clock;
  JobBook& book;
  HostWatch& watch;
  Executor& executor;
  Metrics& metrics;
};

// Threads: the event loop's only.
class ControlLoop {
 public:
  ControlLoop(LoopParts parts, Policy policy);

  // After a start: adopts what runs, puts back in line what never ran, removes what belongs to
  // nobody.
  Status Recover();

  // One cycle.
  void Tick();

  // The daemon stops: jobs go on, and nothing that has to be undone is left on them.
  void Stop();

  // Kills a running job's attempt. The end comes with a later cycle.
  void Kill(const JobRecord& job);

  // Attempts that have ended elsewhere and are stored by now. What points to forecasts of before is
  // made anew with the next cycle.
  void Remember(std::span<const PastAttemptOfKey> attempts);

  void SetPolicy(Policy policy);
  // Decided beside the policy from the next cycle on; absent: none.
  void SetShadow(std::optional<Policy> policy);
  const std::optional<Shadow>& shadow() const { return shadow_; }
  // Triggers belong to the policy's thresholds; made anew with it. May be null.
  void SetTriggers(std::unique_ptr<PressureTriggers> triggers) { triggers_ = std::move(triggers); }
  PressureTriggers* triggers() const { return triggers_.get(); }

  // What the last cycle saw and decided, for the API.
  struct View {
    Snapshot snapshot;
    Decisions decisions;
    Observation observation;
    Duration decide_time{};
    Duration cycle_time{};
    ScoreTotals score;  // of all cycles so far
  };
  const View& last() const { return view_; }
  const Policy& policy() const { return policy_; }
  int64_t policy_generation() const { return generation_; }
  // The capacity that requests in shares are taken of. Zero before the first measurement.
  ResourceVector capacity() const;

  // What a cycle would see if it did not measure: what the last one admitted runs, what was
  // submitted since waits. Points into the loop and holds until its next cycle or change of a job.
  struct Present {
    Snapshot snapshot;
    std::span<const WaitingJob> waiting;
  };
  Present LookNow();
  const Foresight& foresight() const { return foresight_; }
  // What is done to running jobs now for want of memory.
  const Relief& relief() const { return relief_.state(); }

  // How long until a job that could not be launched is tried again; absent: it is not held back.
  std::optional<Duration> RetriesIn(JobId job) const;

  // Called at the end of every cycle, when last() is new.
  void OnCycle(std::function<void()> publish) { publish_ = std::move(publish); }

 private:
  struct Retry {
    int failures = 0;
    TimePoint not_before{};
  };

  Status RecordEnds();
  Status RecordEnd(const AttemptEnd& end);
  void CountEnd(const AttemptEnd& end);
  Observation Measure();
  void MoveGate(const Observation& seen);
  void MoveTarget(const Decisions& decisions);
  void NoteFailure();
  void LookAhead(const Observation& seen);
  std::vector<OpenWindow> WindowsOf(const Policy& policy) const;
  Snapshot BuildSnapshot(const Observation& seen) const;
  void LookInShadow(const Observation& seen, std::span<const WaitingJob> candidates);
  std::span<const WaitingJob> Candidates(const ResourceVector& capacity);
  Status Apply(const Decisions& decisions, std::span<const WaitingJob> candidates);
  Status Prune();
  Status Admit(const Decision& decision, const WaitingJob& candidate);
  Status Reject(const Decision& decision);
  void LaunchAdmitted();
  Status Launch(const JobRecord& job);
  Status PutBack(const JobRecord& job, const Error& error);
  JobRecord NotAdopted(const JobRecord& job) const;
  void RebuildLedger();
  Instant Now() const { return {clock_.Now(), clock_.WallNow()}; }

  const Clock& clock_;
  JobBook& book_;
  HostWatch& watch_;
  Executor& executor_;
  Metrics& metrics_;
  Policy policy_;
  int64_t generation_ = 1;
  std::unique_ptr<PressureTriggers> triggers_;

  Ledger ledger_;
  GateState gate_;
  Resting resting_;
  Trim trim_;
  OuterLoop outer_;
  bool trouble_ = false;  // since outer_ was computed
  ReliefControl relief_;
  PastUse past_use_;
  std::vector<OpenWindow> windows_;
  Foresight foresight_;
  SelfScore score_;
  std::optional<Shadow> shadow_;
  int64_t memory_kills_ = 0;  // by pool or host, since the last cycle
  DecisionLog log_;
  TimePoint now_{};
  std::vector<AttemptEnd> ends_;           // not recorded durably yet
  std::vector<PastAttemptOfKey> lessons_;  // of these
  std::vector<JobId> to_launch_;           // admitted in this cycle, not launched yet
  TimePoint prune_at_{};
  std::map<JobId, Retry> retries_;
  std::vector<WaitingJob> candidates_;
  bool listed_between_ = false;  // the waiting list was made since the last cycle
  View view_;
  std::function<void()> publish_;
};

}  // namespace headroom
