#pragma once

#include <optional>

#include "admission/decision.h"
#include "admission/policy.h"
#include "admission/snapshot.h"
#include "base/clock.h"

// The outer loop: after trouble the target is lowered, and comes back slowly.
//
// Requests and forecasts can be wrong in ways that no single decision sees. Pressure tells
// afterwards, so it is the loss signal of an additive-increase, multiplicative-decrease controller
// (Chiu and Jain 1989), whose variable is the share of the policy's target that is filled. It never
// raises the target above the policy's, nor lowers it below the policy's floor. Pure.
//
// Its state is not stored. A new daemon starts with the whole target: it charges every job that it
// adopts as it is seen, and the gate, which is measured anew, closes at once if there is trouble.
namespace headroom {

struct OuterLoop {
  double factor = 1;                    // what the target is multiplied by
  TimePoint at{};                       // when this was computed
  std::optional<TimePoint> lowered_at;  // last

  bool operator==(const OuterLoop&) const = default;
};

// How much of the target is in use. While it is not used, trouble has another cause than the
// target, and quiet is no proof that it is safe: the loop stands still.
enum class TargetUse {
  kIdle,       // less than half of it
  kUsed,       // at least half of it, of memory or CPU
  kHoldsBack,  // a job waits for it
};

struct OuterSignals {
  bool trouble = false;  // pressure closed the gate, or pool or host ran out of memory, since `at`
  bool quiet = true;     // the gate is open
  TargetUse use = TargetUse::kIdle;

  bool operator==(const OuterSignals&) const = default;
};

// Trouble within gate.quiet of the last lowering is the same trouble. Without a floor in the policy
// the factor is 1.
OuterLoop NextOuterLoop(const OuterLoop& before, const OuterSignals& signals, const Policy& policy,
                        TimePoint now);

// What one pass says of it.
TargetUse TargetUseOf(const Decisions& decisions);

// What admission fills, and where it resumes: the policy's shares of memory and CPU, times the
// snapshot's factor.
Shares EffectiveTarget(const Snapshot& snapshot, const Policy& policy);
Shares EffectiveResume(const Snapshot& snapshot, const Policy& policy);

}  // namespace headroom
