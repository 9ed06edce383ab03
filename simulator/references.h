#pragma once

#include <memory>

#include "simulator/scheduler.h"

// The policies that Headroom is measured against. Every one serves first come, first served, and
// starts one job where nothing runs.
namespace headroom::sim {

// Everything at once.
std::unique_ptr<Scheduler> NoLimit();

// At most so many: MAX_WORKERS.
std::unique_ptr<Scheduler> FixedCount(std::size_t most);

// Everything that waits, as long as memory and CPU are used to less than `target` now.
std::unique_ptr<Scheduler> NaiveLiveUsage(double target);

// Reservation by a declared limit that is the same for every job and not exceeded by any: 1.3 times
// the largest peak of the workload.
std::unique_ptr<Scheduler> DeclaredLimit(const Workload& workload);

// One at each tick while at least a tenth of the memory is free, as GNU parallel's --memfree.
std::unique_ptr<Scheduler> MemFree();

// An oracle: starts a job when the true use of all that runs with it stays at or under `line` (a
// share of capacity) at every instant to come; one that is larger than that waits for an idle host.
// `tick` is the grid it looks at.
std::unique_ptr<Scheduler> Clairvoyant(const Workload& workload, const ResourceVector& capacity,
                                       double line, Duration tick);

}  // namespace headroom::sim
