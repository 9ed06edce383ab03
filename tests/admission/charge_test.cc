#include "admission/charge.h"

#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;

Policy WarmsUpFor60Seconds() {
  Policy policy = HalfTheHost();
  policy.warm_up = seconds(60);
  policy.margin = 0.10;
  return policy;
}

int64_t ChargeAt(Duration age, int64_t request, int64_t uses) {
  const RunningJob job = ARunning(1).Memory(request).Uses(uses).Age(age);
  return ExpectedCharge(job, AHost(), WarmsUpFor60Seconds()).memory_bytes;
}

TEST(RequestWeight, IsFullDuringWarmUpThenFadesOverAsLongAgain) {
  EXPECT_EQ(RequestWeight(seconds(0), seconds(60)), 1);
  EXPECT_EQ(RequestWeight(milliseconds(59'999), seconds(60)), 1);
  EXPECT_EQ(RequestWeight(seconds(60), seconds(60)), 1);
  EXPECT_EQ(RequestWeight(seconds(75), seconds(60)), 0.75);
  EXPECT_EQ(RequestWeight(seconds(120), seconds(60)), 0);
  EXPECT_EQ(RequestWeight(minutes(60), seconds(60)), 0);
}

TEST(RequestWeight, IsNothingAtOnceWithoutWarmUp) {
  EXPECT_EQ(RequestWeight(seconds(0), seconds(0)), 0);
}

TEST(RequestWeight, IsFullForAJobFromTheFuture) {
  EXPECT_EQ(RequestWeight(-seconds(5), seconds(60)), 1);
}

TEST(ExpectedCharge, IsTheRequestWhileAJobWarmsUp) {  // F49
  EXPECT_EQ(ChargeAt(seconds(1), 1000, 10), 1000);
}

TEST(ExpectedCharge, IsWhatAJobUsesIfThatIsMore) {  // F52
  EXPECT_EQ(ChargeAt(seconds(1), 1000, 5000), 5000);
}

TEST(ExpectedCharge, FadesFromTheRequestToUseAndAMargin) {
  EXPECT_EQ(ChargeAt(seconds(75), 1000, 10), 750);
  EXPECT_EQ(ChargeAt(seconds(119), 1000, 10), 16);
  EXPECT_EQ(ChargeAt(seconds(120), 1000, 10), 11);
  EXPECT_EQ(ChargeAt(seconds(90), 1000, 800), 840);
}

TEST(ExpectedCharge, IsTheRequestForWhatCouldNotBeObserved) {
  const RunningJob job = ARunning(1).Memory(1000).Uses(10).Cpu(2000).Pids(30).Age(minutes(60));
  EXPECT_EQ(ExpectedCharge(job, AHost(), WarmsUpFor60Seconds()),
            (ResourceVector{11, 2000, 30, {}}));
}

TEST(ExpectedCharge, HoldsTokensInFullAtAnyAge) {
  const RunningJob job = ARunning(1).Token("db", 2).Age(minutes(60));
  EXPECT_EQ(ExpectedCharge(job, AHost(), WarmsUpFor60Seconds()), Tokens("db", 2));
}

TEST(PeakCharge, IsTheLargerOfRequestAndUse) {
  EXPECT_EQ(PeakCharge(ARunning(1).Memory(1000).Uses(10).Cpu(100).UsesCpu(700)),
            (ResourceVector{1000, 700, 0, {}}));
}

TEST(Account, AddsUpBothLines) {
  Policy policy = WarmsUpFor60Seconds();
  policy.reserve_memory_bytes = 1000;
  policy.tokens = {{"db", 3}};
  const Account account = MakeAccount(AHost()
                                          .Memory(11'000)
                                          .Cpu(8000)
                                          .Pids(100)
                                          .UsedOutside(500)
                                          .Running(ARunning(1).Memory(2000).Uses(1000).UsesCpu(300))
                                          .Running(ARunning(2).Memory(700).Token("db", 1)),
                                      policy);
  EXPECT_EQ(account.capacity, (ResourceVector{10'000, 8000, 100, {{"db", 3}}}));
  EXPECT_EQ(account.unmanaged, (ResourceVector{500, 0, 0, {}}));
  EXPECT_EQ(account.expected_charge, (ResourceVector{1800, 330, 0, {{"db", 1}}}));
  EXPECT_EQ(account.peak_charge, (ResourceVector{2700, 300, 0, {{"db", 1}}}));
  EXPECT_EQ(account.expected_free, (ResourceVector{2700, 3670, 50, {{"db", 2}}}));
  EXPECT_EQ(account.peak_free, (ResourceVector{5800, 6900, 90, {{"db", 2}}}));
}

TEST(Account, GoesBelowZeroWhenCapacityShrinks) {  // F20
  const Account account =
      MakeAccount(AHost().Memory(1000).Running(ARunning(1).Memory(2000)), HalfTheHost());
  EXPECT_EQ(account.expected_free.memory_bytes, -1500);
  EXPECT_EQ(account.peak_free.memory_bytes, -1100);
}

TEST(Account, LeavesNothingWhenTheReserveIsMoreThanTheHost) {
  Policy policy = HalfTheHost();
  policy.reserve_memory_bytes = 2000;
  EXPECT_EQ(MakeAccount(AHost().Memory(1000), policy).capacity.memory_bytes, 0);
}

}  // namespace
}  // namespace headroom
