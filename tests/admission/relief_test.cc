#include "admission/relief.h"

#include <gmock/gmock.h>

#include "tests/support/admission_builders.h"

namespace headroom::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using enum ReliefStep;

constexpr ReliefRung kFreezeRung{kFreeze, 40, seconds(10), minutes(2)};

// A host and the clock that its tests move.
struct Ladder {
  std::vector<ReliefRung> rungs{kFreezeRung};
  std::vector<RunningJob> running{ARunning(1).Memory(4_GiB).Uses(2_GiB),
                                  ARunning(2).Memory(4_GiB).Uses(6_GiB),
                                  ARunning(3).Memory(4_GiB).Uses(3_GiB)};
  TimePoint now = kNow;
  Relief state;

  std::vector<ReliefMove> After(Duration passed, std::optional<double> pressure,
                                bool gate_open = false) {
    now += passed;
    ReliefPass pass = NextRelief(state, {pressure, gate_open}, running, rungs, now);
    state = std::move(pass.next);
    return pass.moves;
  }
};

auto Takes(ReliefStep step, int64_t job) {
  return ::testing::Truly([=](const ReliefMove& move) {
    return !move.undone && move.step.step == step && move.step.job.value == job;
  });
}

auto Undoes(ReliefStep step, int64_t job, ReliefEnd why) {
  return ::testing::Truly([=](const ReliefMove& move) {
    return move.undone == why && move.step.step == step && move.step.job.value == job;
  });
}

TEST(Relief, DoesNothingWithoutRungs) {
  Ladder ladder;
  ladder.rungs.clear();
  ladder.After(seconds(1), 100);
  EXPECT_THAT(ladder.After(minutes(10), 100), IsEmpty());
}

TEST(Relief, TakesAStepOncePressureHasLastedAtItsLevel) {
  Ladder ladder;
  EXPECT_THAT(ladder.After(seconds(1), 40), IsEmpty());
  EXPECT_THAT(ladder.After(seconds(9), 40), IsEmpty());
  EXPECT_THAT(ladder.After(seconds(1), 40), ElementsAre(Takes(kFreeze, 2)));
}

TEST(Relief, BeginsAnewWhenPressureFallsBelowTheLevelInBetween) {
  Ladder ladder;
  ladder.After(seconds(1), 40);
  ladder.After(seconds(9), 39.9);
  ladder.After(seconds(1), 40);
  EXPECT_THAT(ladder.After(seconds(9), 40), IsEmpty());
  EXPECT_THAT(ladder.After(seconds(1), 40), SizeIs(1));
}

TEST(Relief, TakesNoStepOnAPressureThatIsNotKnown) {
  Ladder ladder;
  ladder.After(seconds(1), 40);
  EXPECT_THAT(ladder.After(seconds(10), std::nullopt), IsEmpty());
}

TEST(Relief, TakesAnotherJobEachTimeThatPressureHasLastedAsLongAgainButNeverTheLast) {
  Ladder ladder;
  ladder.After(seconds(1), 40);
  EXPECT_THAT(ladder.After(seconds(10), 40), ElementsAre(Takes(kFreeze, 2)));
  EXPECT_THAT(ladder.After(seconds(9), 40), IsEmpty());
  EXPECT_THAT(ladder.After(seconds(1), 40), ElementsAre(Takes(kFreeze, 3)));
  EXPECT_THAT(ladder.After(seconds(20), 40), IsEmpty());
}

TEST(Relief, UndoesAtTheDeadlineAndSparesTheJobForAsLong) {
  Ladder ladder;
  ladder.running.pop_back();
  ladder.After(seconds(1), 40);
  ladder.After(seconds(10), 40);
  EXPECT_THAT(ladder.After(minutes(2) - seconds(1), 40), IsEmpty());
  EXPECT_THAT(ladder.After(seconds(1), 40),
              ElementsAre(Undoes(kFreeze, 2, ReliefEnd::kDeadline), Takes(kFreeze, 1)));
  EXPECT_THAT(ladder.After(minutes(2) - seconds(1), 40), IsEmpty());
  EXPECT_THAT(ladder.After(seconds(1), 40),
              ElementsAre(Undoes(kFreeze, 1, ReliefEnd::kDeadline), Takes(kFreeze, 2)));
}

TEST(Relief, ThawsAtTheDeadlineEvenWhenNothingIsKnownOfPressure) {
  Ladder ladder;
  ladder.After(seconds(1), 40);
  ladder.After(seconds(10), 40);
  EXPECT_THAT(ladder.After(minutes(2), std::nullopt),
              ElementsAre(Undoes(kFreeze, 2, ReliefEnd::kDeadline)));
}

TEST(Relief, UndoesAllOnceTheGateIsOpenAndTheLastFirst) {
  Ladder ladder;
  ladder.After(seconds(1), 40);
  ladder.After(seconds(10), 40);
  ladder.After(seconds(10), 40);
  EXPECT_THAT(ladder.After(seconds(1), 0), IsEmpty());
  EXPECT_THAT(ladder.After(seconds(1), 0, true),
              ElementsAre(Undoes(kFreeze, 3, ReliefEnd::kRecovered),
                          Undoes(kFreeze, 2, ReliefEnd::kRecovered)));
  EXPECT_THAT(ladder.state.in_force, IsEmpty());
}

TEST(Relief, UndoesWhatThePolicyHasNoRungForAnyMore) {
  Ladder ladder;
  ladder.After(seconds(1), 40);
  ladder.After(seconds(10), 40);
  ladder.rungs.clear();
  EXPECT_THAT(ladder.After(seconds(1), 40), ElementsAre(Undoes(kFreeze, 2, ReliefEnd::kPolicy)));
}

TEST(Relief, TellsTheEffectOfAStep) {
  Ladder ladder;
  ladder.After(seconds(1), 40);
  ladder.After(seconds(10), 55);
  ladder.running[1] = ARunning(2).Memory(4_GiB).Uses(1_GiB);
  const auto moves = ladder.After(seconds(1), 3, true);
  ASSERT_THAT(moves, SizeIs(1));
  EXPECT_EQ(moves[0].step.pressure, 55);
  EXPECT_EQ(moves[0].step.memory_bytes, 6_GiB);
  EXPECT_EQ(moves[0].pressure, 3);
  EXPECT_EQ(moves[0].memory_bytes, 1_GiB);
}

TEST(Relief, LetsGoOfAJobThatEnded) {
  Ladder ladder;
  ladder.After(seconds(1), 40);
  ladder.After(seconds(10), 40);
  ladder.running.erase(ladder.running.begin() + 1);
  EXPECT_THAT(ladder.After(seconds(1), 40), ElementsAre(Undoes(kFreeze, 2, ReliefEnd::kJobEnded)));
}

TEST(Relief, ClimbsFromRungToRungAndTakesNoMilderStepOnWhatIsFrozen) {
  Ladder ladder;
  ladder.rungs = {{kWeight, 10, seconds(5), minutes(5)},
                  {kThrottle, 20, seconds(10), minutes(5)},
                  {kFreeze, 40, seconds(20), minutes(2)}};
  ladder.After(seconds(1), 50);
  EXPECT_THAT(ladder.After(seconds(5), 50), ElementsAre(Takes(kWeight, 2)));
  EXPECT_THAT(ladder.After(seconds(5), 50), ElementsAre(Takes(kWeight, 3), Takes(kThrottle, 2)));
  EXPECT_THAT(ladder.After(seconds(10), 50), ElementsAre(Takes(kThrottle, 3), Takes(kFreeze, 2)));
}

// ---- Whom

const RunningJob* LeastLossOf(const std::vector<RunningJob>& running) {
  std::vector<const RunningJob*> candidates;
  for (const RunningJob& job : running) candidates.push_back(&job);
  return LeastLoss(candidates, kNow);
}

int64_t VictimOf(const std::vector<RunningJob>& running) { return LeastLossOf(running)->id.value; }

TEST(LeastLoss, IsOfAJobThatUsesMoreThanItAskedForHoweverOldItIs) {
  EXPECT_EQ(VictimOf({ARunning(1).Memory(8_GiB).Uses(8_GiB).Age(seconds(1)),
                      ARunning(2).Memory(1_GiB).Uses(2_GiB).Age(minutes(600))}),
            2);
}

TEST(LeastLoss, IsTheYoungestForWhatItFreesBeyondItsRequest) {
  EXPECT_EQ(VictimOf({ARunning(1).Memory(1_GiB).Uses(2_GiB).Age(minutes(10)),
                      ARunning(2).Memory(1_GiB).Uses(6_GiB).Age(minutes(40))}),
            2);
  EXPECT_EQ(VictimOf({ARunning(1).Memory(1_GiB).Uses(2_GiB).Age(minutes(10)),
                      ARunning(2).Memory(1_GiB).Uses(6_GiB).Age(minutes(60))}),
            1);
}

TEST(LeastLoss, IsTheYoungestForWhatItUsesWhereNobodyOveruses) {
  EXPECT_EQ(VictimOf({ARunning(1).Memory(8_GiB).Uses(1_GiB).Age(minutes(10)),
                      ARunning(2).Memory(8_GiB).Uses(4_GiB).Age(minutes(20))}),
            2);
}

TEST(LeastLoss, IsOfNoneThatWasNotMeasured) {
  EXPECT_EQ(LeastLossOf({ARunning(1).Memory(8_GiB)}), nullptr);
}

}  // namespace
}  // namespace headroom::test
