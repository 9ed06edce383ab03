#include "simulator/run.h"

#include <gtest/gtest.h>

#include "simulator/references.h"
#include "tests/simulator/sim_builders.h"

namespace headroom::sim {
namespace {

using std::chrono::seconds;

TEST(Run, AddsUpWhatHappened) {
  const Workload workload = AWorkload({AJob(60 * kGiB, 10), AJob(60 * kGiB, 10)});
  const RunResult result = Simulate(workload, *FixedCount(1), {AHost(), seconds(1)});
  EXPECT_EQ(result.jobs, 2);
  EXPECT_EQ(result.finished, 2);
  EXPECT_EQ(result.oom_kills, 0);
  EXPECT_EQ(result.makespan_seconds, 20);
  EXPECT_EQ(result.mean_wait_seconds, 5);
  EXPECT_EQ(result.p99_wait_seconds, 10);
  EXPECT_DOUBLE_EQ(result.peak_utilization.memory, 0.6);
}

TEST(Run, CountsUtilisationOnlyWhileJobsWait) {
  // The second waits for the end of the first, which leaves the host empty at the end of its tick.
  const Workload workload = AWorkload({AJob(50 * kGiB, 4), AJob(20 * kGiB, 100)});
  const RunResult result = Simulate(workload, *FixedCount(1), {AHost(), seconds(1)});
  EXPECT_DOUBLE_EQ(result.mean_utilization_while_waiting.memory, 3 * 0.5 / 4);
}

TEST(Run, ShowsOverCapacityAndItsKills) {
  const Workload workload = AWorkload(std::vector<SimJob>(3, AJob(40 * kGiB, 5)));
  const RunResult result = Simulate(workload, *NoLimit(), {AHost(), seconds(1)});
  EXPECT_EQ(result.oom_kills, 1);
  EXPECT_EQ(result.finished, 2);
  EXPECT_EQ(result.over_capacity_seconds, 1);
  EXPECT_DOUBLE_EQ(result.peak_utilization.memory, 1.2);
}

TEST(Run, SkipsTheTimeInWhichNothingHappens) {
  const Workload workload = AWorkload({AJob(kGiB, 1), AJob(kGiB, 1, 1'000'000'000)});
  const RunResult result = Simulate(workload, *NoLimit(), {AHost(), seconds(1)});
  EXPECT_EQ(result.finished, 2);
  EXPECT_EQ(result.makespan_seconds, 1'000'000'001);
}

TEST(Run, GivesUpWhatNobodyEverStarts) {
  class Never : public Scheduler {
    std::vector<JobIndex> Starts(Duration, const Host&, const std::vector<JobIndex>&) override {
      return {};
    }
  } never;
  const RunResult result = Simulate(AWorkload({AJob(kGiB, 1)}), never, {AHost(), seconds(1)});
  EXPECT_EQ(result.finished, 0);
}

TEST(Run, HasNothingToSayOfNoJobs) {
  EXPECT_EQ(Simulate(AWorkload({}), *NoLimit(), {AHost(), seconds(1)}).makespan_seconds, 0);
}

}  // namespace
}  // namespace headroom::sim
