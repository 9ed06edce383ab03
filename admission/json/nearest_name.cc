#include "admission/json/nearest_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace headroom {
namespace {

// Insertions, deletions and replacements of one character, and two neighbours swapped, each once
// (optimal string alignment, Damerau 1964): what a typing error is made of.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last, row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string NearestName(std::string_view unknown, std::span<const std::string_view> names) {
  constexpr std::size_t kLongest = 64;  // of what is worth comparing; keys from outside may be huge
  std::string_view nearest;
  // One typing error in three letters: more, and any short word is near to any other.
  std::size_t least = std::max<std::size_t>(1, unknown.size() / 3) + 1;
  for (const std::string_view name : names) {
    if (unknown.size() > kLongest) break;
    const std::size_t distance = EditDistance(unknown, name);
    if (distance < least && distance < name.size()) {
      least = distance;
      nearest = name;
    }
  }
  if (!nearest.empty()) return fmt::format(", did you mean \"{}\"?", nearest);
  return fmt::format(", known: {}", fmt::join(names, ", "));
}

}  // namespace headroom
