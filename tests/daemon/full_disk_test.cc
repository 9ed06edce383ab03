#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/faulty_vfs.h"
#include "tests/support/a_daemon.h"

// The disk of the state directory fills up under a daemon with jobs (F7, F58).
namespace headroom {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr int64_t kForEver = int64_t{1} << 40;

class FullDiskTest : public testing::Test {
 protected:
  void FillTheDisk() { vfs_.FailAt(1, kForEver, FaultyVfs::Failure::kFull); }
  JobId Start() {
    const JobId job = daemon_.Submit(kGiB);
    daemon_.Tick();
    return job;
  }
  void End(JobId job) {
    daemon_.executor.End(daemon_.Attempt(job), Exited{0}, {}, {}, daemon_.clock.Now());
  }
  std::vector<Event> Events(const std::string& kind) {
    auto events = daemon_.store().EventsAfter(0, 1000).value();
    std::erase_if(events, [&](const Event& event) { return event.kind != kind; });
    return events;
  }

  FaultyVfs vfs_;
  ADaemon daemon_;
};

TEST_F(FullDiskTest, IsSaidSinceWhenAndWhyUntilThereIsRoomAgain) {
  FillTheDisk();
  const TimePoint filled = daemon_.clock.Now();
  ASSERT_TRUE(daemon_.book().Note("test", std::nullopt, "{}"));
  EXPECT_FALSE(daemon_.book().Commit());
  daemon_.Tick();
  daemon_.Tick();
  ASSERT_TRUE(daemon_.book().failing());
  EXPECT_EQ(daemon_.book().failing()->since, filled);
  EXPECT_THAT(daemon_.book().failing()->error.message, StartsWith("commit: "));
  EXPECT_THAT(daemon_.book().failing()->error.message, Not(HasSubstr("commit: commit")));
  EXPECT_THAT(Events("store_recovered"), IsEmpty());

  vfs_.Heal();
  daemon_.Tick();  // nobody asks for anything to be stored
  EXPECT_FALSE(daemon_.book().failing());
  ASSERT_THAT(Events("store_recovered"), SizeIs(1));
  EXPECT_THAT(Events("store_recovered")[0].detail, HasSubstr(R"("failed_for_seconds":3.0)"));
}

TEST_F(FullDiskTest, StartsNothingThatIsNotRecorded) {
  const JobId job = daemon_.Submit(kGiB);
  FillTheDisk();
  daemon_.Tick();
  EXPECT_THAT(daemon_.executor.launched, IsEmpty());
  EXPECT_EQ(daemon_.Job(job).state, JobState::kWaiting);
  vfs_.Heal();
  daemon_.Tick();
  EXPECT_THAT(daemon_.executor.launched, SizeIs(1));
}

TEST_F(FullDiskTest, AnEndIsRecordedLaterWithTheInstantAtWhichItCame) {
  const JobId job = Start();
  const WallTime started = *daemon_.Job(job).started_at;
  FillTheDisk();
  daemon_.clock.Advance(seconds(3));
  End(job);
  daemon_.Tick();
  daemon_.Tick(seconds(60));
  EXPECT_EQ(daemon_.Job(job).state, JobState::kRunning);
  EXPECT_THAT(daemon_.executor.forgotten, IsEmpty());

  vfs_.Heal();
  daemon_.Tick();
  EXPECT_EQ(daemon_.Job(job).outcome, JobOutcome::kSucceeded);
  EXPECT_EQ(*daemon_.Job(job).finished_at - started, seconds(3));
  EXPECT_THAT(daemon_.executor.forgotten, SizeIs(1));
}

// The shim, too, needs room: without its claim the command does not run, so it may run later.
TEST_F(FullDiskTest, AShimWithoutRoomForItsClaimPutsItsJobBackInLine) {
  const JobId job = Start();
  daemon_.executor.End(daemon_.Attempt(job), LaunchFailed{"shim", ENOSPC, "no space"});
  daemon_.Tick();
  EXPECT_EQ(daemon_.Job(job).state, JobState::kWaiting);
  EXPECT_THAT(daemon_.Job(job).message, HasSubstr("no space"));
  daemon_.Tick(seconds(2));
  EXPECT_EQ(daemon_.Job(job).state, JobState::kRunning);
  EXPECT_EQ(daemon_.Job(job).attempt, 2);
}

}  // namespace
}  // namespace headroom
