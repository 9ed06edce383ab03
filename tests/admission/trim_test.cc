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

TEST(NextTrim, StaysWithinItsSharesOfTheTarget) {
  EXPECT_NEAR(After(0, 0.207, HeldBackBy::kTarget).share, 0.5 * 5 / 12, 1e-9);
  EXPECT_NEAR(After(100_GiB, -0.083, HeldBackBy::kTarget).share, -0.5 / 6, 1e-9);
}

// Half of a half.
TEST(NextTrim, FollowsATargetThatIsLowered) {
  Snapshot snapshot =
      AHost().LowersTheTargetTo(0.5).Running(ARunning(1).Memory(30_GiB).Uses(30_GiB));
  snapshot.trim = {0, kNow - seconds(10)};
  snapshot.mean_duration = seconds(100);
  const Trim next = NextTrim(snapshot, HalfTheHost(), HeldBackBy::kTarget);
  EXPECT_NEAR(next.share, -0.05 * 0.1 / 2, 1e-9);
}

TEST(NextTrim, MovesNoFasterForJobsThatLastNoTime) {
  Snapshot snapshot = AHost().Running(ARunning(1).Memory(50_GiB).Uses(50_GiB));
  snapshot.trim = {0.01, kNow - seconds(1)};
  snapshot.mean_duration = Duration{};
  EXPECT_EQ(NextTrim(snapshot, HalfTheHost(), HeldBackBy::kTarget).share, 0.01);
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
