#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "admission/decision.h"
#include "admission/job.h"
#include "admission/lifetime.h"
#include "admission/policy.h"
#include "admission/snapshot.h"

// When will each waiting job start? Plays the very same Decide() forward over the ends of what runs
// and over the starts that it makes, in a few futures whose durations are drawn from what is known
// of each key. Pure and deterministic: same snapshot, same plan.
//
// What it takes for granted, and reality need not keep to:
// - nothing new is submitted, and nothing but our jobs changes what it uses;
// - what runs goes on as the snapshot charges it, and what starts is charged as a start is;
// - pressure stays below the gate's thresholds from now on, so a gate that is not open opens after
//   its quiet time;
// - a job of whose duration nothing is known does not end. What waits for such an end has no
//   expected start.
namespace headroom {

inline constexpr std::size_t kPlannedFutures = 16;  // a power of two
// So many jobs are planned, from the front of the queue.
inline constexpr std::size_t kPlannedJobs = 200;
// What one plan may cost, in decisions about one job: a bound on work and not on time, so that the
// same snapshot gives the same plan on every machine. A few tens of milliseconds.
inline constexpr int64_t kPlanBudget = 300'000;

enum class Foretold {
  kNow,            // it starts in this pass
  kExpected,       // at least half of the futures start it
  kUnknown,        // it waits for ends that nobody can foretell
  kBeyondHorizon,  // too far back in line, or the budget ended before its start
  kNever,          // it is rejected
};

std::string_view ToString(Foretold foretold);  // "now", "expected", "unknown", …

// What an expected start rests on: the ends that come before it in the middle one of its futures.
struct StartEvidence {
  int64_t ends_by_history = 0;   // their durations were drawn from finished attempts of their keys
  int64_t ends_by_declared = 0;  // their submitters said how long they run
  std::optional<int64_t> fewest_attempts;  // of any of those keys; absent: no end rests on history

  bool operator==(const StartEvidence&) const = default;
};

struct PlannedJob {
  Decision now;  // what the present pass says of it
  Foretold foretold = Foretold::kBeyondHorizon;
  // From the snapshot's instant to its start. With kExpected there is p50; p90 is absent if more
  // than a tenth of the futures do not start it.
  std::optional<Duration> p50, p90;
  StartEvidence rests_on;
  // With kUnknown: running jobs of whose end nothing is known, so that it cannot be foretold.
  std::vector<JobId> waits_for;

  bool operator==(const PlannedJob&) const = default;
};

struct Plan {
  TimePoint now{};
  std::vector<PlannedJob> jobs;  // the front of the queue, in its order
  int64_t beyond = 0;            // waiting jobs behind them
  int64_t cost = 0;              // what was spent of the budget

  bool operator==(const Plan&) const = default;

  const PlannedJob* Find(JobId job) const;  // null: it is beyond
};

// `present` is what Decide() says of the same. Without a fresh measurement nothing is foretold:
// every job is kUnknown.
Plan MakePlan(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
              const Decisions& present, const Policy& policy, Lifetimes& lifetimes,
              int64_t budget = kPlanBudget);

// When a running job ends, from now.
struct ExpectedEnd {
  LifetimeSource source = LifetimeSource::kUnknown;
  int64_t attempts = 0;              // of its key, if it rests on them
  std::optional<Duration> p50, p90;  // absent: nothing is known

  bool operator==(const ExpectedEnd&) const = default;
};
ExpectedEnd ExpectedEndOf(const RunningJob& job, TimePoint now, Lifetimes& lifetimes);

}  // namespace headroom
