#pragma once

#include <memory>

#include "simulator/scheduler.h"

namespace headroom::sim {

// The rule that is to take the place of requests in both lines (docs/simulator.md): jobs are
// admitted by forecasts that are drawn from finished attempts. Not in the daemon yet. It is shown
// what the daemon would see and nothing else. `workload` outlives it.
std::unique_ptr<Scheduler> Foresight(const Workload& workload, const ResourceVector& capacity);

}  // namespace headroom::sim
