#include "admission/ordering.h"

#include <algorithm>
#include <array>
#include <utility>

namespace headroom {
namespace {

// What is sorted instead of the jobs themselves: 24 bytes, no pointer to follow.
struct Key {
  TimePoint submitted_at;
  JobId id;
  int32_t priority;
  uint32_t index;
};

// Sorts stably by one whole-number field: radix sort from the lowest digit of what the values
// differ in. Takes a time proportional to the queue's length; comparing would take log(length)
// times that, most of it in mispredicted branches.
template <class Field>
void SortBy(Field field, std::vector<Key>& keys, std::vector<Key>& scratch) {
  constexpr unsigned kDigitBits = 11;
  constexpr uint64_t kDigits = 1U << kDigitBits;
  const auto [least, most] = std::ranges::minmax(keys, {}, field);
  const auto origin = static_cast<uint64_t>(field(least));
  const uint64_t range = static_cast<uint64_t>(field(most)) - origin;
  for (unsigned shift = 0; shift < 64 && range >> shift != 0; shift += kDigitBits) {
    const auto digit = [&](const Key& key) {
      return ((static_cast<uint64_t>(field(key)) - origin) >> shift) % kDigits;
    };
    std::array<uint32_t, kDigits> place{};
    for (const Key& key : keys) ++place[digit(key)];
    uint32_t start = 0;
    for (uint32_t& count : place) start += std::exchange(count, start);
    for (const Key& key : keys) scratch[place[digit(key)]++] = key;
    keys.swap(scratch);
  }
}

}  // namespace

std::vector<uint32_t> QueueOrder(std::span<const WaitingJob> waiting) {
  std::vector<uint32_t> order;
  if (waiting.empty()) return order;
  std::vector<Key> keys;
  keys.reserve(waiting.size());
  for (const WaitingJob& job : waiting) {
    keys.push_back({job.submitted_at, job.id, job.priority, static_cast<uint32_t>(keys.size())});
  }
  std::vector<Key> scratch(keys.size());
  SortBy([](const Key& key) { return key.id.value; }, keys, scratch);
  SortBy([](const Key& key) { return key.submitted_at.time_since_epoch().count(); }, keys, scratch);
  SortBy([](const Key& key) { return -int64_t{key.priority}; }, keys, scratch);
  order.reserve(keys.size());
  for (const Key& key : keys) order.push_back(key.index);
  return order;
}

}  // namespace headroom
