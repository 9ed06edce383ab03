#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace headroom {

// The smallest value that so many of a hundred do not exceed (nearest rank). REQUIRES: there are
// some.
template <class Value>
Value NearestRank(std::vector<Value> values, std::size_t percent) {
  const std::size_t rank = (values.size() * percent + 99) / 100;
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::ranges::nth_element(values, nth);
  return *nth;
}

}  // namespace headroom
