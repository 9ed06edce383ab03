#pragma once

#include <set>
#include <span>
#include <vector>

#include "admission/decision.h"
#include "admission/gate.h"
#include "admission/job.h"
#include "admission/outer_loop.h"
#include "admission/policy.h"
#include "admission/snapshot.h"

// A candidate policy, decided beside the one in force and never acted on.
//
// It sees the host as it really is: what it would have started and the policy in force did not,
// does not run. So it says of each job whether it would start sooner or later, and not how the host
// would look after a day of it; that is for a simulation on recorded history.
namespace headroom {

// What one cycle saw and decided in truth, as the candidate is to see it.
struct RealCycle {
  const Snapshot& snapshot;  // but for what depends on the policy: windows, and who runs alone
  const std::vector<PressureReading>& pressure;
  bool trouble = false;                 // for the outer loop (outer_loop.h)
  std::span<const WaitingJob> waiting;  // with what they are taken to need under the candidate
  const Decisions& decisions;           // the real ones
};

// Of the jobs that really started: when the candidate would have started them, as soon as it was
// asked. A job that waits under both is in none.
struct ShadowTotals {
  int64_t alike = 0;    // in the same cycle
  int64_t earlier = 0;  // in a cycle before
  int64_t later = 0;    // not yet

  bool operator==(const ShadowTotals&) const = default;
};

// Deterministic, reads no clock. Not safe for concurrent use.
class Shadow {
 public:
  explicit Shadow(Policy policy) : policy_(std::move(policy)) {}

  const Policy& policy() const { return policy_; }

  void Look(const RealCycle& real);

  const Decisions& last() const { return last_; }  // the candidate's
  // Those that it would start now and that really wait on.
  int64_t would_start() const { return would_start_; }
  const ShadowTotals& totals() const { return totals_; }

 private:
  Snapshot SeenBy(const RealCycle& real);
  void Compare(const Decisions& decided);

  const Policy policy_;
  GateState gate_;
  OuterLoop outer_;
  Decisions last_;
  std::set<JobId> would_have_;  // started in an earlier cycle, and that wait on
  int64_t would_start_ = 0;
  ShadowTotals totals_;
};

}  // namespace headroom
