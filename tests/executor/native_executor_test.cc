#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "executor/attempt_files.h"
#include "executor/boot_marker.h"
#include "executor/native_executor_parts.h"
#include "tests/executor/wait_until.h"
#include "tests/support/attempt_builder.h"
#include "tests/support/fake_cgroups.h"
#include "tests/support/temp_dir.h"

// The executor with real shims and processes, and cgroups that are made of files: all that needs
// neither root nor a kernel with cgroups.
namespace headroom {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::VariantWith;
using Recovered = Executor::Recovered;

class NativeExecutorTest : public testing::Test {
 protected:
  NativeExecutorTest() : cgroups_(MakeRoot(files_.path() + "/cgroups")) {
    options_.state_dir = MakeRoot(files_.path() + "/state");
    options_.shim = HEADROOM_SHIM;
    Restart();
    executor_->RemoveStrangers();
  }

  ~NativeExecutorTest() override {
    executor_.reset();
    WaitUntil("the shims to exit", -1, &NoChildIsLeft);
  }

  static bool NoChildIsLeft() {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
    return errno == ECHILD;
  }

  // As a daemon that was started anew.
  void Restart() {
    executor_.reset();
    auto launcher = std::make_unique<FaultLauncher>(MakeShimLauncher(options_.shim), fault_);
    auto made = AssembleNativeExecutor(
        options_, clock_, std::make_unique<FaultCgroups>(cgroups_, fault_), std::move(launcher));
    ASSERT_TRUE(made) << made.error().message;
    executor_ = std::move(*made);
  }

  Status Launch(const AttemptSpec& spec) { return executor_->Launch(spec); }
  AttemptEnd WaitForEnd(const AttemptId& id) {
    std::vector<AttemptEnd> ends;
    WaitUntil("the end of " + ToString(id), executor_->WaitFd(), [&] {
      ends = executor_->Reap();
      return !ends.empty();
    });
    return ends.empty() ? AttemptEnd() : ends.front();
  }
  Recovered Recover(const AttemptId& id) {
    const auto recovered = executor_->Recover(id);
    EXPECT_TRUE(recovered) << recovered.error().message;
    return recovered.value_or(Recovered::kAdopted);
  }
  std::string DirectoryOf(const AttemptId& id) const {
    return AttemptDirectory(options_.state_dir, id);
  }
  // Attempt 1-1 has neither a cgroup nor a directory nor a process, or will have none soon.
  void ExpectNothingLeft(const std::string& when) {
    WaitUntil("all to go " + when, executor_->WaitFd(), [&] {
      EXPECT_THAT(executor_->Reap(), IsEmpty()) << "an error was returned already";
      return cgroups_.there.empty() && !std::filesystem::exists(DirectoryOf(Id(1)));
    });
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a shim lives " << when;
    EXPECT_THAT(executor_->Live(), IsEmpty());
  }

  static std::string MakeRoot(const std::string& path) {
    std::filesystem::create_directory(path);
    return path;
  }

  TempDir files_;
  SystemClock clock_;
  NativeExecutorOptions options_;
  FakeCgroups cgroups_;
  Fault fault_;
  std::unique_ptr<NativeExecutor> executor_;
};

TEST_F(NativeExecutorTest, RunsACommandAndReportsItsEndOnce) {
  ASSERT_TRUE(Launch(AnAttempt(1).Shell("echo hello; exit 3")));
  EXPECT_THAT(executor_->Live(), ElementsAre(Id(1)));
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Exited>(Exited{3}));
  EXPECT_THAT(executor_->Live(), IsEmpty());
  EXPECT_THAT(executor_->Reap(), IsEmpty());
  executor_->Forget(Id(1));
  EXPECT_THAT(cgroups_.there, IsEmpty());
}

// Rule 9: who ran out of memory stands in the cgroup alone until the end is in the store.
TEST_F(NativeExecutorTest, FindsAgainWhoRanOutOfMemoryUntilTheEndIsForgotten) {
  cgroups_.report = {OomCause::kJobLimit, {100, 2, 3000}};
  ASSERT_TRUE(Launch(AnAttempt(1)));
  for (int daemon = 0; daemon < 3; ++daemon) {
    const AttemptEnd end = WaitForEnd(Id(1));
    EXPECT_EQ(end.oom, OomCause::kJobLimit);
    EXPECT_EQ(end.usage.peak_memory_bytes, 100);
    Restart();
    EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  }
}

TEST_F(NativeExecutorTest, TheShimAndItsCommandEnterTheirCgroups) {
  ASSERT_TRUE(Launch(AnAttempt(1).Runs({"cat", files_.path() + "/cgroups/1-1/cgroup.procs",
                                        files_.path() + "/cgroups/shims.procs"})));
  WaitForEnd(Id(1));
  std::ifstream log(StdoutPath(options_.state_dir, Id(1)));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(log), {}), "00");
}

TEST_F(NativeExecutorTest, SaysWhyACommandCouldNotStart) {
  ASSERT_TRUE(Launch(AnAttempt(1).Runs({"/no/such"})));
  EXPECT_THAT(WaitForEnd(Id(1)).outcome,
              VariantWith<LaunchFailed>(LaunchFailed{
                  "exec", ENOENT, "execute /no/such: No such file or directory (ENOENT)"}));
}

TEST_F(NativeExecutorTest, PassesOnWhatTheCgroupReports) {
  cgroups_.pool_oom_events = 7;
  cgroups_.report = {OomCause::kPoolLimit, {100, 2, 3000}};
  cgroups_.not_enforced = {"memory.high"};
  ASSERT_TRUE(Launch(AnAttempt(1)));
  const AttemptEnd end = WaitForEnd(Id(1));
  EXPECT_EQ(end.oom, OomCause::kPoolLimit);
  EXPECT_EQ(end.usage, (AttemptUsage{100, 2, 3000}));
  EXPECT_EQ(cgroups_.reported_pool_oom_events, 7);
  EXPECT_THAT(executor_->enforcement().missing, ElementsAre("memory.high"));
}

// F17: D state.
TEST_F(NativeExecutorTest, AnAttemptWhoseProcessesDoNotDieGoesOn) {
  cgroups_.never_empty = {"1-1"};
  ASSERT_TRUE(Launch(AnAttempt(1)));
  WaitUntil("repeated kills", executor_->WaitFd(), [&] {
    EXPECT_THAT(executor_->Reap(), IsEmpty());
    return cgroups_.killed.size() >= 3;
  });
  EXPECT_THAT(executor_->Live(), ElementsAre(Id(1)));
  cgroups_.never_empty.clear();
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Exited>(Exited{0}));
}

// F16
TEST_F(NativeExecutorTest, RetriesACgroupThatCannotBeRemovedYet) {
  cgroups_.busy = {"1-1"};
  ASSERT_TRUE(Launch(AnAttempt(1)));
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Exited>(Exited{0}));
  executor_->Forget(Id(1));
  EXPECT_THAT(executor_->Reap(), IsEmpty());
  EXPECT_THAT(cgroups_.there, Not(IsEmpty()));
  EXPECT_THAT(executor_->Live(), IsEmpty());
  cgroups_.busy.clear();
  WaitUntil("the cgroup to go", executor_->WaitFd(), [&] {
    EXPECT_THAT(executor_->Reap(), IsEmpty());
    return cgroups_.there.empty();
  });
}

TEST_F(NativeExecutorTest, RepeatsAKillUntilTheAttemptEnds) {
  const std::string go = files_ / "go";
  ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
  ASSERT_TRUE(Launch(AnAttempt(1).Shell("echo ready; read line < " + go)));
  WaitUntil("the command", -1, [&] {
    struct stat log {};
    return ::stat(StdoutPath(options_.state_dir, Id(1)).c_str(), &log) == 0 && log.st_size > 0;
  });
  ASSERT_TRUE(executor_->Kill(Id(1)));
  WaitUntil("repeated kills", executor_->WaitFd(), [&] {
    EXPECT_THAT(executor_->Reap(), IsEmpty());
    return cgroups_.killed.size() >= 3;
  });
  std::ofstream(go) << "\n";
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Exited>(Exited{0}));
}

TEST_F(NativeExecutorTest, RefusesTheSameAttemptTwice) {
  ASSERT_TRUE(Launch(AnAttempt(1)));
  EXPECT_EQ(Launch(AnAttempt(1)).error().code, ErrorCode::kCorrupt);
  WaitForEnd(Id(1));
  EXPECT_EQ(Launch(AnAttempt(1)).error().code, ErrorCode::kCorrupt) << "not even later";
}

// F14: every step of a launch, and of undoing it, fails once.
TEST_F(NativeExecutorTest, LeavesNothingWhateverStepOfALaunchFails) {
  int failed = 0;
  for (fault_.at = 1;; ++fault_.at) {
    fault_.calls = 0;
    const Status launched = Launch(AnAttempt(1));
    if (launched) break;
    ++failed;
    EXPECT_THAT(launched.error().message, HasSubstr("start attempt 1-1: "));
    ExpectNothingLeft("after fault " + std::to_string(fault_.at));
  }
  EXPECT_EQ(failed, 2) << "the cgroup and the shim";
  WaitForEnd(Id(1));
}

TEST_F(NativeExecutorTest, LeavesNothingWhenUndoingALaunchFailsToo) {
  options_.shim = "/no/such/shim";
  Restart();
  for (fault_.at = 2; fault_.at < 6; ++fault_.at) {  // from the launcher on
    fault_.calls = 0;
    ASSERT_FALSE(Launch(AnAttempt(1)));
    ExpectNothingLeft("after fault " + std::to_string(fault_.at));
  }
}

// F39: the descriptors run out at every point of a launch, one after the other.
TEST_F(NativeExecutorTest, LeavesNothingWhenDescriptorsRunOut) {
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(next);
  int failed = 0;
  for (int spare = 0;; ++spare) {
    const rlimit tight{static_cast<rlim_t>(next + spare), old.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &tight);
    const Status launched = Launch(AnAttempt(1));
    ::setrlimit(RLIMIT_NOFILE, &old);
    if (launched) break;
    ++failed;
    EXPECT_THAT(launched.error().message, HasSubstr("EMFILE"));
    ExpectNothingLeft("with " + std::to_string(spare) + " descriptors");
  }
  EXPECT_GE(failed, 3);
  WaitForEnd(Id(1));
}

TEST_F(NativeExecutorTest, SaysThatTheShimIsMissing) {
  options_.shim = "/no/such/shim";
  Restart();
  EXPECT_THAT(Launch(AnAttempt(1)).error().message,
              HasSubstr("start attempt 1-1: start /no/such/shim: No such file"));
  ExpectNothingLeft("without a shim");
}

TEST_F(NativeExecutorTest, SaysThatTheShimEndedBeforeItClaimedTheAttempt) {
  options_.shim = "/bin/false";
  Restart();
  ASSERT_TRUE(Launch(AnAttempt(1)));
  EXPECT_THAT(WaitForEnd(Id(1)).outcome,
              VariantWith<LaunchFailed>(Field(&LaunchFailed::step, "shim")));
}

TEST_F(NativeExecutorTest, SaysWhyTheShimCouldNotClaimTheAttempt) {
  class Sabotage final : public ShimLauncher {
   public:
    Result<Shim> Start(const ShimSpec& spec) override {
      std::filesystem::create_directory(spec.directory + "/claim.new");
      return MakeShimLauncher(HEADROOM_SHIM)->Start(spec);
    }
  };
  executor_ =
      *AssembleNativeExecutor(options_, clock_, std::make_unique<FaultCgroups>(cgroups_, fault_),
                              std::make_unique<Sabotage>());
  std::filesystem::remove_all(DirectoryOf(Id(1)));
  ASSERT_TRUE(Launch(AnAttempt(1)));
  EXPECT_THAT(WaitForEnd(Id(1)).outcome,
              VariantWith<LaunchFailed>(AllOf(Field(&LaunchFailed::step, "shim"),
                                              Field(&LaunchFailed::os_error, testing::Ne(0)))));
}

TEST_F(NativeExecutorTest, AnAttemptThatWasNeverLaunchedNeverRan) {
  EXPECT_EQ(Recover(Id(1)), Recovered::kNeverRan);
}

// A cleaner removed its directory while no daemon ran. It must not look as if it had never run.
TEST_F(NativeExecutorTest, AnAttemptWithoutADirectoryIsLostIfItsCgroupIsThere) {
  ASSERT_TRUE(cgroups_.Create("1-1", {}));
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  EXPECT_THAT(WaitForEnd(Id(1)).outcome,
              VariantWith<Lost>(Field(&Lost::message, testing::HasSubstr("was removed"))));
  executor_->Forget(Id(1));
  EXPECT_THAT(cgroups_.there, IsEmpty());
}

TEST_F(NativeExecutorTest, ACommandWhoseDirectoryIsRemovedIsLostAndNotCalledNeverStarted) {
  const std::string go = files_ / "go";
  ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
  ASSERT_TRUE(Launch(AnAttempt(1).Shell("read line < " + go)));
  WaitUntil("the claim", -1,
            [&] { return std::filesystem::exists(DirectoryOf(Id(1)) + "/claim"); });
  std::filesystem::remove_all(DirectoryOf(Id(1)));
  std::ofstream(go) << "\n";
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Lost>(testing::_));
}

TEST_F(NativeExecutorTest, RefusesAnAttemptWhoseDirectoryIsThereAlready) {
  ASSERT_TRUE(MakeAttemptDirectory(DirectoryOf(Id(1))));
  const Status refused = Launch(AnAttempt(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(cgroups_.there, IsEmpty());
}

// The daemon died after it had made the directory and the cgroup.
TEST_F(NativeExecutorTest, AnAttemptWithoutAClaimNeverRanAndLosesItsCgroup) {
  ASSERT_TRUE(MakeAttemptDirectory(DirectoryOf(Id(1))));
  ASSERT_TRUE(cgroups_.Create("1-1", {}));
  EXPECT_EQ(Recover(Id(1)), Recovered::kNeverRan);
  EXPECT_THAT(cgroups_.there, IsEmpty());
  EXPECT_EQ(Recover(Id(1)), Recovered::kNeverRan) << "and so it stays";
}

TEST_F(NativeExecutorTest, AdoptsARunningCommand) {
  const std::string go = files_ / "go";
  ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
  ASSERT_TRUE(Launch(AnAttempt(1).Shell("read line < " + go + "; exit 5")));
  WaitUntil("the claim", -1,
            [&] { return std::filesystem::exists(DirectoryOf(Id(1)) + "/claim"); });
  Restart();
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  EXPECT_THAT(executor_->Live(), ElementsAre(Id(1)));
  EXPECT_THAT(executor_->Reap(), IsEmpty());
  std::ofstream(go) << "\n";
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Exited>(Exited{5}));
}

// F22
TEST_F(NativeExecutorTest, DoesNotTakeAnotherProcessForAShim) {
  ASSERT_TRUE(MakeAttemptDirectory(DirectoryOf(Id(1))));
  std::ofstream(DirectoryOf(Id(1)) + "/claim") << "boot " << ::getpid() << "\n";
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Lost>(testing::_));
}

// F6: a directory, or a claim, that a power cut took away proves nothing.
TEST_F(NativeExecutorTest, SaysThatAnAttemptOfAnEarlierBootIsLost) {
  ASSERT_TRUE(MarkWith(options_.state_dir, "an earlier boot"));
  Restart();
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  Restart();  // before the end was stored
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  executor_->RemoveStrangers();
  EXPECT_THAT(WaitForEnd(Id(1)).outcome,
              VariantWith<Lost>(Field(&Lost::message, HasSubstr("restarted"))));
  EXPECT_EQ(Recover(Id(2)), Recovered::kNeverRan) << "of this boot";
}

TEST_F(NativeExecutorTest, KeepsWhatAnEarlierBootRecorded) {
  ASSERT_TRUE(
      WriteExitRecord(DirectoryOf(Id(1)), {"an earlier boot", Exited{4}, TimePoint(Duration(1000)),
                                           TimePoint(Duration(3000)), 0, 0, 0}));
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  const AttemptEnd end = WaitForEnd(Id(1));
  EXPECT_THAT(end.outcome, VariantWith<Exited>(Exited{4}));
  EXPECT_EQ(end.ended_at - end.started_at, Duration(2000));
}

TEST_F(NativeExecutorTest, ATornRecordIsNone) {
  ASSERT_TRUE(MakeAttemptDirectory(DirectoryOf(Id(1))));
  std::ofstream(DirectoryOf(Id(1)) + "/claim") << "boot 1\n";
  std::ofstream(DirectoryOf(Id(1)) + "/exit") << "headroom-exit 1\noutcome exi";
  EXPECT_EQ(Recover(Id(1)), Recovered::kAdopted);
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Lost>(testing::_));
}

// I9
TEST_F(NativeExecutorTest, RemovesStrangersThatCarryOurMarkAndNoOthers) {
  ASSERT_TRUE(MakeAttemptDirectory(DirectoryOf(Id(1))));
  for (const char* name : {"1-1", "2-1", "other"}) ASSERT_TRUE(cgroups_.Create(name, {}));
  EXPECT_THAT(executor_->RemoveStrangers(), ElementsAre("2-1")) << "it has no directory of ours";
  EXPECT_THAT(cgroups_.there, ElementsAre("2-1", "other"));
}

TEST_F(NativeExecutorTest, KillsStrangersThatStillRunAndReportsThemToNobody) {
  ASSERT_TRUE(MakeAttemptDirectory(DirectoryOf(Id(1))));
  ASSERT_TRUE(cgroups_.Create("1-1", {}));
  cgroups_.never_empty = {"1-1"};
  executor_->RemoveStrangers();
  EXPECT_THAT(cgroups_.killed, Contains("1-1"));
  EXPECT_THAT(executor_->Live(), IsEmpty());
  cgroups_.never_empty.clear();
  WaitUntil("the stranger to go", executor_->WaitFd(), [&] {
    EXPECT_THAT(executor_->Reap(), IsEmpty());
    return cgroups_.there.empty();
  });
}

TEST_F(NativeExecutorTest, ForgetRemovesTheRecordAndKeepsTheLogs) {
  ASSERT_TRUE(Launch(AnAttempt(1).Shell("echo kept")));
  WaitForEnd(Id(1));
  ASSERT_TRUE(ReadExitRecord(DirectoryOf(Id(1))));
  executor_->Forget(Id(1));
  EXPECT_FALSE(ReadExitRecord(DirectoryOf(Id(1))));
  EXPECT_TRUE(std::filesystem::exists(StdoutPath(options_.state_dir, Id(1))));
}

}  // namespace
}  // namespace headroom
