#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "admission/job.h"

// Who goes first: priority, then age, then id.
namespace headroom {

// The indices of `waiting` in queue order. Ids are unique, so the order is total and does not
// depend on the order of the input.
std::vector<uint32_t> QueueOrder(std::span<const WaitingJob> waiting);

}  // namespace headroom
