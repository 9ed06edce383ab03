#include "simulator/core_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/run.h"
#include "tests/simulator/sim_builders.h"

namespace headroom::sim {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<JobIndex> All(std::size_t count) {
  std::vector<JobIndex> all;
  for (JobIndex job = 0; job < count; ++job) all.push_back(job);
  return all;
}

TEST(Headroom, StartsAFewOfAKeyThatItDoesNotKnow) {
  const Workload workload = AWorkload(std::vector<SimJob>(100, AJob(kGiB, 100)));
  Host host(workload, AHost());
  EXPECT_THAT(Headroom(workload, Policy{})->Starts(seconds(0), host, All(100)),
              SizeIs(3));  // 7.5 % in pieces of 2.5 %
}

TEST(Headroom, FillsTheTargetAtOnceWithJobsOfAKeyThatItWasTaught) {
  const Workload workload = AWorkload(std::vector<SimJob>(100, AJob(10 * kGiB, 50)));
  const std::vector<KnownAttempt> history =
      TaughtBy(std::vector<Task>(40, Task{"k", 50, 10, 10 * kGiB, {}}));
  Host host(workload, AHost());
  EXPECT_THAT(Headroom(workload, Policy{}, history)->Starts(seconds(0), host, All(100)),
              SizeIs(6));  // 60 % in pieces of 10 %
}

TEST(Headroom, FillsTheTargetAndNotMoreWithJobsOfAKeyThatItHasLearned) {
  // Four times as large as a job of which nothing is known.
  const Workload workload = AWorkload(std::vector<SimJob>(400, AJob(10 * kGiB, 50)));
  const RunResult result = Simulate(workload, *Headroom(workload, Policy{}), {AHost(), seconds(1)});
  EXPECT_EQ(result.finished, 400);
  EXPECT_NEAR(result.mean_utilization_while_waiting_warm.memory, 0.6, 0.03);
  EXPECT_LE(result.peak_utilization.memory, 0.9);
}

TEST(Headroom, GivesUpWhatCanNeverFit) {
  Policy policy;
  policy.default_request.memory = {200 * kGiB, {}};
  const Workload workload = AWorkload({AJob(kGiB, 1)});
  const auto scheduler = Headroom(workload, policy);
  const RunResult result = Simulate(workload, *scheduler, {AHost(), seconds(1)});
  EXPECT_EQ(result.rejected, 1);
  EXPECT_EQ(result.finished, 0);
}

// How many start on an empty host, of a key that is known, the second time around.
std::size_t StartsAgain(std::optional<double> backoff_floor, bool oom_killed) {
  Policy policy;
  policy.backoff_floor = backoff_floor;
  const Workload workload = AWorkload(std::vector<SimJob>(400, AJob(kGiB, 100)));
  const auto scheduler = Headroom(workload, policy);
  for (JobIndex job = 0; job < 128; ++job)
    scheduler->OnEnd(seconds(100), {{job, seconds(0), seconds(100), kGiB}, false});
  scheduler->OnEnd(seconds(100), {{128, seconds(0), seconds(100), kGiB}, oom_killed});
  const Host host(workload, AHost());
  scheduler->Starts(seconds(101), host, All(400));
  return scheduler->Starts(seconds(102), host, All(400)).size();
}

TEST(Headroom, FillsATenthLessAfterTheHostKilledAJobWhereThePolicySaysSo) {
  const std::size_t all = StartsAgain(0.5, false);
  EXPECT_EQ(StartsAgain({}, true), all);
  EXPECT_NEAR(static_cast<double>(StartsAgain(0.5, true)), 0.9 * static_cast<double>(all), 1);
}

TEST(Headroom, PlaysTheSameGameTwice) {
  Workload workload = AWorkload({});
  for (int64_t i = 0; i < 60; ++i) workload.jobs.push_back(AJob((i % 7 + 1) * kGiB, i % 11 + 3, i));
  const RunOptions options{AHost(), seconds(1)};
  const RunResult first = Simulate(workload, *Headroom(workload, Policy{}), options);
  const RunResult second = Simulate(workload, *Headroom(workload, Policy{}), options);
  EXPECT_EQ(first.makespan_seconds, second.makespan_seconds);
  EXPECT_EQ(first.mean_wait_seconds, second.mean_wait_seconds);
}

}  // namespace
}  // namespace headroom::sim
