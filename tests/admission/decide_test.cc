#include "admission/decide.h"

#include <gmock/gmock.h>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;

std::vector<Decision> DecideAll(const Snapshot& snapshot, const std::vector<WaitingJob>& waiting,
                                const Policy& policy = HalfTheHost()) {
  return Decide(snapshot, waiting, policy).jobs;
}

Decision DecideOne(const Snapshot& snapshot, const WaitingJob& job,
                   const Policy& policy = HalfTheHost()) {
  return DecideAll(snapshot, {job}, policy).at(0);
}

Decision OverTarget(int64_t job, int64_t needed, int64_t available) {
  return Short(Waits(job, Reason::kOverTarget), kMemory, needed, available);
}

TEST(Decide, StartsWhatFitsUnderTheTarget) {
  EXPECT_EQ(DecideOne(AHost().Memory(8_GiB), AJob(1).Memory(4_GiB)), Starts(1));
}

TEST(Decide, ChargesReservationBeforeUsageAppears) {  // F49
  const Snapshot host = AHost().Memory(16_GiB).Running(
      ARunning(1).Memory(6_GiB).Uses(100_MiB).Age(milliseconds(200)));
  EXPECT_EQ(DecideOne(host, AJob(2).Memory(3_GiB)), OverTarget(2, 3_GiB, 2_GiB));
}

TEST(Decide, LetsEveryStartOfOnePassReduceWhatTheNextMayUse) {  // F49
  std::vector<WaitingJob> herd;
  for (int id = 1; id <= 500; ++id) herd.push_back(AJob(id).Memory(1_GiB));
  const auto decisions = DecideAll(AHost().Memory(16_GiB), herd);
  EXPECT_EQ(std::ranges::count(decisions, Verdict::kAdmit, &Decision::verdict), 8);
  EXPECT_EQ(decisions[8], OverTarget(9, 1_GiB, 0));
  EXPECT_EQ(decisions[499], OverTarget(500, 1_GiB, 0));
}

TEST(Decide, CountsUseOutsideItsJobs) {
  EXPECT_EQ(DecideOne(AHost().Memory(8_GiB).UsedOutside(3_GiB).Running(ARunning(1)),
                      AJob(2).Memory(2_GiB)),
            OverTarget(2, 2_GiB, 1_GiB));
}

TEST(Decide, TakesTheReserveOffTheCapacityFirst) {
  Policy policy = HalfTheHost();
  policy.reserve_memory_bytes = 2_GiB;
  EXPECT_EQ(DecideOne(AHost().Memory(8_GiB).Running(ARunning(1)), AJob(2).Memory(4_GiB), policy),
            OverTarget(2, 4_GiB, 3_GiB));
}

TEST(Decide, NamesTheFirstDimensionThatIsShort) {
  const Snapshot host = AHost().Cpu(4000).Pids(100).Running(ARunning(1).Cpu(1500).Pids(40));
  EXPECT_EQ(DecideOne(host, AJob(2).Cpu(1000).Pids(20)),
            Short(Waits(2, Reason::kOverTarget), kCpu, 1000, 500));
  EXPECT_EQ(DecideOne(host, AJob(2).Cpu(500).Pids(20)),
            Short(Waits(2, Reason::kOverTarget), kPids, 20, 10));
}

TEST(Decide, HandsOutEveryTokenButNotMore) {
  Policy policy = HalfTheHost();
  policy.tokens = {{"db", 3}};
  const Snapshot host = AHost().Running(ARunning(1).Token("db", 2));
  EXPECT_THAT(DecideAll(host, {AJob(2).Token("db", 1), AJob(3).Token("db", 1)}, policy),
              ElementsAre(Starts(2), Short(Waits(3, Reason::kOverTarget),
                                           Axis{Dimension::kToken, "db"}, 1, 0)));
}

TEST(Decide, WaitsUnderTheCeilingWhenTheJobsThatRunMayStillGrow) {
  // It shows 1 GiB of its 10, so the target has room; should it grow, the ceiling has none.
  const Snapshot host = AHost().Memory(16_GiB).Running(ARunning(1).Memory(10_GiB).Uses(1_GiB));
  Policy policy = HalfTheHost();
  policy.ceiling.memory = 0.75;
  EXPECT_EQ(DecideOne(host, AJob(2).Memory(3_GiB), policy),
            Short(Waits(2, Reason::kOverCeiling), kMemory, 3_GiB, 2_GiB));
}

TEST(Decide, RejectsWhatIsLargerThanTheHost) {  // F46
  EXPECT_EQ(DecideOne(AHost().Memory(8_GiB), AJob(1).Memory(9_GiB)),
            Short(Answer(1, Verdict::kReject, Reason::kNeverFits), kMemory, 9_GiB, 8_GiB));
}

TEST(Decide, RejectsATokenThatThePolicyDoesNotHave) {  // F46
  Policy policy = HalfTheHost();
  policy.tokens = {{"db", 3}};
  const auto never = [](const char* token, int64_t needed, int64_t available) {
    return Short(Answer(1, Verdict::kReject, Reason::kNeverFits), Axis{Dimension::kToken, token},
                 needed, available);
  };
  EXPECT_EQ(DecideOne(AHost(), AJob(1).Token("gpu", 1), policy), never("gpu", 1, 0));
  EXPECT_EQ(DecideOne(AHost(), AJob(1).Token("db", 4), policy), never("db", 4, 3));
}

TEST(Decide, RunsAJobLargerThanTheTargetOnAnIdleHost) {
  EXPECT_EQ(DecideOne(AHost().Memory(8_GiB), AJob(1).Memory(7_GiB)), Starts(1, Reason::kIdleHost));
}

TEST(Decide, RunsOnlyOneJobLargerThanTheTargetAtATime) {
  EXPECT_THAT(DecideAll(AHost().Memory(8_GiB), {AJob(1).Memory(7_GiB), AJob(2).Memory(6_GiB)}),
              ElementsAre(Starts(1, Reason::kIdleHost), OverTarget(2, 6_GiB, -3_GiB)));
}

TEST(Decide, NeverStartsMoreThanIsPhysicallyThereOnAnIdleHost) {
  EXPECT_EQ(DecideOne(AHost().Memory(8_GiB).UsedOutside(2_GiB), AJob(1).Memory(7_GiB)),
            OverTarget(1, 7_GiB, 2_GiB));
}

TEST(Decide, StartsNothingOnAHostThatWasNeverMeasured) {  // F53
  const Decisions decisions =
      Decide(AHost().NeverMeasured(), std::vector<WaitingJob>{AJob(1)}, HalfTheHost());
  EXPECT_THAT(decisions.jobs, ElementsAre(Waits(1, Reason::kNoMeasurement)));
  EXPECT_EQ(decisions.account, std::nullopt);
}

TEST(Decide, StartsNothingOnAnOldMeasurement) {  // F53
  Policy policy = HalfTheHost();
  policy.stale_after = seconds(5);
  EXPECT_EQ(DecideOne(AHost().MeasuredAgo(seconds(5)), AJob(1), policy), Starts(1));
  EXPECT_EQ(DecideOne(AHost().MeasuredAgo(milliseconds(5001)), AJob(1), policy),
            Waits(1, Reason::kStale));
  EXPECT_EQ(DecideOne(AHost().Memory(8_GiB).MeasuredAgo(seconds(6)), AJob(1).Memory(9_GiB), policy),
            Waits(1, Reason::kStale))
      << "a rejection cannot be taken back";
}

TEST(Decide, StartsNothingWhileTheGateIsClosed) {
  EXPECT_EQ(DecideOne(AHost().Gate(GatePosition::kClosed), AJob(1)), Waits(1, Reason::kGateClosed));
}

TEST(Decide, StartsOneJobAtATimeWhileTheGateIsClosing) {
  const AHost host = AHost().Gate(GatePosition::kClosing);
  EXPECT_THAT(DecideAll(host, {AJob(1), AJob(2)}),
              ElementsAre(Starts(1), Waits(2, Reason::kGateClosing)));
  Policy policy = HalfTheHost();
  policy.warm_up = seconds(60);
  EXPECT_EQ(DecideOne(AHost(host).Running(ARunning(1).Age(seconds(59))), AJob(2), policy),
            Waits(2, Reason::kGateClosing));
  EXPECT_EQ(DecideOne(AHost(host).Running(ARunning(1).Age(seconds(60))), AJob(2), policy),
            Starts(2));
}

TEST(Decide, KeepsACountAsACeiling) {
  Policy policy = HalfTheHost();
  policy.max_jobs = 2;
  Decision full = Waits(3, Reason::kMaxJobs);
  full.needed = 1;
  full.available = 0;
  EXPECT_THAT(DecideAll(AHost().Running(ARunning(1)), {AJob(2), AJob(3)}, policy),
              ElementsAre(Starts(2), full));
}

TEST(Decide, CountsOnlyInModeCount) {
  Policy policy = HalfTheHost();
  policy.mode = AdmissionMode::kCount;
  policy.max_jobs = 2;
  const Snapshot host = AHost().NeverMeasured().Gate(GatePosition::kClosed).Running(ARunning(1));
  Decision full = Waits(3, Reason::kMaxJobs);
  full.needed = 1;
  full.available = 0;
  EXPECT_THAT(DecideAll(host, {AJob(2).Memory(900_GiB), AJob(3)}, policy),
              ElementsAre(Starts(2, Reason::kNoLimit), full));
}

TEST(Decide, StartsEverythingInModeNone) {
  Policy policy = HalfTheHost();
  policy.mode = AdmissionMode::kNone;
  policy.max_jobs = 1;
  EXPECT_THAT(DecideAll(AHost().NeverMeasured(), {AJob(1), AJob(2).Token("gpu", 9)}, policy),
              Each(Field(&Decision::reason, Reason::kNoLimit)));
}

TEST(Decide, GoesByPriorityThenAgeThenId) {
  const std::vector<WaitingJob> waiting = {
      AJob(4).SubmittedAt(kNow), AJob(3).SubmittedAt(kNow), AJob(2).SubmittedAt(kNow - seconds(9)),
      AJob(1).Priority(-1).SubmittedAt(TimePoint(-seconds(9))), AJob(5).Priority(7)};
  EXPECT_THAT(DecideAll(AHost(), waiting),
              ElementsAre(Starts(5), Starts(2), Starts(3), Starts(4), Starts(1)));
}

TEST(Decide, GivesTheAccountAsItWasBeforeThePass) {
  const Snapshot host = AHost().Memory(16_GiB).Running(ARunning(1).Memory(2_GiB));
  const Decisions decisions =
      Decide(host, std::vector<WaitingJob>{AJob(2).Memory(1_GiB)}, HalfTheHost());
  EXPECT_EQ(decisions.account, MakeAccount(host, HalfTheHost()));
  EXPECT_EQ(decisions.account->expected_free.memory_bytes, 6_GiB);
}

TEST(Decide, SaysNothingAboutAnEmptyQueue) {
  const Decisions decisions = Decide(AHost(), {}, HalfTheHost());
  EXPECT_TRUE(decisions.jobs.empty());
  EXPECT_EQ(decisions.head, std::nullopt);
}

TEST(Decide, DoesNotWrapWhenRequestsAreAbsurd) {
  Policy policy = HalfTheHost();
  policy.mode = AdmissionMode::kNone;
  const int64_t absurd = int64_t{1} << 62;
  const Snapshot host = AHost()
                            .Running(ARunning(1).Memory(absurd))
                            .Running(ARunning(2).Memory(absurd))
                            .Running(ARunning(3).Memory(absurd));
  EXPECT_LT(Decide(host, {}, policy).account->expected_free.memory_bytes, 0);
}

}  // namespace
}  // namespace headroom
