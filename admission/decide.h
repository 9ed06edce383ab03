#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "admission/decision.h"
#include "admission/job.h"
#include "admission/policy.h"
#include "admission/snapshot.h"

// START HERE. The whole of admission is this one function.
namespace headroom {

// Decides every waiting job against one instant: same arguments, same answer, whatever the order of
// `waiting`. Pure: no clock, file, thread or log. A job admitted here reduces what later jobs of
// the same call may use, so that a hundred starts in one pass cannot all see an empty host.
//
// Every waiting job gets exactly one decision; they come back in the order of their turns
// (ordering.h).
Decisions Decide(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
                 const Policy& policy);

// About what one Decide() costs, in decisions about one job. For whoever bounds the work of many.
int64_t CostOfDecide(const Snapshot& snapshot, std::size_t waiting);

}  // namespace headroom
