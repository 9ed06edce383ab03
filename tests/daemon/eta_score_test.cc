#include "daemon/eta_score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimePoint kNow{std::chrono::hours(10)};
constexpr JobId kJob{7};

Plan Expecting(TimePoint now, Duration p50, std::optional<Duration> p90) {
  PlannedJob job;
  job.now.job = kJob;
  job.foretold = Foretold::kExpected;
  job.p50 = p50;
  job.p90 = p90;
  return {now, {job}, 0, 0};
}

Decisions Starting(JobId job) {
  Decisions decisions;
  decisions.jobs.resize(1);
  decisions.jobs[0].job = job;
  decisions.jobs[0].verdict = Verdict::kAdmit;
  return decisions;
}

std::vector<ScoredEta> StartedAfter(Duration passed, std::optional<Duration> p90 = seconds(100)) {
  EtaScore score;
  score.Remember(Expecting(kNow, seconds(60), p90));
  return score.Started(Starting(kJob), kNow + passed);
}

TEST(EtaScore, HoldsTheBandAgainstTheRealStart) {
  EXPECT_THAT(StartedAfter(seconds(30)), ElementsAre(ScoredEta{-seconds(30), EtaFell::kEarly}));
  EXPECT_THAT(StartedAfter(seconds(60)), ElementsAre(ScoredEta{{}, EtaFell::kInside}));
  EXPECT_THAT(StartedAfter(seconds(100)), ElementsAre(ScoredEta{seconds(40), EtaFell::kInside}));
  EXPECT_THAT(StartedAfter(seconds(103)), ElementsAre(ScoredEta{seconds(43), EtaFell::kLate}));
}

TEST(EtaScore, CallsNothingLateOfWhichNoLatestWasForetold) {
  EXPECT_THAT(StartedAfter(std::chrono::hours(1), std::nullopt),
              ElementsAre(ScoredEta{seconds(3540), EtaFell::kInside}));
}

TEST(EtaScore, KeepsToWhatWasForetoldFirst) {
  EtaScore score;
  score.Remember(Expecting(kNow, seconds(60), seconds(100)));
  score.Remember(Expecting(kNow + seconds(50), seconds(200), seconds(300)));
  EXPECT_THAT(score.Started(Starting(kJob), kNow + seconds(60)),
              ElementsAre(ScoredEta{{}, EtaFell::kInside}));
  EXPECT_THAT(score.Started(Starting(kJob), kNow + seconds(61)), IsEmpty());
}

TEST(EtaScore, ScoresNothingThatWasNotForetold) {
  EtaScore score;
  Plan plan = Expecting(kNow, {}, {});
  plan.jobs[0].foretold = Foretold::kUnknown;
  plan.jobs[0].p50.reset();
  score.Remember(plan);
  EXPECT_THAT(score.Started(Starting(kJob), kNow), IsEmpty());
}

TEST(EtaScore, ForgetsJobsThatAreGone) {
  EtaScore score;
  score.Remember(Expecting(kNow, seconds(60), seconds(100)));
  score.Forget([](JobId) { return false; });
  EXPECT_TRUE(score.Knows(kJob));
  score.Forget([](JobId job) { return job == kJob; });
  EXPECT_EQ(score.size(), 0U);
}

}  // namespace
}  // namespace headroom
