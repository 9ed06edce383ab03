#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "executor/attempt_files.h"
#include "executor/cgroup_files.h"
#include "tests/executor/kernel_fixture.h"

// The daemon dies at any instruction; jobs go on, and the next daemon knows what became of each.
namespace headroom {
namespace {

using testing::VariantWith;
using Recovered = Executor::Recovered;

class KernelRecover : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (!IsSkipped()) executor().RemoveStrangers();  // a daemon that has finished its start
  }
  std::string DirectoryOf(const AttemptId& id) const {
    return AttemptDirectory(options_.state_dir, id);
  }
  Recovered Recover(const AttemptId& id) {
    const auto recovered = executor().Recover(id);
    EXPECT_TRUE(recovered) << recovered.error().message;
    return recovered.value_or(Recovered::kAdopted);
  }
  // Runs a daemon of its own that launches these and dies by SIGKILL, `after` which is done.
  void LaunchAndDie(const std::vector<AttemptSpec>& specs, const std::function<void()>& after) {
    const pid_t daemon = ::fork();
    if (daemon == 0) {
      for (const AttemptSpec& spec : specs) (void)executor().Launch(spec);
      ::kill(::getpid(), SIGSTOP);
    }
    ::waitpid(daemon, nullptr, WUNTRACED);
    after();
    ::kill(daemon, SIGKILL);
    ::waitpid(daemon, nullptr, 0);
  }
};

// F1
TEST_F(KernelRecover, AdoptsRunningCommandsWithTheirTrueExitCodes) {
  const std::string go = options_.state_dir + "/go";
  std::vector<AttemptSpec> specs;
  for (int64_t job = 1; job <= 5; ++job)
    specs.push_back(AnAttempt(job).Shell("echo ready; while [ ! -e " + go +
                                         " ]; do sleep 0.02; done; exit " + std::to_string(job)));
  LaunchAndDie(specs, [&] {
    for (const AttemptSpec& spec : specs) WaitForOutput(spec.id, "ready");
  });
  Restart();
  for (const AttemptSpec& spec : specs) EXPECT_EQ(Recover(spec.id), Recovered::kAdopted);
  executor().RemoveStrangers();
  EXPECT_EQ(executor().Live().size(), 5U);
  EXPECT_TRUE(executor().Reap().empty());
  std::ofstream(go) << "now";
  for (int job = 1; job <= 5; ++job)
    EXPECT_THAT(WaitForEnd(Id(job)).outcome, VariantWith<Exited>(Exited{job}));
}

TEST_F(KernelRecover, ReportsWhatEndedWhileNoDaemonWasThere) {
  LaunchAndDie({AnAttempt(1).Shell("exit 9")}, [&] {
    WaitUntil("the exit record", -1,
              [&] { return ReadExitRecord(DirectoryOf(Id(1))).has_value(); });
  });
  Restart();
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Exited>(Exited{9}));
  EXPECT_TRUE(IsGoneOnceForgotten(Id(1)));
}

TEST_F(KernelRecover, KillsWhatItAdopted) {
  ASSERT_TRUE(executor().Launch(AnAttempt(1).Shell("echo ready; sleep 1000")));
  WaitForOutput(Id(1), "ready");
  Restart();
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  ASSERT_TRUE(executor().Kill(Id(1)));
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Signaled>(Signaled{SIGKILL}));
}

// F1: whoever creates the claim first wins, so a job runs once or never.
TEST_F(KernelRecover, AnAttemptThatNeverRanDoesNotRunLater) {
  const std::string ran = options_.state_dir + "/ran-";
  for (int64_t job = 1; job <= 40; ++job) {
    const std::string mark = ran + std::to_string(job);
    ASSERT_TRUE(executor().Launch(AnAttempt(job).Shell("echo once >> " + mark)));
    Restart();  // at some point of the shim's start
    const bool adopted = Recover(Id(job)) == Recovered::kAdopted;
    if (adopted) {
      EXPECT_THAT(WaitForEnd(Id(job)).outcome, VariantWith<Exited>(Exited{0}));
    }
    WaitUntil("the shim to exit", -1, [] {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
      return errno == ECHILD;
    });
    std::ifstream file(mark);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(text, adopted ? "once\n" : "") << "job " << job;
    EXPECT_TRUE(IsGoneOnceForgotten(Id(job)));
  }
}

TEST_F(KernelRecover, SaysThatAnAttemptIsLostWhenItsShimWasKilled) {
  ASSERT_TRUE(executor().Launch(AnAttempt(1).Shell("echo $PPID ready; exec sleep 1000")));
  WaitForOutput(Id(1), "ready");
  ::kill(std::stoi(Stdout(Id(1))), SIGKILL);
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Lost>(testing::_));
  EXPECT_TRUE(IsGoneOnceForgotten(Id(1))) << "and that its processes die all the same";
}

TEST_F(KernelRecover, SaysSoOfAShimThatDiedWhileNoDaemonWasThere) {
  ASSERT_TRUE(executor().Launch(AnAttempt(1).Shell("echo $PPID ready; exec sleep 1000")));
  WaitForOutput(Id(1), "ready");
  const pid_t shim = std::stoi(Stdout(Id(1)));
  ::kill(shim, SIGKILL);
  ::waitpid(shim, nullptr, 0);
  Restart();
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Lost>(testing::_));
  EXPECT_TRUE(IsGoneOnceForgotten(Id(1)));
}

// I9
TEST_F(KernelRecover, RemovesStrangersThatCarryOurMarkAndNoOthers) {
  ASSERT_TRUE(executor().Launch(AnAttempt(1).Shell("echo ready; sleep 1000")));
  WaitForOutput(Id(1), "ready");
  const std::string pool = layout().mounts.unified + "/" + layout().Pool();
  const std::string foreign = pool + "/2-1", unnamed = pool + "/other";
  ASSERT_EQ(::mkdir(foreign.c_str(), 0755), 0);  // no directory of ours belongs to it
  ASSERT_EQ(::mkdir(unnamed.c_str(), 0755), 0);
  Restart();
  executor().RemoveStrangers();
  WaitUntil("the stranger to go", executor().WaitFd(), [&] {
    EXPECT_TRUE(executor().Reap().empty()) << "nobody asked for it";
    return IsGone(Id(1));
  });
  EXPECT_TRUE(executor().Live().empty());
  EXPECT_TRUE(std::filesystem::exists(foreign));
  EXPECT_TRUE(std::filesystem::exists(unnamed));
}

// I9: their attempts would have the same names.
TEST_F(KernelRecover, ASecondDaemonOnTheSameRootIsRefused) {
  const TempDir other;
  NativeExecutorOptions options = options_;
  options.state_dir = other.path();
  const SystemClock clock;
  const auto second = MakeNativeExecutor(options, clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, testing::HasSubstr("choose another --cgroup-root"));
}

}  // namespace
}  // namespace headroom
