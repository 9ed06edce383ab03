#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "admission/draw.h"
#include "admission/foresight.h"
#include "admission/peak_line.h"
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

// ---- Properties, over seeds

constexpr const char* kKeys[] = {"align", "sort", "call", "plot"};

// A host in the middle of its work, made from a seed: some of each key have finished, some run.
struct Busy {
  explicit Busy(uint64_t seed) : draw(seed) {
    for (const char* key : kKeys) {
      const int64_t size = Amount(1, 8) << 30;
      for (int64_t i = Amount(0, 40); i > 0; --i)
        foresight.Remember(key, {},
                           AFinishedAttempt(seconds(Amount(5, 500)))
                               .Memory(size + Amount(0, size))
                               .CpuTime(seconds(1)));
    }
    std::vector<Foresight::Attempt> attempts;
    for (int64_t id = 1; id <= 6; ++id) {
      const char* key = kKeys[Amount(0, 3)];
      RunningJob job =
          ARunning(id).Memory(4_GiB).Uses(Amount(1, 6) << 30).Age(seconds(Amount(1, 300)));
      job.observed.cpu_millis = 500;
      job.key = KeyNumber(key);
      attempts.push_back({job.id, key, {}, job.admitted_at, job.observed});
      running.push_back(job);
    }
    foresight.Look(kNow, attempts, {2.5 * kGiB, 2500}, {100.0 * kGiB, 100'000});
    Snapshot host = AHost();
    for (RunningJob& job : running) job.forecast = foresight.OfRunning(job.id);
    host.running = running;
    host.mean_duration = foresight.MeanDuration();
    snapshot = host;
    for (int64_t id = 100; id < 140; ++id) {
      const char* key = kKeys[Amount(0, 3)];
      WaitingJob job = AJob(id).Memory(4_GiB).Cpu(1000).Pids(1);
      job.key = KeyNumber(key);
      job.outlook = foresight.OfNext(key, {});
      waiting.push_back(job);
    }
  }
  int64_t Amount(int64_t least, int64_t most) {
    return least +
           static_cast<int64_t>(UniformDraw(draw, next++) * static_cast<double>(most - least + 1));
  }

  uint64_t draw, next = 0;
  Foresight foresight;
  std::vector<RunningJob> running;
  Snapshot snapshot;
  std::vector<WaitingJob> waiting;
};

// I8
TEST(DecideWithForesight, AnswersTheSameWhateverTheOrderOfTheList) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Busy busy(seed);
    const Decisions forwards = Decide(busy.snapshot, busy.waiting, Policy{});
    std::ranges::reverse(busy.waiting);
    EXPECT_EQ(Decide(busy.snapshot, busy.waiting, Policy{}), forwards) << seed;
    EXPECT_EQ(forwards.jobs.size(), busy.waiting.size());
  }
}

// I1
TEST(DecideWithForesight, AdmitsNothingThatPassesEitherLine) {
  int64_t admitted = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Busy busy(seed);
    const Policy policy;
    const Decisions decisions = Decide(busy.snapshot, busy.waiting, policy);
    PeakLine peak;
    ResourceVector expected;
    for (const RunningJob& job : busy.running) {
      peak.Add(job);
      expected += ExpectedCharge(job, busy.snapshot, policy);
    }
    bool any = false;
    for (const Decision& decision : decisions.jobs) {
      if (decision.verdict != Verdict::kAdmit) continue;
      const auto job = std::ranges::find(busy.waiting, decision.job, &WaitingJob::id);
      peak.Add(*job);
      expected += ExpectedCharge(*job, busy.snapshot);
      any = true;
      ++admitted;
    }
    if (!any) continue;
    EXPECT_LE(peak.Charge().memory_bytes, 90_GiB) << seed;
    EXPECT_LE(expected.memory_bytes, 60_GiB) << seed;
    EXPECT_LE(expected.cpu_millis, 60'000) << seed;
  }
  EXPECT_GT(admitted, 1000);
}

}  // namespace
}  // namespace headroom::test
