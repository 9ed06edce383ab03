#include "admission/ordering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

bool GoesFirst(const WaitingJob& a, const WaitingJob& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.submitted_at != b.submitted_at) return a.submitted_at < b.submitted_at;
  return a.id < b.id;
}

std::vector<uint32_t> Sorted(const std::vector<WaitingJob>& waiting) {
  std::vector<uint32_t> order(waiting.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order,
                    [&](uint32_t a, uint32_t b) { return GoesFirst(waiting[a], waiting[b]); });
  return order;
}

WaitingJob Job(int64_t id, int32_t priority, int64_t submitted) {
  WaitingJob job;
  job.id = {id};
  job.priority = priority;
  job.submitted_at = TimePoint(Duration(submitted));
  return job;
}

TEST(QueueOrder, OfNothingIsEmpty) { EXPECT_TRUE(QueueOrder({}).empty()); }

TEST(QueueOrder, HoldsAtTheEndsOfTheNumbers) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int32_t kLow = std::numeric_limits<int32_t>::min();
  constexpr int32_t kHigh = std::numeric_limits<int32_t>::max();
  const std::vector<WaitingJob> waiting = {
      Job(kMost, kLow, kMost),
      Job(kLeast, kLow, kMost),
      Job(0, kLow, kLeast),
      Job(5, kHigh, kMost),
      Job(4, kHigh, kLeast),
      Job(1, 0, -1),
      Job(2, 0, 1),
      Job(3, 0, 0),
  };
  EXPECT_EQ(QueueOrder(waiting), Sorted(waiting));
}

TEST(QueueOrder, IsThatOfComparingForAnyQueue) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    const uint64_t spread = uint64_t{1} << (random() % 64);
    std::vector<WaitingJob> waiting;
    for (int64_t id = 0; id < 200; ++id) {
      waiting.push_back(
          Job(id * static_cast<int64_t>(1 + seed), static_cast<int32_t>(random() % (1 + seed % 5)),
              static_cast<int64_t>(random() % spread) - static_cast<int64_t>(spread / 2)));
    }
    std::shuffle(waiting.begin(), waiting.end(), random);
    ASSERT_EQ(QueueOrder(waiting), Sorted(waiting)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace headroom
