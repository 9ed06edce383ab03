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

// Calls `visit(job)` for every job in queue order. The jobs lie anywhere in memory, so each is
// asked for well before its turn; without that a long queue waits for memory most of the time.
template <class Visit>
void ForEachInOrder(std::span<const WaitingJob> waiting, Visit visit) {
  constexpr std::size_t kAhead = 12;
  const std::vector<uint32_t> order = QueueOrder(waiting);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i + kAhead < order.size()) {
      const auto* next = reinterpret_cast<const char*>(&waiting[order[i + kAhead]]);
      __builtin_prefetch(next);
      __builtin_prefetch(next + sizeof(WaitingJob) - 1);
    }
    visit(waiting[order[i]]);
  }
}

}  // namespace headroom
