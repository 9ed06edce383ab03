#include "admission/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Lifetimes NothingPast() {
  return Lifetimes([](uint64_t) -> const KeyPast* { return nullptr; });
}

Plan PlanOf(const Snapshot& host, const std::vector<WaitingJob>& waiting,
            int64_t budget = kPlanBudget, const Policy& policy = HalfTheHost()) {
  Lifetimes lifetimes = NothingPast();
  return MakePlan(host, waiting, Decide(host, waiting, policy), policy, lifetimes, budget);
}

// Half of 100 GiB is to be filled.
const AHost kFull = AHost().Running(ARunning(1).Memory(50_GiB).EndsIn(minutes(10)));

TEST(Plan, StartsNowWhatFitsNow) {
  const Plan plan = PlanOf(AHost(), {AJob(10).Memory(10_GiB)});
  ASSERT_EQ(plan.jobs.size(), 1U);
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kNow);
  EXPECT_EQ(plan.jobs[0].p50, Duration{});
  EXPECT_EQ(plan.jobs[0].now, Starts(10));
}

TEST(Plan, ExpectsAStartWhenTheJobThatHoldsTheRoomEnds) {
  const Plan plan = PlanOf(kFull, {AJob(10).Memory(10_GiB)});
  const PlannedJob& job = plan.jobs[0];
  EXPECT_EQ(job.foretold, Foretold::kExpected);
  EXPECT_GE(job.p50, minutes(10));
  EXPECT_LE(job.p50, minutes(11));
  EXPECT_EQ(job.p90, job.p50);
  EXPECT_EQ(job.rests_on, (StartEvidence{0, 1, std::nullopt}));
}

// A drain window from now + an hour, for an hour; it comes again in a week.
Plan PlanBeforeADrain(Snapshot host, const std::vector<WaitingJob>& waiting) {
  using std::chrono::hours;
  Policy policy = HalfTheHost();
  policy.windows = {{"db", {2}, hours(2), hours(3), true, {}, {}}};
  host.windows = {{0, kNow + hours(1), kNow + hours(2)}};
  return PlanOf(host, waiting, kPlanBudget, policy);
}

TEST(Plan, ExpectsAJobThatADrainWindowHoldsAtItsEnd) {
  const Plan plan = PlanBeforeADrain(AHost(), {AJob(10).Takes(minutes(61))});
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kExpected);
  EXPECT_GE(plan.jobs[0].p50, minutes(120));
  EXPECT_LE(plan.jobs[0].p90, minutes(123));
}

TEST(Plan, StartsAnEndLaterOnlyWhatIsOverBeforeTheWindow) {
  const Plan plan = PlanBeforeADrain(kFull, {AJob(10).Memory(10_GiB).Takes(minutes(40)),
                                             AJob(11).Memory(10_GiB).Takes(minutes(55))});
  EXPECT_LE(plan.jobs[0].p90, minutes(11));
  EXPECT_GE(plan.jobs[1].p50, minutes(120));
}

TEST(Plan, ForetellsNoStartOfAJobThatIsLongerThanTheTimeBetweenWindows) {
  const Plan plan = PlanBeforeADrain(AHost(), {AJob(10).Takes(std::chrono::hours(7 * 24))});
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kUnknown);
  EXPECT_LT(plan.cost, kPlanBudget / 10);
}

TEST(Plan, CountsOnTheTargetOfAWindowToCome) {
  using std::chrono::hours;
  Policy policy = HalfTheHost();
  policy.windows = {{"night", {}, hours(22), hours(6), false, 0.8, {}}};
  Snapshot host = AHost().Running(ARunning(1).Memory(50_GiB));
  host.windows = {{0, kNow + hours(1), kNow + hours(9)}};
  const Plan plan = PlanOf(host, {AJob(10).Memory(10_GiB)}, kPlanBudget, policy);
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kExpected);
  EXPECT_GE(plan.jobs[0].p50, hours(1));
  EXPECT_LE(plan.jobs[0].p50, minutes(62));
}

TEST(Plan, ExpectsJobsOneAfterTheOtherWhereOnlyOneFits) {
  std::vector<WaitingJob> waiting;
  for (int64_t id = 10; id < 13; ++id) waiting.push_back(AJob(id).Memory(50_GiB).Takes(minutes(5)));
  const Plan plan = PlanOf(kFull, waiting);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GE(plan.jobs[i].p50, minutes(10 + 5 * i));
    EXPECT_LE(plan.jobs[i].p50, minutes(11 + 6 * i));
  }
  EXPECT_EQ(plan.jobs[2].rests_on.ends_by_declared, 3);
}

TEST(Plan, SaysThatItDoesNotKnowWhereAnEndIsNotKnown) {
  const Plan plan = PlanOf(AHost().Running(ARunning(1).Memory(50_GiB)), {AJob(10).Memory(10_GiB)});
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kUnknown);
  EXPECT_EQ(plan.jobs[0].p50, std::nullopt);
  EXPECT_THAT(plan.jobs[0].waits_for, ElementsAre(JobId{1}));
}

TEST(Plan, ForetellsWhatDoesNotNeedTheUnknownEnd) {
  const Plan plan = PlanOf(AHost()
                               .Running(ARunning(1).Memory(20_GiB))
                               .Running(ARunning(2).Memory(30_GiB).EndsIn(minutes(1))),
                           {AJob(10).Memory(25_GiB), AJob(11).Memory(20_GiB)});
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kExpected);
  EXPECT_EQ(plan.jobs[1].foretold, Foretold::kUnknown);
}

TEST(Plan, PutsOffWhatWaitsForAJobThatHasOverrunItsDuration) {
  const RunningJob overrun =
      ARunning(1).Memory(50_GiB).Age(minutes(60)).EndsIn(-minutes(50));  // declared ten minutes
  const Plan plan = PlanOf(AHost().Running(overrun), {AJob(10).Memory(10_GiB)});
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kExpected);
  EXPECT_GT(plan.jobs[0].p50, minutes(15));
  EXPECT_LT(plan.jobs[0].p50, minutes(40));
  EXPECT_GT(plan.jobs[0].p90, minutes(60));
}

TEST(Plan, DrawsDurationsFromTheHistoryOfTheKey) {
  KeyPast past;
  for (int i = 1; i <= 10; ++i) {
    PastAttempt attempt;
    attempt.duration = minutes(i);
    past.Add(attempt);
  }
  past.Weigh({});
  Lifetimes lifetimes([&](uint64_t key) { return key == 7 ? &past : nullptr; });
  RunningJob running = ARunning(1).Memory(50_GiB).Age(Duration{});
  running.key = 7;
  const Snapshot host = AHost().Running(running);
  const std::vector<WaitingJob> waiting = {AJob(10).Memory(10_GiB)};
  const Policy policy = HalfTheHost();
  const Plan plan = MakePlan(host, waiting, Decide(host, waiting, policy), policy, lifetimes);
  EXPECT_GE(plan.jobs[0].p50, minutes(4));
  EXPECT_LE(plan.jobs[0].p50, minutes(7));
  EXPECT_GE(plan.jobs[0].p90, minutes(9));
  EXPECT_LE(plan.jobs[0].p90, minutes(11));
  EXPECT_EQ(plan.jobs[0].rests_on, (StartEvidence{1, 0, 10}));
}

TEST(Plan, LetsJobsPassAsBackfillDoes) {
  const Plan plan = PlanOf(AHost()
                               .Running(ARunning(1).Memory(30_GiB).EndsIn(minutes(10)))
                               .Running(ARunning(2).Memory(20_GiB).EndsIn(minutes(2))),
                           {AJob(10).Memory(50_GiB), AJob(11).Memory(20_GiB).Takes(minutes(5))});
  EXPECT_GE(plan.jobs[0].p50, minutes(10));
  EXPECT_GE(plan.jobs[1].p50, minutes(2));
  EXPECT_LE(plan.jobs[1].p50, minutes(3));
}

TEST(Plan, WaitsForAClosedGateToBeQuiet) {
  AHost host = AHost().Gate(GatePosition::kClosed);
  Policy policy = HalfTheHost();
  policy.gate_quiet = seconds(30);
  const Plan plan = PlanOf(host, {AJob(10).Memory(10_GiB)}, kPlanBudget, policy);
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kExpected);
  EXPECT_EQ(plan.jobs[0].p50, seconds(30));
}

TEST(Plan, SeesRequestsFadeWhoseJobsUseLess) {
  Policy policy = HalfTheHost();
  policy.warm_up = seconds(60);
  const RunningJob young = ARunning(1).Memory(50_GiB).Uses(1_GiB).Age(seconds(20));
  const Plan plan = PlanOf(AHost().Running(young), {AJob(10).Memory(40_GiB)}, kPlanBudget, policy);
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kExpected);
  EXPECT_GE(plan.jobs[0].p50, seconds(100));
  EXPECT_LE(plan.jobs[0].p50, seconds(105));
}

TEST(Plan, ForetellsNothingFromStaleNumbers) {
  const Plan plan = PlanOf(AHost().MeasuredAgo(minutes(5)), {AJob(10).Memory(10_GiB)});
  EXPECT_EQ(plan.jobs[0].foretold, Foretold::kUnknown);
  EXPECT_EQ(PlanOf(AHost().NeverMeasured(), {AJob(10)}).jobs[0].foretold, Foretold::kUnknown);
}

TEST(Plan, SaysThatARejectedJobNeverStarts) {
  EXPECT_EQ(PlanOf(AHost(), {AJob(10).Memory(101_GiB)}).jobs[0].foretold, Foretold::kNever);
}

std::vector<WaitingJob> ALongQueue(int64_t jobs) {
  std::vector<WaitingJob> waiting;
  for (int64_t id = 0; id < jobs; ++id)
    waiting.push_back(AJob(10 + id).Memory(50_GiB).Takes(minutes(5)));
  return waiting;
}

TEST(Plan, StopsAtItsHorizonAndSaysSo) {
  const Plan plan = PlanOf(kFull, ALongQueue(300));
  EXPECT_EQ(plan.jobs.size(), kPlannedJobs);
  EXPECT_EQ(plan.beyond, 100);
  EXPECT_EQ(plan.Find(JobId{10 + 250}), nullptr);
}

TEST(Plan, KeepsToItsBudgetAndSaysWhatItDidNotReach) {
  const Plan plan = PlanOf(kFull, ALongQueue(50), 16 * 2000);
  EXPECT_EQ(plan.jobs.front().foretold, Foretold::kExpected);
  EXPECT_EQ(plan.jobs.back().foretold, Foretold::kBeyondHorizon);
}

TEST(Plan, IsTheSameForTheSameSnapshot) {
  const std::vector<WaitingJob> waiting = ALongQueue(20);
  EXPECT_EQ(PlanOf(kFull, waiting), PlanOf(kFull, waiting));
  const std::vector<WaitingJob> reversed(waiting.rbegin(), waiting.rend());
  EXPECT_EQ(PlanOf(kFull, waiting), PlanOf(kFull, reversed));
}

TEST(Plan, OfAnEmptyQueueIsEmpty) { EXPECT_THAT(PlanOf(kFull, {}).jobs, IsEmpty()); }

// Two attempts are too few to be worth more than a declaration, but they are none.
TEST(MakePlan, RestsOnHistoryWhereADurationWasLearnedAndNotDeclared) {
  KeyPast past;
  for (int i = 0; i < 2; ++i) {
    PastAttempt attempt;
    attempt.duration = minutes(10);
    past.Add(attempt);
  }
  past.Weigh({});
  Lifetimes lifetimes([&](uint64_t) { return &past; });
  RunningJob running = ARunning(1).Memory(50_GiB).Age(Duration{});
  running.key = 7;
  running.duration = minutes(10);
  EXPECT_EQ(ExpectedEndOf(running, kNow, lifetimes).source, LifetimeSource::kHistory);
  running.declares_duration = true;
  EXPECT_EQ(ExpectedEndOf(running, kNow, lifetimes).source, LifetimeSource::kDeclared);
}

TEST(Plan, LetsAJobThatRunsAloneWaitAndLetsNobodyBesideIt) {
  const Snapshot host = AHost().Running(ARunning(1).Memory(1_GiB).EndsIn(minutes(5)));
  const std::vector<WaitingJob> waiting = {AJob(2).Memory(1_GiB).Takes(minutes(10)).Alone(),
                                           AJob(3).Memory(1_GiB).Takes(minutes(20))};
  const Plan plan = PlanOf(host, waiting);
  EXPECT_GE(plan.Find({2})->p50, minutes(5));
  EXPECT_GE(plan.Find({3})->p50, minutes(15));
}

}  // namespace
}  // namespace headroom
