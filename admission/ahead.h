#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

// Time ahead, in intervals that double: [0, 1s), [1s, 2s), [2s, 4s), …; the last has no end. What
// comes soon is told apart finely, what comes in hours coarsely.
namespace headroom {

inline constexpr std::size_t kIntervals = 18;
constexpr Duration IntervalStart(std::size_t interval) {
  return interval == 0 ? Duration{} : std::chrono::seconds(int64_t{1} << (interval - 1));
}

// Floats, because a forecast of 64 futures is 9 KiB like this.
struct UseAhead {
  std::array<float, kIntervals> memory_bytes{}, cpu_millis{};

  bool operator==(const UseAhead&) const = default;
};

}  // namespace headroom
