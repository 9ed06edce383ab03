#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admission/draw.h"
#include "admission/foresight.h"
#include "tests/support/admission_builders.h"

// Decide() where jobs are foreseen instead of counted by their requests.
namespace headroom::test {
namespace {

using testing::ElementsAre;

// The same use in every interval of every future, and expected.
Forecast Flat(double memory) {
  Forecast forecast;
  forecast.expected.memory_bytes.fill(static_cast<float>(memory));
  for (UseAhead& future : forecast.futures) future.memory_bytes.fill(static_cast<float>(memory));
  return forecast;
}

// Expected to use less than it may come to use.
Forecast Between(double expected, double most) {
  Forecast forecast = Flat(most);
  forecast.expected.memory_bytes.fill(static_cast<float>(expected));
  return forecast;
}

WaitingJob Foreseen(WaitingJob job, const KeyOutlook& outlook) {
  job.outlook = &outlook;
  job.key = KeyNumber("k");
  return job;
}

TEST(DecideWithForesight, StartsWhatIsExpectedToFitWhateverItsRequestIs) {
  const KeyOutlook outlook{Flat(1_GiB), {}};
  const auto decisions = Decide(AHost(),
                                std::vector{Foreseen(AJob(1).Memory(80_GiB), outlook),
                                            Foreseen(AJob(2).Memory(80_GiB), outlook)},
                                HalfTheHost());
  EXPECT_THAT(decisions.jobs, ElementsAre(Starts(1), Starts(2)));
}

TEST(DecideWithForesight, AddsEveryStartOfAPassBeforeTheNextIsTested) {
  const KeyOutlook outlook{Flat(20_GiB), {}};
  std::vector<WaitingJob> waiting;
  for (int64_t id = 1; id <= 4; ++id) waiting.push_back(Foreseen(AJob(id).Memory(20_GiB), outlook));
  const auto decisions = Decide(AHost(), waiting, HalfTheHost());
  EXPECT_THAT(decisions.jobs,
              ElementsAre(Starts(1), Starts(2),
                          Short(Waits(3, Reason::kOverTarget), kMemory, 20_GiB, 10_GiB),
                          Short(Waits(4, Reason::kOverTarget), kMemory, 20_GiB, 10_GiB)));
}

TEST(DecideWithForesight, StopsAtTheCeilingWhatMayStillGrow) {
  const KeyOutlook outlook{Between(1_GiB, 50_GiB), {}};
  const auto decisions = Decide(AHost(),
                                std::vector{Foreseen(AJob(1).Memory(1_GiB), outlook),
                                            Foreseen(AJob(2).Memory(1_GiB), outlook)},
                                HalfTheHost());
  EXPECT_THAT(decisions.jobs, ElementsAre(Starts(1), Short(Waits(2, Reason::kOverCeiling), kMemory,
                                                           50_GiB, 40_GiB)));
}

TEST(DecideWithForesight, CountsARunningJobByItsForecast) {
  const Forecast forecast = Flat(45_GiB);
  RunningJob running = ARunning(1).Memory(1_GiB).Uses(1_GiB);
  running.forecast = &forecast;
  const auto decisions = Decide(AHost().Running(running),
                                std::vector<WaitingJob>{AJob(2).Memory(10_GiB)}, HalfTheHost());
  EXPECT_THAT(decisions.jobs,
              ElementsAre(Short(Waits(2, Reason::kOverTarget), kMemory, 10_GiB, 5_GiB)));
}

TEST(DecideWithForesight, StartsNoMoreOfANewKeyThanItHasPlaces) {
  const KeyOutlook outlook{Flat(1_GiB), 2};
  std::vector<WaitingJob> waiting;
  for (int64_t id = 2; id <= 4; ++id) waiting.push_back(Foreseen(AJob(id).Memory(1_GiB), outlook));
  RunningJob running = ARunning(1).Memory(1_GiB);
  running.key = KeyNumber("k");
  const auto decisions = Decide(AHost().Running(running), waiting, HalfTheHost());
  Decision full = Waits(3, Reason::kNewKey);
  full.needed = 1;
  Decision fuller = full;
  fuller.job = {4};
  EXPECT_THAT(decisions.jobs, ElementsAre(Starts(2), full, fuller));
  EXPECT_FALSE(decisions.head);  // nobody is held up by it
}

TEST(DecideWithForesight, MovesTheTargetByTheTrim) {
  Snapshot host = AHost();
  host.trim = {0.10, kNow - seconds(1)};
  const auto decisions = Decide(
      host, std::vector<WaitingJob>{AJob(1).Memory(10_GiB), AJob(2).Memory(55_GiB)}, HalfTheHost());
  EXPECT_THAT(decisions.jobs, ElementsAre(Starts(1), Short(Waits(2, Reason::kOverTarget), kMemory,
                                                           55_GiB, 50_GiB)));
}

TEST(DecideWithForesight, LeavesTheTrimAloneWhereNothingIsForeseen) {
  Snapshot host = AHost().Running(ARunning(1).Memory(49_GiB).Uses(49_GiB));
  host.trim = {0.05, kNow - seconds(10)};
  host.mean_duration = seconds(100);
  EXPECT_EQ(Decide(host, std::vector<WaitingJob>{AJob(2).Memory(40_GiB)}, HalfTheHost()).trim,
            host.trim);
}

}  // namespace
}  // namespace headroom::test
