#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "admission/policy.h"
#include "admission/snapshot.h"
#include "base/clock.h"

// The ladder of relief: what is done to running jobs when the host is in trouble although the gate
// starts nothing. The policy names the rungs; each stands for itself.
//
// Once full memory pressure has been at a rung's level for as long as the rung waits, it takes one
// job, and another one each time that it has lasted as long again. Whatever was taken is undone: at
// its deadline, or once the gate is open again, or when the policy no longer has the rung. Values
// in, values out; the daemon does what the moves say. Pure.
namespace headroom {

inline constexpr ReliefStep kReliefSteps[] = {ReliefStep::kWeight, ReliefStep::kThrottle,
                                              ReliefStep::kFreeze};

// One step that is in force on one job.
struct ReliefInForce {
  ReliefStep step = ReliefStep::kWeight;
  JobId job;
  TimePoint since{};
  TimePoint until{};         // undone then at the latest
  double pressure = 0;       // percent, when it was taken
  int64_t memory_bytes = 0;  // what the job used then

  bool operator==(const ReliefInForce&) const = default;
};

struct Relief {
  // By ReliefStep.
  struct Rung {
    std::optional<TimePoint> high_since;  // pressure has been at its level since then
    std::optional<TimePoint> taken_at;    // last
    bool operator==(const Rung&) const = default;
  };
  // A job whose step has met its deadline is spared by that rung for as long again.
  struct Spared {
    ReliefStep step = ReliefStep::kWeight;
    JobId job;
    TimePoint until{};
    bool operator==(const Spared&) const = default;
  };
  std::array<Rung, std::size(kReliefSteps)> rungs;
  std::vector<ReliefInForce> in_force;  // in the order in which they were taken
  std::vector<Spared> spared;

  bool operator==(const Relief&) const = default;
};

enum class ReliefEnd {
  kDeadline,
  kRecovered,  // the gate is open
  kPolicy,     // has no such rung any more
  kJobEnded,
  kStopped,  // the daemon is
};

// "deadline", "recovered", "policy", "job_ended", "stopped"
std::string_view ToString(ReliefEnd end);

// Something to do, and to tell: a step that is taken, or one that is undone, with its effect.
struct ReliefMove {
  ReliefInForce step;
  std::optional<ReliefEnd> undone;      // absent: it is taken
  std::optional<double> pressure;       // now
  std::optional<int64_t> memory_bytes;  // what the job uses now

  bool operator==(const ReliefMove&) const = default;
};

struct ReliefSigns {
  std::optional<double> pressure;  // memory, full, percent of avg10; absent: not known
  bool gate_open = true;
};

struct ReliefPass {
  Relief next;
  std::vector<ReliefMove> moves;  // in the order in which they must be done

  bool operator==(const ReliefPass&) const = default;
};

// `running` holds the jobs that a step may be taken on, and those with a step in force; `rungs` are
// those of the policy that this host can do.
ReliefPass NextRelief(const Relief& before, const ReliefSigns& signs,
                      std::span<const RunningJob> running, std::span<const ReliefRung> rungs,
                      TimePoint now);

// Whose loss is least for what it frees: of the jobs that use more than they asked for, the one
// that is youngest per byte above its request; if there is none, youngest per byte. Null: none of
// them was measured. Exposed for tests.
const RunningJob* LeastLoss(std::span<const RunningJob* const> candidates, TimePoint now);

}  // namespace headroom
