#include "admission/ordering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using namespace test;

bool GoesFirst(const WaitingJob& a, const WaitingJob& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.submitted_at != b.submitted_at) return a.submitted_at < b.submitted_at;
  return a.id < b.id;
}

std::vector<JobId> Sorted(const std::vector<WaitingJob>& waiting) {
  std::vector<uint32_t> order(waiting.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order,
                    [&](uint32_t a, uint32_t b) { return GoesFirst(waiting[a], waiting[b]); });
  std::vector<JobId> sorted;
  for (const uint32_t index : order) sorted.push_back(waiting[index].id);
  return sorted;
}

WaitingJob Job(int64_t id, int32_t priority, int64_t submitted) {
  WaitingJob job;
  job.id = {id};
  job.priority = priority;
  job.submitted_at = TimePoint(Duration(submitted));
  return job;
}

// In which order they have their turns while nothing starts.
std::vector<JobId> Turns(const std::vector<WaitingJob>& waiting, const Policy& policy = {},
                         const Snapshot& snapshot = AHost()) {
  const Tenants tenants(snapshot, policy, snapshot.host->capacity);
  Line line(waiting, snapshot, policy, tenants);
  std::vector<JobId> turns;
  while (const WaitingJob* job = line.Next()) turns.push_back(job->id);
  return turns;
}

Policy WithoutAgeing() {
  Policy policy;
  policy.queue.order = QueueOrder::kAge;
  policy.queue.ageing.reset();
  return policy;
}

TEST(Line, OfNothingIsEmpty) { EXPECT_TRUE(Turns({}).empty()); }

TEST(Line, HoldsAtTheEndsOfTheNumbers) {
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
  EXPECT_EQ(Turns(waiting, WithoutAgeing()), Sorted(waiting));
}

TEST(Line, IsThatOfComparingForAnyQueue) {
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
    ASSERT_EQ(Turns(waiting, WithoutAgeing()), Sorted(waiting)) << "seed " << seed;
  }
}

// ---- Order "fair"

Snapshot AHostWhereJobsRunFor(Duration mean) {
  Snapshot snapshot = AHost();
  snapshot.mean_duration = mean;
  return snapshot;
}

WaitingJob JobOf(uint64_t tenant, int64_t id, Duration waited, std::optional<Duration> lasts = {}) {
  WaitingJob job = Job(id, 0, (kNow - waited).time_since_epoch().count());
  job.tenant = tenant;
  job.duration = lasts;
  return job;
}

std::vector<JobId> Ids(std::initializer_list<int64_t> values) {
  std::vector<JobId> ids;
  for (const int64_t value : values) ids.push_back({value});
  return ids;
}

TEST(Line, OfAFairQueueIsByAgeWhileNobodyKnowsHowLongJobsTake) {
  EXPECT_EQ(Turns({JobOf(1, 1, minutes(1), hours(9)), JobOf(1, 2, minutes(3), hours(1)),
                   JobOf(1, 3, minutes(2))}),
            Ids({2, 3, 1}));
}

TEST(Line, PutsFirstWhoWaitsLongestForItsLength) {
  EXPECT_EQ(Turns({JobOf(1, 1, minutes(30), hours(9)), JobOf(1, 2, minutes(20), minutes(1)),
                   JobOf(1, 3, minutes(10))},
                  {}, AHostWhereJobsRunFor(minutes(5))),
            Ids({2, 3, 1}));
}

TEST(Line, PutsDueJobsBeforeAllOthersByAge) {
  EXPECT_EQ(Turns({JobOf(1, 1, minutes(29), seconds(1)), JobOf(1, 2, minutes(31), hours(9)),
                   JobOf(1, 3, minutes(40), hours(99))},
                  {}, AHostWhereJobsRunFor(minutes(1))),
            Ids({3, 2, 1}));
}

TEST(Line, AsksThePolicyWhenAJobIsDue) {
  Policy policy;
  policy.queue.due_after = minutes(10);
  EXPECT_EQ(Turns({JobOf(1, 1, minutes(9), seconds(1)), JobOf(1, 2, minutes(10), hours(9))}, policy,
                  AHostWhereJobsRunFor(hours(5))),
            Ids({2, 1}));
}

TEST(Line, GivesATurnToWhoHasTheLeastAfterEachStart) {
  const Policy policy;
  const Snapshot snapshot = AHost();
  Tenants tenants(snapshot, policy, snapshot.host->capacity);
  std::vector<WaitingJob> waiting;
  for (int64_t id = 1; id <= 6; ++id) waiting.push_back(JobOf(id <= 4 ? 1 : 2, id, minutes(9)));
  Line line(waiting, snapshot, policy, tenants);
  std::vector<JobId> turns;
  while (const WaitingJob* job = line.Next()) {
    turns.push_back(job->id);
    tenants.Start(job->tenant, {kGiB, 0, 0, {}});
  }
  EXPECT_EQ(turns, Ids({1, 5, 2, 6, 3, 4}));
}

TEST(Line, GivesEveryJobExactlyOneTurnWhoeverStarts) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    Policy policy;
    policy.queue.order = static_cast<QueueOrder>(random() % 3);
    const Snapshot snapshot = AHostWhereJobsRunFor(minutes(static_cast<int64_t>(random() % 3)));
    Tenants tenants(snapshot, policy, snapshot.host->capacity);
    std::vector<WaitingJob> waiting;
    for (int64_t id = 0; id < 60; ++id) {
      waiting.push_back(JobOf(random() % 5, id, minutes(static_cast<int64_t>(random() % 100)),
                              seconds(static_cast<int64_t>(random() % 500))));
      waiting.back().priority = static_cast<int32_t>(random() % 3);
    }
    std::shuffle(waiting.begin(), waiting.end(), random);
    Line line(waiting, snapshot, policy, tenants);
    std::vector<JobId> turns;
    while (const WaitingJob* job = line.Next()) {
      turns.push_back(job->id);
      if (random() % 3 == 0) tenants.Start(job->tenant, {kGiB, 100, 1, {}});
    }
    std::ranges::sort(turns);
    ASSERT_EQ(turns.size(), waiting.size()) << "seed " << seed;
    ASSERT_TRUE(std::ranges::adjacent_find(turns) == turns.end()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace headroom
