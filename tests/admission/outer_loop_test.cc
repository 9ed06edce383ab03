#include "admission/outer_loop.h"

#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom::test {
namespace {

using enum TargetUse;

const OuterSignals kTrouble{true, false, kUsed};
const OuterSignals kTroubleFromElsewhere{true, false, kIdle};
const OuterSignals kUsedAndQuiet{false, true, kHoldsBack};
const OuterSignals kNobodyWaits{false, true, kUsed};
const OuterSignals kUsedUnderPressure{false, false, kHoldsBack};

Policy WithFloor(std::optional<double> floor) {
  Policy policy;
  policy.backoff_floor = floor;
  policy.gate_quiet = seconds(30);
  return policy;
}

// A loop and the clock that its tests move.
struct Loop {
  Policy policy = WithFloor(0.5);
  TimePoint now{minutes(1)};
  OuterLoop state{1, TimePoint{minutes(1)}, std::nullopt};

  double After(Duration passed, const OuterSignals& signals) {
    now += passed;
    state = NextOuterLoop(state, signals, policy, now);
    return state.factor;
  }
};

TEST(OuterLoop, LowersTheTargetByATenthAfterTrouble) {
  Loop loop;
  EXPECT_DOUBLE_EQ(loop.After(seconds(1), kTrouble), 0.9);
  EXPECT_DOUBLE_EQ(loop.After(minutes(1), kTrouble), 0.81);
}

TEST(OuterLoop, TakesTroubleWithinTheQuietTimeForTheSame) {
  Loop loop;
  loop.After(seconds(1), kTrouble);
  EXPECT_DOUBLE_EQ(loop.After(seconds(29), kTrouble), 0.9);
  EXPECT_DOUBLE_EQ(loop.After(seconds(1), kTrouble), 0.81);
}

TEST(OuterLoop, StandsStillWhenTroubleCameWhileTheTargetWasNotUsed) {
  Loop loop;
  EXPECT_DOUBLE_EQ(loop.After(seconds(1), kTroubleFromElsewhere), 1);
  EXPECT_DOUBLE_EQ(loop.After(seconds(1), kTrouble), 0.9);
}

TEST(OuterLoop, NeverGoesBelowTheFloor) {
  Loop loop;
  for (int i = 0; i < 20; ++i) loop.After(minutes(1), kTrouble);
  EXPECT_DOUBLE_EQ(loop.state.factor, 0.5);
}

TEST(OuterLoop, ComesBackInTenMinutesOfQuietUseAndNoFurther) {
  Loop loop;
  loop.After(seconds(1), kTrouble);
  EXPECT_NEAR(loop.After(minutes(5), kUsedAndQuiet), 0.95, 1e-9);
  EXPECT_NEAR(loop.After(minutes(5), kUsedAndQuiet), 1.0, 1e-9);
  EXPECT_DOUBLE_EQ(loop.After(minutes(5), kUsedAndQuiet), 1.0);
}

TEST(OuterLoop, ComesBackAsFarHoweverOftenItIsAsked) {
  Loop loop;
  loop.After(seconds(1), kTrouble);
  for (int i = 0; i < 300; ++i) loop.After(seconds(1), kUsedAndQuiet);
  EXPECT_NEAR(loop.state.factor, 0.95, 1e-9);
}

TEST(OuterLoop, StandsStillWhileNobodyWaitsForTheTarget) {
  Loop loop;
  loop.After(seconds(1), kTrouble);
  EXPECT_DOUBLE_EQ(loop.After(minutes(60), kNobodyWaits), 0.9);
  // The time in which it stood still does not count afterwards.
  EXPECT_NEAR(loop.After(minutes(1), kUsedAndQuiet), 0.91, 1e-9);
}

TEST(OuterLoop, StandsStillUnderPressure) {
  Loop loop;
  loop.After(seconds(1), kTrouble);
  EXPECT_DOUBLE_EQ(loop.After(minutes(60), kUsedUnderPressure), 0.9);
}

TEST(OuterLoop, IsOffWithoutAFloorAndForgetsWhatItHadLowered) {
  Loop loop;
  loop.After(seconds(1), kTrouble);
  loop.policy.backoff_floor.reset();
  EXPECT_DOUBLE_EQ(loop.After(seconds(1), kTrouble), 1.0);
}

TEST(OuterLoop, FollowsAFloorThatIsRaised) {
  Loop loop;
  loop.After(seconds(1), kTrouble);
  loop.policy.backoff_floor = 0.95;
  EXPECT_DOUBLE_EQ(loop.After(seconds(1), kNobodyWaits), 0.95);
}

// ---- How much of the target is used

TargetUse UseOn(const Snapshot& snapshot, const std::vector<WaitingJob>& waiting = {}) {
  return TargetUseOf(Decide(snapshot, waiting, HalfTheHost()));
}

TEST(TargetUse, IsKnownByAJobThatWaitsForIt) {
  const AHost host = AHost().Running(ARunning(1).Memory(40_GiB));
  EXPECT_EQ(UseOn(host, {AJob(2).Memory(20_GiB)}), kHoldsBack);
  EXPECT_EQ(UseOn(host, {AJob(2).Memory(5_GiB)}), kUsed);
}

TEST(TargetUse, BeginsAtHalfOfItInAnyOfMemoryAndCpu) {
  EXPECT_EQ(UseOn(AHost().Running(ARunning(1).Memory(24_GiB))), kIdle);
  EXPECT_EQ(UseOn(AHost().Running(ARunning(1).Memory(25_GiB))), kUsed);
  EXPECT_EQ(UseOn(AHost().Running(ARunning(1).Cpu(25'000))), kUsed);
  EXPECT_EQ(UseOn(AHost().UsedOutside(25_GiB)), kUsed);
}

TEST(TargetUse, IsNotKnownOfAHostThatWasNeverMeasured) {
  EXPECT_EQ(UseOn(AHost().NeverMeasured()), kIdle);
}

// ---- What a lowered target does

TEST(EffectiveTarget, LowersMemoryAndCpuAndTheirResumeLines) {
  const Snapshot host = AHost().LowersTheTargetTo(0.5);
  EXPECT_EQ(EffectiveTarget(host, Policy{}), (Shares{0.30, 0.30, 0.80}));
  EXPECT_EQ(EffectiveResume(host, Policy{}), (Shares{0.285, 0.285, 0.77}));
}

TEST(Decide, FillsNoMoreThanTheLoweredTarget) {
  const AHost host = AHost().LowersTheTargetTo(0.8).Running(ARunning(1).Memory(30_GiB));
  const Decisions decisions =
      Decide(host, std::vector<WaitingJob>{AJob(2).Memory(15_GiB)}, HalfTheHost());
  EXPECT_EQ(decisions.jobs.front(), Short(Waits(2, Reason::kOverTarget), kMemory, 15_GiB, 10_GiB));
}

// The target is at 40 GiB and the resume line at 32: use of 33 rests, of 31 does not.
TEST(Decide, RestsBelowTheLoweredTarget) {
  for (const auto& [in_use, rests] : {std::pair{33_GiB, true}, {31_GiB, false}}) {
    const AHost host = AHost().LowersTheTargetTo(0.8).Running(ARunning(1).Memory(in_use));
    EXPECT_EQ(
        Decide(host, std::vector<WaitingJob>{AJob(2).Memory(15_GiB)}, HalfTheHost()).resting.memory,
        rests);
  }
}

}  // namespace
}  // namespace headroom::test
