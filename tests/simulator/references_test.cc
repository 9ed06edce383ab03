#include "simulator/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/simulator/sim_builders.h"

namespace headroom::sim {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ReferencesTest : public testing::Test {
 protected:
  // Ten jobs of ten GiB and ten seconds on a host of a hundred.
  ReferencesTest() : workload_(AWorkload(std::vector<SimJob>(10, AJob(10 * kGiB, 10)))) {}

  std::vector<JobIndex> Starts(Scheduler& scheduler, Duration now = {}) {
    std::vector<JobIndex> waiting(workload_.jobs.size());
    std::iota(waiting.begin(), waiting.end(), next_);
    waiting.resize(workload_.jobs.size() - next_);
    const auto starts = scheduler.Starts(now, host_, waiting);
    for (const JobIndex job : starts) host_.Start(job, now);
    next_ += starts.size();
    return starts;
  }

  Workload workload_;
  Host host_{workload_, AHost()};
  std::size_t next_ = 0;
};

TEST_F(ReferencesTest, NoLimitStartsEverythingAtOnce) {
  EXPECT_THAT(Starts(*NoLimit()), SizeIs(10));
}

TEST_F(ReferencesTest, FixedCountStartsAsManyAsItSaysWhatRunsIncluded) {
  const auto scheduler = FixedCount(3);
  EXPECT_THAT(Starts(*scheduler), ElementsAre(0, 1, 2));
  EXPECT_THAT(Starts(*scheduler), IsEmpty());
}

// The finding that everything else rests on: it does not see what it has just started.
TEST_F(ReferencesTest, NaiveLiveUsageDumpsTheWholeQueueOnAHostThatLooksFree) {
  EXPECT_THAT(Starts(*NaiveLiveUsage(0.6)), SizeIs(10));
}

TEST_F(ReferencesTest, NaiveLiveUsageWaitsOnceItSeesTheUse) {
  for (JobIndex job = 0; job < 6; ++job) host_.Start(job, seconds(0));
  next_ = 6;
  EXPECT_THAT(Starts(*NaiveLiveUsage(0.6)), IsEmpty());
}

TEST_F(ReferencesTest, DeclaredLimitReservesMoreThanTheLargestForEveryJob) {
  EXPECT_THAT(Starts(*DeclaredLimit(workload_)), SizeIs(7));  // 13 GiB each
}

TEST_F(ReferencesTest, MemFreeStartsOneAtATimeWhileATenthIsFree) {
  const auto scheduler = MemFree();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Starts(*scheduler), SizeIs(1)) << i;
  host_.Start(0, seconds(0));
  next_ = 9;
  EXPECT_THAT(Starts(*scheduler), IsEmpty());
}

TEST_F(ReferencesTest, ClairvoyantFillsItsLineExactly) {
  EXPECT_THAT(Starts(*Clairvoyant(workload_, AHost(), 0.6, seconds(1))), SizeIs(6));
  next_ = 0;
  EXPECT_THAT(Starts(*Clairvoyant(workload_, AHost(), 0.9, seconds(1))), SizeIs(9));
}

TEST_F(ReferencesTest, ClairvoyantStartsAJobSoThatItsPeakFallsAfterAnothersEnd) {
  workload_.jobs[0] = AJob(50 * kGiB, 5);
  workload_.jobs[1] = AJob(50 * kGiB, 10);
  workload_.jobs[1].growth = {{0, 0.1}, {0.7, 0.1}, {0.7, 1}, {1, 1}};
  EXPECT_THAT(Starts(*Clairvoyant(workload_, AHost(), 0.6, seconds(1))), ElementsAre(0, 1));
}

TEST_F(ReferencesTest, ClairvoyantStartsAJobThatIsLargerThanTheLineOnAnIdleHost) {
  workload_.jobs[0] = AJob(80 * kGiB, 5);
  const auto scheduler = Clairvoyant(workload_, AHost(), 0.6, seconds(1));
  EXPECT_THAT(Starts(*scheduler), ElementsAre(0));
  EXPECT_THAT(Starts(*scheduler, seconds(1)), IsEmpty());
}

}  // namespace
}  // namespace headroom::sim
