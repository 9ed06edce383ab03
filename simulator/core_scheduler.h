#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "admission/history.h"
#include "admission/policy.h"
#include "simulator/scheduler.h"
#include "simulator/tasks.h"

namespace headroom::sim {

// A finished attempt that is known before the first job comes.
struct KnownAttempt {
  std::string key, tenant;
  FinishedAttempt attempt;
};

// What `headroom history import` of these tasks would teach: peaks and averages, flat, for how they
// grew is not recorded.
std::vector<KnownAttempt> TaughtBy(const std::vector<Task>& tasks);

// Headroom itself: the daemon's own Decide(), with requests resolved by the daemon's own function
// from what has finished so far. It is shown what a daemon would see and nothing else.
// `workload` outlives it.
std::unique_ptr<Scheduler> Headroom(const Workload& workload, const Policy& policy,
                                    std::span<const KnownAttempt> history = {});

}  // namespace headroom::sim
