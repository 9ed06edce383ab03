#include "admission/rest.h"

#include <gmock/gmock.h>

#include "tests/support/admission_builders.h"

// The band between the resume line (here 40 %) and the target (here 50 %).
namespace headroom {
namespace {

using namespace test;
using ::testing::ElementsAre;

constexpr Resting kMemoryRests{.memory = true};

AHost HostOf100GiB(int64_t in_use) {
  return AHost().Memory(100_GiB).Running(ARunning(1).Memory(in_use));
}

Decisions DecideFor(const Snapshot& snapshot, std::vector<WaitingJob> waiting) {
  return Decide(snapshot, waiting, HalfTheHost());
}

TEST(Rest, BeginsWhenTheTargetTurnsAJobAwayAboveTheResumeLine) {
  EXPECT_EQ(DecideFor(HostOf100GiB(40_GiB), {AJob(2).Memory(20_GiB)}).resting, kMemoryRests);
}

TEST(Rest, DoesNotBeginBelowTheResumeLine) {
  EXPECT_EQ(DecideFor(HostOf100GiB(39_GiB), {AJob(2).Memory(20_GiB)}).resting, Resting{});
}

TEST(Rest, DoesNotBeginWhileNobodyIsTurnedAway) {
  EXPECT_EQ(DecideFor(HostOf100GiB(45_GiB), {AJob(2).Memory(5_GiB)}).resting, Resting{});
}

TEST(Rest, BeginsWithWhatThisPassHasStarted) {
  EXPECT_EQ(DecideFor(AHost(), {AJob(1).Memory(45_GiB), AJob(2).Memory(20_GiB)}).resting,
            kMemoryRests);
}

TEST(Rest, LastsWhileUseIsNotBelowTheResumeLine) {  // F51
  const Decisions decisions =
      DecideFor(HostOf100GiB(41_GiB).Rests(kMemoryRests), {AJob(2).Memory(2_GiB)});
  EXPECT_THAT(decisions.jobs,
              ElementsAre(Short(Waits(2, Reason::kResting), kMemory, 2_GiB, -1_GiB)));
  EXPECT_EQ(decisions.resting, kMemoryRests);
}

TEST(Rest, EndsBelowTheResumeLine) {  // F51
  const Decisions decisions =
      DecideFor(HostOf100GiB(39_GiB).Rests(kMemoryRests), {AJob(2).Memory(2_GiB)});
  EXPECT_THAT(decisions.jobs, ElementsAre(Starts(2)));
  EXPECT_EQ(decisions.resting, Resting{});
}

TEST(Rest, DoesNotBlockAJobThatNeedsNoneOfIt) {
  EXPECT_THAT(DecideFor(HostOf100GiB(45_GiB).Rests(kMemoryRests), {AJob(2).Cpu(1000)}).jobs,
              ElementsAre(Starts(2)));
}

TEST(Rest, HoldsInEachDimensionByItself) {
  const AHost host = AHost().Cpu(10'000).Running(ARunning(1).Cpu(4500)).Rests({.cpu = true});
  EXPECT_THAT(DecideFor(host, {AJob(2).Memory(1_GiB).Cpu(100)}).jobs,
              ElementsAre(Short(Waits(2, Reason::kResting), kCpu, 100, -500)));
  EXPECT_THAT(DecideFor(host, {AJob(2).Memory(1_GiB)}).jobs, ElementsAre(Starts(2)));
}

TEST(Rest, DoesNotKeepAnIdleHostIdle) {
  EXPECT_THAT(
      DecideFor(AHost().UsedOutside(45_GiB).Rests(kMemoryRests), {AJob(1).Memory(1_GiB)}).jobs,
      ElementsAre(Starts(1)));
}

TEST(Rest, IsKeptWhileNumbersAreMissingOrOld) {
  EXPECT_EQ(DecideFor(AHost().NeverMeasured().Rests(kMemoryRests), {}).resting, kMemoryRests);
  EXPECT_EQ(DecideFor(AHost().MeasuredAgo(minutes(5)).Rests(kMemoryRests), {}).resting,
            kMemoryRests);
}

TEST(Rest, LetsThePassThatReachedTheTargetFillTheBand) {
  const AHost host =
      AHost().Memory(100_GiB).Running(ARunning(1).Memory(42_GiB).EndsIn(minutes(10)));
  const Decisions decisions =
      DecideFor(host, {AJob(2).Memory(20_GiB), AJob(3).Memory(1_GiB).Takes(seconds(1))});
  EXPECT_THAT(decisions.jobs,
              ElementsAre(Short(Waits(2, Reason::kOverTarget), kMemory, 20_GiB, 8_GiB), Starts(3)));
  EXPECT_EQ(decisions.resting, kMemoryRests);
}

}  // namespace
}  // namespace headroom
