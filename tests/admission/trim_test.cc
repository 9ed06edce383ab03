#include "admission/trim.h"

#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom::test {
namespace {

// A pass ten seconds after the last; jobs run for a hundred on average, the target is a half.
Trim After(int64_t used, double before, HeldBackBy held_back) {
  Snapshot snapshot = AHost().Running(ARunning(1).Memory(used).Uses(used));
  snapshot.trim = {before, kNow - seconds(10)};
  snapshot.mean_duration = seconds(100);
  return NextTrim(snapshot, HalfTheHost(), held_back);
}

TEST(NextTrim, RaisesTheTargetWhileUseIsBelowItAndJobsWaitForIt) {
  EXPECT_NEAR(After(30_GiB, 0, HeldBackBy::kTarget).share, 0.2 * 0.1 / 2, 1e-9);
}

TEST(NextTrim, LowersItWhileUseIsAbove) {
  EXPECT_NEAR(After(70_GiB, 0, HeldBackBy::kTarget).share, -0.2 * 0.1 / 2, 1e-9);
}

TEST(NextTrim, StandsStillWhileNobodyWaits) {
  EXPECT_EQ(After(30_GiB, 0.07, HeldBackBy::kNothing), (Trim{0.07, kNow}));
}

// Wind-up: use would not follow a target that nobody is held back by.
TEST(NextTrim, GainsNothingWhileSomethingElseHoldsJobsBack) {
  EXPECT_EQ(After(30_GiB, 0.07, HeldBackBy::kSomethingElse).share, 0.07);
  EXPECT_EQ(After(70_GiB, -0.02, HeldBackBy::kSomethingElse).share, -0.02);
  EXPECT_LT(After(70_GiB, 0.07, HeldBackBy::kSomethingElse).share, 0.07);
}

TEST(NextTrim, StaysWithinItsBounds) {
  EXPECT_EQ(After(0, 0.249, HeldBackBy::kTarget).share, 0.25);
  EXPECT_EQ(After(100_GiB, -0.099, HeldBackBy::kTarget).share, -0.10);
}

TEST(NextTrim, BeginsWithTheFirstPassAndWithTheFirstEnd) {
  Snapshot snapshot = AHost();
  snapshot.mean_duration = seconds(100);
  EXPECT_EQ(NextTrim(snapshot, HalfTheHost(), HeldBackBy::kTarget), (Trim{0, kNow}));
  snapshot.trim = {0, kNow - seconds(10)};
  snapshot.mean_duration.reset();
  EXPECT_EQ(NextTrim(snapshot, HalfTheHost(), HeldBackBy::kTarget), (Trim{0, kNow}));
}

}  // namespace
}  // namespace headroom::test
