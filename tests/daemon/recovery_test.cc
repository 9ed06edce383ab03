#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/a_daemon.h"

// What a new daemon makes of what the last one left.
namespace headroom {
namespace {

using std::chrono::seconds;
using testing::SizeIs;

// F1: the daemon dies after the commit and before the launch.
TEST(Recovery, PutsBackInLineWhatWasRecordedAsStartingAndNeverRan) {
  ADaemon daemon;
  const JobId job = daemon.Submit(kGiB);
  ASSERT_TRUE(daemon.book().Save(
      Admitted(daemon.Job(job), {kGiB, 10, 1, {}}, {daemon.clock.Now(), daemon.clock.WallNow()})));
  ASSERT_TRUE(daemon.book().Commit());
  daemon.Crash();
  EXPECT_EQ(daemon.Job(job).state, JobState::kWaiting);
  daemon.Tick();
  ASSERT_THAT(daemon.executor.launched, SizeIs(1));
  EXPECT_EQ(daemon.executor.launched[0].id, (AttemptId{job, 2}));  // never the same attempt twice
}

// Somebody removed what a running job left. It has run, so it does not run again.
TEST(Recovery, EndsAsLostWhatRanAndHasLeftNothing) {
  ADaemon daemon;
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  daemon.executor.running.clear();
  daemon.Crash();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kLost);
  daemon.Tick();
  EXPECT_THAT(daemon.executor.launched, SizeIs(1));
}

// An older state file was restored: the attempt beside it is newer.
TEST(Recovery, StartsNothingThatMayHaveRunBefore) {
  ADaemon daemon;
  daemon.executor.refuse_launch = Error{ErrorCode::kCorrupt, "its directory is there", EEXIST};
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kLost);
  EXPECT_THAT(daemon.Job(job).message, testing::HasSubstr("its directory is there"));
}

// F1: the daemon dies while a job runs.
TEST(Recovery, AdoptsWhatRunsWithItsReservationAndItsTrueEnd) {
  ADaemon daemon;
  const JobId job = daemon.Submit(9 * kGiB);
  daemon.Tick();
  daemon.Crash();
  EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);
  daemon.Submit(9 * kGiB);
  daemon.Tick();
  EXPECT_THAT(daemon.executor.launched, SizeIs(1));  // the adopted one still holds its memory

  daemon.executor.End({job, 1}, Exited{7});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kFailed);
  EXPECT_EQ(daemon.Job(job).exit_code, 7);
}

// F1: the daemon dies between reaping and committing.
TEST(Recovery, DoesNotLoseAnExitThatItHadReapedButNotRecorded) {
  ADaemon daemon;
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  daemon.executor.End({job, 1}, Exited{3});
  static_cast<void>(daemon.executor.Reap());
  daemon.Crash();
  EXPECT_EQ(daemon.Job(job).exit_code, 3);
}

TEST(Recovery, RemovesStrangersAfterEveryStart) {
  ADaemon daemon;
  daemon.Crash();
  EXPECT_EQ(daemon.executor.strangers_removed, 2);
}

// F55
TEST(Recovery, IgnoresAnEndOfAnAttemptThatIsNotTheJobsLatest) {
  ADaemon daemon;
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  daemon.executor.End({job, 9}, Exited{0});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);
}

}  // namespace
}  // namespace headroom
