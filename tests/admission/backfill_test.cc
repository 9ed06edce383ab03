#include "admission/backfill.h"

#include <gmock/gmock.h>

#include "tests/support/admission_builders.h"

// The target is half of a 100 GiB host. Job 9 waits at the head and needs 30 GiB.
namespace headroom {
namespace {

using namespace test;
using ::testing::ElementsAre;

Decisions DecideFor(const Snapshot& snapshot, std::vector<WaitingJob> waiting,
                    QueueDiscipline discipline = QueueDiscipline::kBackfill) {
  Policy policy = HalfTheHost();
  policy.queue.discipline = discipline;
  return Decide(snapshot, waiting, policy);
}

AHost A100GiBHost() { return AHost().Memory(100_GiB).Cpu(100'000); }

AJob TheHead() { return AJob(9).Memory(30_GiB); }

Decision HeadWaits(int64_t available) {
  return Short(Waits(9, Reason::kOverTarget), kMemory, 30_GiB, available);
}

HeadReservation Reservation(std::optional<TimePoint> starts_by, ResourceVector spare) {
  return {JobId{9}, starts_by, std::move(spare)};
}

// All that is free of CPU and pids on the host above, beside the head.
ResourceVector SpareMemory(int64_t bytes) { return {bytes, 50'000, 50'000, {}}; }

TEST(Backfill, PromisesTheHeadTheEndThatMakesRoomForIt) {
  const Decisions decisions =
      DecideFor(A100GiBHost()
                    .Running(ARunning(1).Memory(10_GiB).EndsIn(minutes(5)))
                    .Running(ARunning(2).Memory(15_GiB).EndsIn(minutes(7)))
                    .Running(ARunning(3).Memory(20_GiB).EndsIn(minutes(90))),
                {TheHead()});
  EXPECT_THAT(decisions.jobs, ElementsAre(HeadWaits(5_GiB)));
  // At 5 minutes 15 GiB are free, at 7 minutes 30 GiB.
  EXPECT_EQ(decisions.head, Reservation(kNow + minutes(7), SpareMemory(0)));
}

TEST(Backfill, LetsAJobPassThatEndsBeforeTheHeadCanStart) {
  const AHost host = A100GiBHost().Running(ARunning(1).Memory(40_GiB).EndsIn(minutes(5)));
  EXPECT_THAT(DecideFor(host, {TheHead(), AJob(10).Memory(10_GiB).Takes(minutes(5))}).jobs,
              ElementsAre(HeadWaits(10_GiB), Starts(10)));
}

TEST(Backfill, HoldsAJobThatWouldStillRunWhenTheHeadCanStart) {
  const AHost host = A100GiBHost()
                         .Running(ARunning(1).Memory(15_GiB).EndsIn(minutes(5)))
                         .Running(ARunning(2).Memory(20_GiB).EndsIn(minutes(50)));
  EXPECT_THAT(
      DecideFor(host, {TheHead(), AJob(10).Memory(1_GiB).Takes(minutes(6)), AJob(11).Memory(1_GiB)})
          .jobs,
      ElementsAre(HeadWaits(15_GiB), BehindHead(10, 9), BehindHead(11, 9)));
}

TEST(Backfill, LetsJobsPassIntoWhatTheHeadLeavesFree) {
  // When job 1 ends 50 GiB are free; beside the head 20 GiB, for jobs of any duration.
  const AHost host = A100GiBHost().Running(ARunning(1).Memory(35_GiB).EndsIn(minutes(5)));
  const Decisions decisions =
      DecideFor(host, {TheHead(), AJob(10).Memory(13_GiB), AJob(11).Memory(8_GiB).Takes(minutes(9)),
                       AJob(12).Memory(2_GiB)});
  EXPECT_THAT(
      decisions.jobs,
      ElementsAre(HeadWaits(15_GiB), Starts(10),
                  Short(Waits(11, Reason::kOverTarget), kMemory, 8_GiB, 2_GiB), Starts(12)));
  EXPECT_EQ(decisions.head, Reservation(kNow + minutes(5), SpareMemory(5_GiB)));
}

TEST(Backfill, CountsDownWhatTheHeadLeavesFree) {
  const AHost host = A100GiBHost()
                         .Running(ARunning(1).Memory(25_GiB).EndsIn(minutes(5)))
                         .Running(ARunning(2).Memory(15_GiB).EndsIn(minutes(50)));
  EXPECT_THAT(DecideFor(host, {TheHead(), AJob(10).Memory(4_GiB), AJob(11).Memory(2_GiB),
                               AJob(12).Memory(1_GiB)})
                  .jobs,
              ElementsAre(HeadWaits(10_GiB), Starts(10), BehindHead(11, 9), Starts(12)));
}

TEST(Backfill, CountsJobsOfThisPassAmongThoseThatEnd) {
  const Decisions decisions =
      DecideFor(A100GiBHost(), {AJob(8).Memory(45_GiB).Takes(minutes(3)), TheHead()});
  EXPECT_EQ(decisions.head, Reservation(kNow + minutes(3), SpareMemory(20_GiB)));
}

TEST(Backfill, PromisesNothingWhenAnEndIsUnknown) {
  const Decisions decisions = DecideFor(A100GiBHost()
                                            .Running(ARunning(1).Memory(35_GiB))
                                            .Running(ARunning(2).Memory(5_GiB).EndsIn(minutes(5))),
                                        {TheHead(), AJob(10).Memory(1_GiB).Takes(seconds(1))});
  // Job 1 may end at once, which would make room: any memory given away now could delay the head.
  EXPECT_THAT(decisions.jobs, ElementsAre(HeadWaits(10_GiB), BehindHead(10, 9)));
  EXPECT_EQ(decisions.head, Reservation(std::nullopt, SpareMemory(0)));
}

TEST(Backfill, TreatsAJobPastItsExpectedEndAsUnknown) {
  const AHost host = A100GiBHost().Running(ARunning(1).Memory(35_GiB).EndsIn(-seconds(1)));
  const Decisions decisions =
      DecideFor(host, {TheHead(), AJob(10).Memory(1_GiB).Takes(seconds(1))});
  EXPECT_THAT(decisions.jobs, ElementsAre(HeadWaits(15_GiB), BehindHead(10, 9)));
  EXPECT_EQ(decisions.head->starts_by, std::nullopt);
}

TEST(Backfill, LetsAShortJobPassWhenEvenTheUnknownEndsDoNotMakeRoom) {
  // Should job 1 end at once, 20 GiB are free: the head needs the end of job 2 as well.
  const AHost host = A100GiBHost()
                         .Running(ARunning(1).Memory(10_GiB))
                         .Running(ARunning(2).Memory(30_GiB).EndsIn(minutes(5)));
  EXPECT_THAT(DecideFor(host, {TheHead(), AJob(10).Memory(4_GiB).Takes(minutes(5)),
                               AJob(11).Memory(4_GiB).Takes(minutes(6))})
                  .jobs,
              ElementsAre(HeadWaits(10_GiB), Starts(10), BehindHead(11, 9)));
}

TEST(Backfill, LetsAJobPassThatNeedsNothingTheHeadIsShortOf) {
  // The head is short of memory; of CPU it leaves 40 cores.
  const AHost host = A100GiBHost().Running(ARunning(1).Memory(35_GiB));
  EXPECT_THAT(
      DecideFor(host, {TheHead().Cpu(10'000), AJob(10).Cpu(41'000), AJob(11).Cpu(40'000)}).jobs,
      ElementsAre(HeadWaits(15_GiB), BehindHead(10, 9), Starts(11)));
}

TEST(Backfill, DrainsTheHostForAJobLargerThanTheTarget) {
  const AHost host = A100GiBHost().Running(ARunning(1).Memory(5_GiB).EndsIn(minutes(5)));
  const Decisions decisions =
      DecideFor(host, {AJob(9).Memory(80_GiB), AJob(10).Memory(1_GiB).Takes(minutes(5)),
                       AJob(11).Memory(1_GiB), AJob(12)});
  EXPECT_THAT(decisions.jobs,
              ElementsAre(Short(Waits(9, Reason::kOverTarget), kMemory, 80_GiB, 45_GiB), Starts(10),
                          BehindHead(11, 9), BehindHead(12, 9)));
  EXPECT_EQ(decisions.head, Reservation(kNow + minutes(5), {}));
}

TEST(Backfill, DrainsTheHostThroughUnknownEndsToo) {
  const AHost host = A100GiBHost().Running(ARunning(1).Memory(5_GiB));
  EXPECT_THAT(
      DecideFor(host, {AJob(9).Memory(80_GiB), AJob(10).Memory(1_GiB).Takes(seconds(1))}).jobs,
      ElementsAre(Short(Waits(9, Reason::kOverTarget), kMemory, 80_GiB, 45_GiB),
                  BehindHead(10, 9)));
}

TEST(Backfill, GoesOnAroundAHeadThatNoEndOfOursCanHelp) {
  // 45 GiB are used outside: even an empty pool has no room for 60 GiB.
  const AHost host = A100GiBHost().UsedOutside(45_GiB).Running(ARunning(1).EndsIn(minutes(1)));
  const Decisions decisions = DecideFor(host, {AJob(9).Memory(60_GiB), AJob(10).Memory(4_GiB)});
  EXPECT_THAT(
      decisions.jobs,
      ElementsAre(Short(Waits(9, Reason::kOverTarget), kMemory, 60_GiB, 5_GiB), Starts(10)));
  EXPECT_EQ(decisions.head->starts_by, std::nullopt);
}

TEST(Backfill, WaitsForTheEndOfARestBeforeTheHeadStarts) {
  // 38 GiB are in use outside of the job that ends first: 12 GiB free, but a rest lasts until use
  // is below 40 GiB, so the head of 5 GiB waits for the first end and not longer.
  const Decisions decisions =
      DecideFor(A100GiBHost()
                    .Rests({.memory = true})
                    .Running(ARunning(1).Memory(3_GiB).EndsIn(minutes(1)))
                    .Running(ARunning(2).Memory(3_GiB).EndsIn(minutes(2)))
                    .Running(ARunning(3).Memory(37_GiB).EndsIn(minutes(30))),
                {AJob(9).Memory(5_GiB)});
  EXPECT_THAT(decisions.jobs,
              ElementsAre(Short(Waits(9, Reason::kResting), kMemory, 5_GiB, -3_GiB)));
  EXPECT_EQ(decisions.head->starts_by, kNow + minutes(2));
}

TEST(Backfill, GivesJobsBehindTheHeadTheirOwnReason) {
  const AHost host = A100GiBHost().Cpu(10'000).Running(ARunning(1).Memory(35_GiB).Cpu(4000));
  EXPECT_THAT(
      DecideFor(host, {TheHead(), AJob(10).Cpu(2000)}).jobs,
      ElementsAre(HeadWaits(15_GiB), Short(Waits(10, Reason::kOverTarget), kCpu, 2000, 1000)));
}

TEST(Backfill, LetsNobodyPassInAStrictQueue) {
  const AHost host = A100GiBHost().Running(ARunning(1).Memory(35_GiB).EndsIn(minutes(5)));
  EXPECT_THAT(
      DecideFor(host,
                {TheHead(), AJob(10).Memory(1_GiB).Takes(seconds(1)), AJob(11).Memory(90_GiB)},
                QueueDiscipline::kStrict)
          .jobs,
      ElementsAre(HeadWaits(15_GiB), BehindHead(10, 9), BehindHead(11, 9)));
}

TEST(Backfill, KeepsAnIdleHostForTheHeadOfAStrictQueue) {
  const AHost host = A100GiBHost().UsedOutside(45_GiB);
  EXPECT_THAT(
      DecideFor(host, {AJob(9).Memory(60_GiB), AJob(10).Memory(1_GiB)}, QueueDiscipline::kStrict)
          .jobs,
      ElementsAre(Short(Waits(9, Reason::kOverTarget), kMemory, 60_GiB, 5_GiB), BehindHead(10, 9)));
}

TEST(Backfill, KeepsATokenForTheHead) {
  Policy policy = HalfTheHost();
  policy.tokens = {{"db", 4}};
  const Snapshot host = A100GiBHost()
                            .Running(ARunning(1).Token("db", 2).EndsIn(minutes(5)))
                            .Running(ARunning(2).Token("db", 1).EndsIn(minutes(50)));
  const std::vector<WaitingJob> waiting = {AJob(9).Token("db", 2), AJob(10).Token("db", 1),
                                           AJob(11).Token("db", 1)};
  const Decisions decisions = Decide(host, waiting, policy);
  const Axis db{Dimension::kToken, "db"};
  // At 5 minutes three are free, one beside the head's two.
  EXPECT_THAT(decisions.jobs,
              ElementsAre(Short(Waits(9, Reason::kOverTarget), db, 2, 1), Starts(10),
                          Short(Waits(11, Reason::kOverTarget), db, 1, 0)));
}

TEST(Backfill, MakesNoHeadOfAJobThatTheGateHolds) {
  EXPECT_EQ(DecideFor(A100GiBHost().Gate(GatePosition::kClosed), {TheHead()}).head, std::nullopt);
}

}  // namespace
}  // namespace headroom
