#include "daemon/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.h"

namespace headroom {
namespace {

using testing::Contains;
using testing::Not;

JobRecord ARunningJob() {
  JobRecord job;
  job.id = {42};
  job.state = JobState::kRunning;
  job.attempt = 1;
  job.reserved = ResourceVector{kGiB, 100, 1, {}};
  return job;
}

AttemptEnd AnEnd(Outcome outcome, OomCause oom = OomCause::kNone) {
  AttemptEnd end;
  end.id = {{42}, 1};
  end.outcome = std::move(outcome);
  end.oom = oom;
  return end;
}

JobOutcome OutcomeOf(JobRecord job, AttemptEnd end) {
  return *Finished(std::move(job), end, {}).outcome;
}

TEST(Finished, TellsEveryKindOfEndApart) {
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(Exited{0})), JobOutcome::kSucceeded);
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(Exited{127})), JobOutcome::kFailed);
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(Signaled{15})), JobOutcome::kSignaled);
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(LaunchFailed{"exec", ENOENT, "no such file"})),
            JobOutcome::kLaunchFailed);
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(Lost{"rebooted"})), JobOutcome::kLost);
  EXPECT_EQ(OutcomeOf(Stopping(ARunningJob()), AnEnd(Exited{0})), JobOutcome::kCancelled);
  EXPECT_EQ(OutcomeOf(Stopping(ARunningJob()), AnEnd(LaunchFailed{"shim", ECANCELED, "given up"})),
            JobOutcome::kCancelled);
}

TEST(Finished, BlamesMemoryOnlyWhenTheKernelSaysSo) {
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(Signaled{9})), JobOutcome::kSignaled);
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(Signaled{9}, OomCause::kPoolLimit)),
            JobOutcome::kOomKilled);
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(Exited{137}, OomCause::kJobLimit)),
            JobOutcome::kOomKilled);
}

TEST(Finished, DoesNotBlameAJobThatGotOverTheLossOfAChild) {
  EXPECT_EQ(OutcomeOf(ARunningJob(), AnEnd(Exited{0}, OomCause::kJobLimit)),
            JobOutcome::kSucceeded);
}

// Its start was never stored, because the disk was full; a restart took the present for it.
TEST(Finished, TakesTheTimesOfTheAttemptItself) {
  JobRecord job = ARunningJob();
  const WallTime now = WallTime(std::chrono::hours(1000));
  job.started_at = now;
  AttemptEnd end = AnEnd(Exited{9});
  end.started_at = TimePoint(std::chrono::seconds(100));
  end.ended_at = TimePoint(std::chrono::seconds(106));
  const JobRecord finished = Finished(job, end, {TimePoint(std::chrono::seconds(110)), now});
  EXPECT_EQ(finished.started_at, now - std::chrono::seconds(10));
  EXPECT_EQ(finished.finished_at, now - std::chrono::seconds(4));
}

TEST(Finished, GivesTheReservationBack) {
  EXPECT_FALSE(Finished(ARunningJob(), AnEnd(Exited{0}), {}).reserved);
}

// F7: a full disk may delay the record of an end, and so may a daemon that was not there.
TEST(Finished, HappenedWhenTheAttemptEndedAndNotWhenItIsRecorded) {
  constexpr Instant kNow{TimePoint(std::chrono::seconds(100)), WallTime(std::chrono::hours(1))};
  AttemptEnd end = AnEnd(Exited{0});
  end.started_at = kNow.boot - std::chrono::seconds(11);
  end.ended_at = kNow.boot - std::chrono::seconds(8);
  JobRecord job = ARunningJob();
  job.started_at = kNow.wall - std::chrono::seconds(11);
  EXPECT_EQ(Finished(job, end, kNow).finished_at, kNow.wall - std::chrono::seconds(8));
  job.started_at = kNow.wall;  // the clock was set back meanwhile (F25)
  const JobRecord finished = Finished(job, end, kNow);
  EXPECT_EQ(*finished.finished_at - *finished.started_at, std::chrono::seconds(3));
}

TEST(Requeued, GivesTheReservationBackAndKeepsTheAttemptsNumber) {
  const JobRecord job = Requeued(ARunningJob(), "could not be started");
  EXPECT_EQ(job.state, JobState::kWaiting);
  EXPECT_EQ(job.attempt, 1);
  EXPECT_FALSE(job.reserved);
  EXPECT_EQ(Admitted(job, {}, {}).attempt, 2);
}

TEST(SpecOf, TakesTheJobsLimitsAndThePolicysWhereItNamesNone) {
  JobRecord job = ARunningJob();
  job.submission.memory_max_bytes = 4 * kGiB;
  JobLimits defaults;
  defaults.memory_max = 8 * kGiB;
  defaults.memory_high_share = 0.5;
  defaults.cpu_max_millis = 2000;
  const AttemptLimits limits = SpecOf(job, {}, defaults).limits;
  EXPECT_EQ(limits.memory_max_bytes, 4 * kGiB);
  EXPECT_EQ(limits.memory_high_bytes, 2 * kGiB);
  EXPECT_EQ(limits.cpu_max_millis, 2000);
  EXPECT_EQ(limits.pids_max, defaults.pids_max);
}

// F41
TEST(SpecOf, HandsOverTheSubmittedEnvironmentAndNothingOfTheDaemons) {
  ASSERT_EQ(::setenv("LD_PRELOAD", "/daemon/only.so", 1), 0);
  JobRecord job = ARunningJob();
  job.submission.environment = {{"PATH", "/opt/bin"}, {"HEADROOM_JOB", "1"}};
  const auto environment =
      SpecOf(job, {1000, 1000, {1000}, "alice", "/home/alice", "/bin/sh"}, {}).environment;
  ::unsetenv("LD_PRELOAD");
  EXPECT_THAT(environment, testing::UnorderedElementsAre(
                               "PATH=/opt/bin", "HOME=/home/alice", "LOGNAME=alice", "USER=alice",
                               "SHELL=/bin/sh", "HEADROOM_JOB=42", "HEADROOM_ATTEMPT=1"));
}

}  // namespace
}  // namespace headroom
