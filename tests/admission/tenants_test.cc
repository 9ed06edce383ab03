#include "admission/tenants.h"

#include <gtest/gtest.h>

#include <cmath>

#include "admission/draw.h"
#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;
using std::chrono::hours;

const uint64_t kAnn = KeyNumber("ann"), kBob = KeyNumber("bob");

RunningJob RunsFor(uint64_t tenant, int64_t memory_bytes, int64_t cpu_millis = 0) {
  RunningJob job = ARunning(1);
  job.tenant = tenant;
  job.request = {memory_bytes, cpu_millis, 0, {}};
  return job;
}

Tenants TenantsOf(const Snapshot& snapshot, const Policy& policy) {
  return Tenants(snapshot, policy, snapshot.host->capacity);
}

TEST(Tenants, ShareIsThatOfTheResourceOfWhichTheyHoldMost) {
  const Policy policy;
  const Tenants tenants = TenantsOf(
      AHost().Running(RunsFor(kAnn, 10_GiB, 30'000)).Running(RunsFor(kBob, 20_GiB, 5'000)), policy);
  EXPECT_DOUBLE_EQ(tenants.ShareOf(kAnn), 0.3);
  EXPECT_DOUBLE_EQ(tenants.ShareOf(kBob), 0.2);
  EXPECT_DOUBLE_EQ(tenants.ShareOf(KeyNumber("cid")), 0);
}

TEST(Tenants, WeightDividesTheShare) {
  Policy policy;
  policy.tenants = {{"ann", 4, {}, {}, {}, {}, {}}};
  EXPECT_DOUBLE_EQ(TenantsOf(AHost().Running(RunsFor(kAnn, 20_GiB)), policy).ShareOf(kAnn), 0.05);
}

TEST(Tenants, ChargeAStartAtOnce) {
  const Policy policy;
  Tenants tenants = TenantsOf(AHost(), policy);
  for (int i = 0; i < 3; ++i) tenants.Start(kAnn, {10_GiB, 0, 0, {}});
  EXPECT_DOUBLE_EQ(tenants.ShareOf(kAnn), 0.3);
  EXPECT_EQ(tenants.JobsOf(kAnn), 3);
}

TEST(Tenants, ForgetHalfOfWhatWasHeldInAHalfLife) {
  Policy policy;
  policy.queue.half_life = hours(2);
  Snapshot snapshot = AHost();
  snapshot.past_use = {kNow - hours(2), {{kAnn, 0.4, 0.1}}};
  const PastUse next = NextPastUse(snapshot, policy);
  EXPECT_EQ(next.at, kNow);
  ASSERT_EQ(next.tenants.size(), 1U);
  EXPECT_DOUBLE_EQ(next.tenants[0].memory, 0.2);
  EXPECT_DOUBLE_EQ(next.tenants[0].cpu, 0.05);
}

TEST(Tenants, ApproachWhatTheyHoldInThePast) {
  Policy policy;
  policy.queue.half_life = hours(2);
  Snapshot snapshot = AHost().Running(RunsFor(kAnn, 40_GiB));
  snapshot.past_use.at = kNow - hours(2);
  EXPECT_DOUBLE_EQ(NextPastUse(snapshot, policy).tenants[0].memory, 0.2);
}

TEST(Tenants, GainAPastSecondBySecondHoweverLittleTheyHold) {
  Policy policy;
  policy.queue.half_life = hours(24);
  Snapshot snapshot = AHost().Running(RunsFor(kAnn, 1_GiB));
  snapshot.past_use.at = snapshot.now;
  for (int second = 0; second < 3600; ++second) {
    snapshot.now += std::chrono::seconds(1);
    snapshot.past_use = NextPastUse(snapshot, policy);
  }
  ASSERT_EQ(snapshot.past_use.tenants.size(), 1U);
  EXPECT_NEAR(snapshot.past_use.tenants[0].memory, 0.01 * (1 - std::exp2(-1.0 / 24)), 1e-9);
}

TEST(Tenants, ForgetWhatIsTooLittleToCount) {
  Snapshot snapshot = AHost();
  snapshot.past_use = {kNow - hours(24 * 30), {{kAnn, 0.4, 0.1}}};
  EXPECT_TRUE(NextPastUse(snapshot, Policy{}).tenants.empty());
}

TEST(Tenants, PastStandsStillWithoutAMeasurement) {
  Snapshot snapshot = AHost().NeverMeasured();
  snapshot.past_use = {kNow - hours(9), {{kAnn, 0.4, 0.1}}};
  EXPECT_EQ(NextPastUse(snapshot, Policy{}), snapshot.past_use);
}

TEST(Tenants, WithAPastGoAfterThoseWithout) {
  const Policy policy;
  Snapshot snapshot = AHost().Running(RunsFor(kAnn, 10_GiB)).Running(RunsFor(kBob, 10_GiB));
  snapshot.past_use = {kNow, {{kAnn, 0.4, 0.1}}};
  const Tenants tenants = TenantsOf(snapshot, policy);
  EXPECT_GT(tenants.ShareOf(kAnn), tenants.ShareOf(kBob));
}

TEST(Tenants, BorrowOnlyWhereSomebodyHasAQuota) {
  Policy policy;
  EXPECT_FALSE(TenantsOf(AHost(), policy).WouldBorrow(kBob, {90_GiB, 0, 0, {}}));
  policy.tenants = {{"ann", 1, 0.25, {}, {}, {}, {}}};
  const Tenants tenants = TenantsOf(AHost().Running(RunsFor(kAnn, 20_GiB)), policy);
  EXPECT_TRUE(tenants.WouldBorrow(kBob, {1_GiB, 0, 0, {}}));
  EXPECT_FALSE(tenants.WouldBorrow(kAnn, {5_GiB, 0, 0, {}}));
  EXPECT_TRUE(tenants.WouldBorrow(kAnn, {6_GiB, 0, 0, {}}));
}

TEST(Tenants, MayHoldNoMoreThanThePolicySays) {
  Policy policy;
  policy.tokens = {{"db", 6}};
  policy.tenants = {{"*", 1, {}, {}, 0.5, 2, {{"db", 1}}}, {"ann", 1, {}, 0.25, {}, {}, {}}};
  const Tenants tenants =
      TenantsOf(AHost().Running(RunsFor(kAnn, 20_GiB)).Running(RunsFor(kBob, 0, 40'000)), policy);
  EXPECT_FALSE(tenants.LimitPassed(kAnn, {5_GiB, 90'000, 0, {}}));
  const auto memory = tenants.LimitPassed(kAnn, {6_GiB, 0, 0, {}});
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->axis, kMemory);
  EXPECT_EQ(memory->needed, 6_GiB);
  EXPECT_EQ(memory->available, 5_GiB);
  EXPECT_EQ(tenants.LimitPassed(kBob, {0, 11'000, 0, {}})->axis, kCpu);
  EXPECT_EQ(tenants.LimitPassed(kBob, Tokens("db", 2))->available, 1);
  EXPECT_FALSE(tenants.LimitPassed(kBob, Tokens("db", 1)));
}

TEST(Tenants, CountJobsAgainstTheirLimit) {
  Policy policy;
  policy.tenants = {{"*", 1, {}, {}, {}, 1, {}}};
  const Tenants tenants = TenantsOf(AHost().Running(RunsFor(kAnn, 0)), policy);
  const auto over = tenants.LimitPassed(kAnn, {});
  ASSERT_TRUE(over);
  EXPECT_EQ(over->axis, std::nullopt);
  EXPECT_EQ(over->available, 0);
}

}  // namespace
}  // namespace headroom
