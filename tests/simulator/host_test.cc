#include "simulator/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulator/sim_builders.h"

namespace headroom::sim {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Host, EndsAJobAfterItsRuntime) {
  const Workload workload = AWorkload({AJob(kGiB, 2)});
  Host host(workload, AHost());
  host.Start(0, seconds(0));
  EXPECT_THAT(host.Advance(seconds(1)), IsEmpty());
  const auto ended = host.Advance(seconds(1));
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_FALSE(ended[0].oom_killed);
  EXPECT_EQ(ended[0].run.peak_memory_bytes, kGiB);
  EXPECT_THAT(host.running(), IsEmpty());
}

TEST(Host, SlowsAllDownAlikeWhereTheyWantMoreCpuThanThereIs) {
  Workload workload = AWorkload({AJob(kGiB, 2), AJob(kGiB, 2)});
  for (SimJob& job : workload.jobs) job.cpu_millis = 1000;
  Host host(workload, AHost(100 * kGiB, 1000));
  host.Start(0, seconds(0));
  host.Start(1, seconds(0));
  for (int second = 0; second < 3; ++second) EXPECT_THAT(host.Advance(seconds(1)), IsEmpty());
  EXPECT_THAT(host.Advance(seconds(1)), SizeIs(2));
}

TEST(Host, KillsTheLargestUntilTheRestFits) {
  const Workload workload = AWorkload({AJob(30 * kGiB, 9), AJob(50 * kGiB, 9), AJob(40 * kGiB, 9)});
  Host host(workload, AHost());
  for (JobIndex job = 0; job < 3; ++job) host.Start(job, seconds(0));
  const auto ended = host.Advance(seconds(1));
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_TRUE(ended[0].oom_killed);
  EXPECT_EQ(ended[0].run.job, 1U);
  EXPECT_EQ(host.wanted_memory_bytes(), 120 * kGiB);
  EXPECT_EQ(host.Memory(), 70 * kGiB);
}

}  // namespace
}  // namespace headroom::sim
