#include "simulator/recorded.h"

#include <gtest/gtest.h>

#include "base/units.h"
#include "record/frame.h"
#include "tests/support/a_decision_log.h"

namespace headroom::sim {
namespace {

using std::chrono::seconds;

RecordedDays DaysOf(std::string_view bytes, WallTime since = ADecisionLog::kBegin) {
  Recording recording(since);
  while (!bytes.empty()) {
    const auto frame = record::TakeFrame(bytes);
    EXPECT_TRUE(frame);
    const Status taken = recording.Take(*frame);
    EXPECT_TRUE(taken) << taken.error().message;
  }
  auto days = recording.Finish();
  EXPECT_TRUE(days) << days.error().message;
  return std::move(days).value_or(RecordedDays());
}

// Waits for 5 s, then runs for 20 s and grows from 1 to 4 GiB at half its life.
void PlayOneJob(ADecisionLog& log, ADecisionLog::Job job) {
  const int64_t id = job.id;
  log.Submit(std::move(job));
  log.Pass(5);
  log.Start(id);
  log.Use(id, kGiB);
  log.Pass(10);
  log.Use(id, 4 * kGiB);
  log.Pass(10);
  log.End(id);
  log.Pass(1);
}

TEST(RecordedDays, HoldsEachJobAsItCameWaitedRanAndGrew) {
  ADecisionLog log;
  log.Pass(3);  // nothing: not recorded
  DeclaredRequest declared;
  declared.memory_bytes = 8 * kGiB;
  PlayOneJob(log, {7, "key", "tenant", declared, 2});
  const RecordedDays days = DaysOf(log.bytes());
  ASSERT_EQ(days.workload.jobs.size(), 1U);
  const SimJob& job = days.workload.jobs.front();
  EXPECT_EQ(job.key, "key");
  EXPECT_EQ(job.tenant, "tenant");
  EXPECT_EQ(job.priority, 2);
  EXPECT_EQ(job.declared.memory_bytes, 8 * kGiB);
  EXPECT_EQ(job.submitted, seconds(0));
  EXPECT_EQ(job.runtime, seconds(20));
  EXPECT_EQ(job.peak_memory_bytes, 4 * kGiB);
  EXPECT_EQ(job.cpu_millis, 1000);
  EXPECT_EQ(MemoryAt(job, 0.2), kGiB);
  EXPECT_EQ(MemoryAt(job, 0.9), 4 * kGiB);
  EXPECT_EQ(days.mean_wait_seconds, 5);
  EXPECT_EQ(days.capacity.memory_bytes, 64 * kGiB);
}

TEST(RecordedDays, LeaveOutAndCountWhatIsNotKnownWhole) {
  ADecisionLog log;
  log.Submit({1});
  log.Pass(1);
  log.Start(1);
  log.Use(1, kGiB);
  log.Pass(30);
  log.Submit({2});
  log.Submit({3});
  log.Pass(1);
  log.Start(2);
  log.Use(2, kGiB);
  log.End(1);
  log.Pass(5);
  const RecordedDays days = DaysOf(log.bytes(), ADecisionLog::kBegin + seconds(10));
  EXPECT_TRUE(days.workload.jobs.empty());
  EXPECT_EQ(days.ran_before, 1);
  EXPECT_EQ(days.not_ended, 2);
  EXPECT_EQ(days.never_ran, 0);
}

TEST(RecordedDays, KnowWhatWasKnownBefore) {
  ADecisionLog log;
  FinishedAttempt attempt;
  attempt.duration = seconds(60);
  attempt.peak_memory_bytes = 3 * kGiB;
  attempt.cpu_usec = 60'000'000;
  log.foresight().Remember("key", "tenant", attempt);
  PlayOneJob(log, {7});
  const RecordedDays days = DaysOf(log.bytes());
  ASSERT_EQ(days.history.size(), 1U);
  EXPECT_EQ(days.history.front().key, "key");
  EXPECT_EQ(days.history.front().attempt.peak_memory_bytes, 3 * kGiB);
  EXPECT_EQ(days.history.front().attempt.cpu_usec, 60'000'000);
}

TEST(RecordedDays, TakeAJobThatWasPutBackAsItRanLast) {
  ADecisionLog log;
  log.Submit({1});
  log.Pass(1);
  log.Start(1);
  log.Use(1, kGiB);
  log.Pass(2);
  log.End(1);
  log.Submit({1});
  log.Pass(1);
  log.Start(1);
  log.Use(1, 2 * kGiB);
  log.Pass(6);
  log.End(1);
  log.Pass(1);
  const RecordedDays days = DaysOf(log.bytes());
  ASSERT_EQ(days.workload.jobs.size(), 1U);
  EXPECT_EQ(days.workload.jobs.front().runtime, seconds(6));
  EXPECT_EQ(days.workload.jobs.front().peak_memory_bytes, 2 * kGiB);
}

TEST(RecordedDays, AreNotThereWithoutACycle) {
  Recording recording(ADecisionLog::kBegin);
  EXPECT_EQ(recording.Finish().error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace headroom::sim
