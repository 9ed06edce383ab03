#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "admission/counterfactual.h"
#include "admission/plan.h"
#include "daemon/control_loop.h"

// Questions about the present of a running daemon: who starts when, what would change it, what
// would become of a job that nobody has submitted. Nothing here changes anything.
namespace headroom {

// Threads: the loop's only; `loop` outlives it. An answer is worked out on the loop's thread, so
// all that are given between two cycles share one budget (kWorkBetweenCycles decisions about one
// job). What does not fit into it is cut short and says so, and when nothing is left a dry run is
// refused. The one that uses up the rest may pass it by one decision about the whole queue.
class Planner {
 public:
  static constexpr int64_t kWorkBetweenCycles = 600'000;

  explicit Planner(ControlLoop& loop) : loop_(loop) {}

  // A cycle has passed: everything is worked out anew when it is asked for.
  void Forget();

  // Of the present, worked out once a cycle.
  const Plan& Current();

  // What holds back one that waits.
  struct Standing {
    std::vector<Need> needs;
    Counterfactuals changes;
    std::optional<PlannedJob> planned;  // absent: behind the jobs that are planned
  };
  const Standing& StandingOf(JobId job);

  ExpectedEnd EndOf(JobId running);

  // A job that nobody has submitted, as if it stood in line now.
  struct Trial {
    Decision decision;
    int64_t position = 0;  // 1 is next
    Standing standing;
  };
  // Absent: there is no work left for it in this cycle.
  std::optional<Trial> Try(const WaitingJob& job);

 private:
  // As much of `wanted` as is left until the next cycle.
  int64_t AtMost(int64_t wanted) const;
  Lifetimes KnownLifetimes() const;
  Decisions DecideOn(const ControlLoop::Present& present);
  Standing Examine(const ControlLoop::Present& present, const Decisions& decisions,
                   const Plan& plan, JobId job);

  ControlLoop& loop_;
  int64_t left_ = kWorkBetweenCycles;
  std::optional<Plan> plan_;
  std::map<JobId, Standing> standings_;
};

}  // namespace headroom
