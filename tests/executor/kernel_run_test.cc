#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "tests/executor/kernel_fixture.h"

// Commands that run in cgroups of the kernel, from their first instruction to their end.
namespace headroom {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::Field;
using testing::HasSubstr;
using testing::VariantWith;

constexpr uid_t kNobody = 65534;

auto FailsTo(const std::string& step, int os_error) {
  return VariantWith<LaunchFailed>(AllOf(Field(&LaunchFailed::step, step),
                                         Field(&LaunchFailed::os_error, os_error),
                                         Field(&LaunchFailed::message, HasSubstr(": "))));
}

class KernelRun : public KernelTest {
 protected:
  // A file in a directory that everyone may enter, unlike the attempts'.
  std::string File(const std::string& name, const std::string& content, mode_t mode) {
    ::chmod(files_.path().c_str(), 0755);
    const std::string path = files_ / name;
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }

  TempDir files_;
};

TEST_F(KernelRun, ReportsTheExitCodeAndLeavesNoCgroup) {
  const AttemptEnd end = Run(AnAttempt(1).Shell("echo out; echo err >&2; exit 7"));
  EXPECT_THAT(end.outcome, VariantWith<Exited>(Exited{7}));
  EXPECT_EQ(Stdout(Id(1)), "out\n");
  EXPECT_EQ(Stderr(Id(1)), "err\n");
  EXPECT_EQ(end.oom, OomCause::kNone);
  EXPECT_LT(end.started_at, end.ended_at);
  EXPECT_TRUE(IsGoneOnceForgotten(Id(1)));
  EXPECT_TRUE(executor().Live().empty());
}

TEST_F(KernelRun, ReportsTheSignal) {
  EXPECT_THAT(Run(AnAttempt(1).Shell("kill -USR1 $$")).outcome,
              VariantWith<Signaled>(Signaled{SIGUSR1}));
}

TEST_F(KernelRun, ReportsWhatWasUsed) {
  const AttemptEnd end = Run(AnAttempt(1).Shell("head -c 20M /dev/zero | tail -c 20M | wc -c"));
  EXPECT_EQ(Stdout(Id(1)), "20971520\n");
  EXPECT_GT(end.usage.peak_memory_bytes, 20 * kMiB);
  EXPECT_LT(end.usage.peak_memory_bytes, 200 * kMiB);
  EXPECT_GT(end.usage.cpu_usec, 0);
}

TEST_F(KernelRun, LimitsAreInForceBeforeTheFirstInstruction) {
  AttemptLimits limits;
  limits.memory_max_bytes = 64 * kMiB;
  limits.pids_max = 7;
  limits.cpu_max_millis = 500;
  const std::string memory =
      CgroupFile(Id(1), "memory.max", layout().mounts.memory, "memory.limit_in_bytes");
  const std::string cpu = CgroupFile(Id(1), "cpu.max", layout().mounts.cpu, "cpu.cfs_quota_us");
  const std::string pids = CgroupFile(Id(1), "pids.max", layout().mounts.pids, "pids.max");
  Run(AnAttempt(1).Runs({"cat", "/proc/self/cgroup", memory, cpu, pids}).Limits(limits));
  const std::string out = Stdout(Id(1));
  EXPECT_THAT(out, HasSubstr("0::/" + layout().Attempt("1-1") + "\n"));
  EXPECT_THAT(out, HasSubstr("\n67108864\n50000"));
  EXPECT_THAT(out, testing::EndsWith("\n7\n"));
  if (!hybrid()) return;
  for (const std::string controller : {"memory", "cpu", "cpuacct", "pids"}) {
    const std::string mounted_with = "(,[a-z,]*)?:/";
    EXPECT_THAT(out,
                ContainsRegex("[:,]" + controller + mounted_with + layout().Attempt("1-1") + "\n"));
  }
}

TEST_F(KernelRun, TheShimLeavesTheCgroupsOfTheDaemon) {
  ASSERT_TRUE(executor().Launch(AnAttempt(1).Shell("cat /proc/$PPID/cgroup")));
  WaitForEnd(Id(1));
  EXPECT_THAT(Stdout(Id(1)), HasSubstr("0::/" + layout().Shims() + "\n"));
  if (!hybrid()) return;
  EXPECT_THAT(Stdout(Id(1)), HasSubstr(":memory:/" + layout().Shims() + "\n"));
}

TEST_F(KernelRun, GivesTheCommandItsEnvironmentAndNothingElse) {
  Run(AnAttempt(1).Runs({"/usr/bin/env"}).Environment({"A=1", "B=two words"}));
  EXPECT_EQ(Stdout(Id(1)), "A=1\nB=two words\n");
}

// F43
TEST_F(KernelRun, GivesTheCommandThreeDescriptorsAndNoMore) {
  const int inherited = ::open("/dev/null", O_RDONLY);  // not O_CLOEXEC
  Run(AnAttempt(1).Runs({"ls", "/proc/self/fd"}));
  ::close(inherited);
  EXPECT_EQ(Stdout(Id(1)), "0\n1\n2\n3\n");  // 3 is the directory that ls reads
}

TEST_F(KernelRun, SearchesTheGivenPath) {
  File("only-here", "#!/bin/sh\necho found\n", 0755);
  Run(AnAttempt(1).Runs({"only-here"}).Environment({"PATH=/nowhere:" + files_.path()}));
  EXPECT_EQ(Stdout(Id(1)), "found\n");
}

TEST_F(KernelRun, RunsAsTheUserWithItsGroups) {
  Run(AnAttempt(1).Shell("id -u; id -g; id -G").As(kNobody, kNobody, {100, 4}));
  EXPECT_EQ(Stdout(Id(1)), "65534\n65534\n65534 4 100\n");
}

TEST_F(KernelRun, ResetsWhatTheDaemonHas) {
  const mode_t old = ::umask(077);
  ::signal(SIGPIPE, SIG_IGN);
  const std::string status = "grep -E '^(SigBlk|SigIgn):' /proc/self/status";
  Run(AnAttempt(1).Shell("umask; nice; cat /proc/self/oom_score_adj; ulimit -n; " + status));
  ::signal(SIGPIPE, SIG_DFL);
  ::umask(old);
  EXPECT_EQ(Stdout(Id(1)),
            "0022\n0\n0\n1024\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(KernelRun, StartsInTheDirectory) {
  Run(AnAttempt(1).Runs({"pwd"}).In("/usr/bin"));
  EXPECT_EQ(Stdout(Id(1)), "/usr/bin\n");
}

TEST_F(KernelRun, ReadsStandardInputFromAFileAndElseFromNowhere) {
  Run(AnAttempt(1).Runs({"cat"}).Stdin(File("in", "hello\n", 0644)).As(kNobody, kNobody));
  EXPECT_EQ(Stdout(Id(1)), "hello\n");
  EXPECT_THAT(Run(AnAttempt(2).Runs({"cat"})).outcome, VariantWith<Exited>(Exited{0}));
  EXPECT_EQ(Stdout(Id(2)), "");
}

TEST_F(KernelRun, DoesNotWaitForTheWriterOfAFifo) {
  const std::string fifo = files_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0666), 0);
  EXPECT_THAT(Run(AnAttempt(1).Runs({"cat"}).Stdin(fifo)).outcome, VariantWith<Exited>(Exited{0}));
}

// F23, and its own exit 127 is told apart
TEST_F(KernelRun, TellsACommandThatCannotBeExecutedFromAnExitOf127) {
  const std::string plain = File("plain", "not executable", 0644);
  const std::string garbage = File("garbage", "\x01\x02 no format", 0755);
  const std::string orphan = File("orphan", "#!/no/such/interpreter\n", 0755);
  EXPECT_THAT(Run(AnAttempt(1).Shell("exit 127")).outcome, VariantWith<Exited>(Exited{127}));
  EXPECT_THAT(Run(AnAttempt(2).Runs({"no-such-command"})).outcome, FailsTo("exec", ENOENT));
  EXPECT_THAT(Run(AnAttempt(3).Runs({plain})).outcome, FailsTo("exec", EACCES));
  EXPECT_THAT(Run(AnAttempt(4).Runs({garbage})).outcome, FailsTo("exec", ENOEXEC));
  EXPECT_THAT(Run(AnAttempt(5).Runs({orphan})).outcome, FailsTo("exec", ENOENT));
  EXPECT_THAT(Run(AnAttempt(6).Runs({""})).outcome, FailsTo("exec", ENOENT));
  EXPECT_THAT(Run(AnAttempt(7).Runs({"true", std::string(4 << 20, 'x')})).outcome,
              FailsTo("exec", E2BIG));
}

// F23, F42
TEST_F(KernelRun, OpensDirectoryAndStandardInputWithTheRightsOfTheUser) {
  const std::string secret = File("secret", "x", 0600);
  const std::string link = files_ / "link";
  ASSERT_EQ(::symlink(secret.c_str(), link.c_str()), 0);
  const std::string closed = files_ / "closed";
  ASSERT_EQ(::mkdir(closed.c_str(), 0700), 0);
  const auto nobody = [](int64_t job) { return AnAttempt(job).As(kNobody, kNobody); };
  EXPECT_THAT(Run(nobody(1).Stdin(secret)).outcome, FailsTo("stdin", EACCES));
  EXPECT_THAT(Run(nobody(2).Stdin(link)).outcome, FailsTo("stdin", EACCES));
  EXPECT_THAT(Run(nobody(3).Stdin("/no/such")).outcome, FailsTo("stdin", ENOENT));
  EXPECT_THAT(Run(nobody(4).Stdin("/usr")).outcome, FailsTo("stdin", EISDIR));
  EXPECT_THAT(Run(nobody(5).In(closed)).outcome, FailsTo("directory", EACCES));
  EXPECT_THAT(Run(nobody(6).In("/no/such")).outcome, FailsTo("directory", ENOENT));
  EXPECT_THAT(Run(nobody(7).In(secret)).outcome, FailsTo("directory", ENOTDIR));
  EXPECT_THAT(Run(nobody(8).In("/proc/self/cwd")).outcome, FailsTo("directory", ELOOP));
  const AttemptEnd end = Run(nobody(9).In(""));
  EXPECT_THAT(end.outcome, FailsTo("directory", ENOENT));
  EXPECT_EQ(end.started_at, end.ended_at);
}

// To the kernel, setuid(-1) means "stay root".
TEST_F(KernelRun, RefusesTheUserMinusOne) {
  EXPECT_THAT(Run(AnAttempt(1).As(static_cast<uid_t>(-1), 0)).outcome, FailsTo("user", EINVAL));
  EXPECT_THAT(Run(AnAttempt(2).As(0, static_cast<gid_t>(-1))).outcome, FailsTo("user", EINVAL));
}

TEST_F(KernelRun, RefusesArgumentsThatHoldANul) {
  const Status launched = executor().Launch(AnAttempt(1).Runs({"echo", std::string("a\0b", 3)}));
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(IsGone(Id(1)));
}

// F24
TEST_F(KernelRun, CapsTheLogsAndCountsWhatIsDropped) {
  const AttemptEnd end =
      Run(AnAttempt(1).Shell("head -c 3M /dev/zero; head -c 100 /dev/zero >&2").LogMax(1 * kMiB));
  EXPECT_THAT(end.outcome, VariantWith<Exited>(Exited{0}));
  EXPECT_EQ(Stdout(Id(1)).size(), 1 * kMiB);
  EXPECT_EQ(end.stdout_dropped, (DroppedOutput{2 * kMiB, 0}));
  EXPECT_EQ(Stderr(Id(1)).size(), 100U);
  EXPECT_EQ(end.stderr_dropped, DroppedOutput{});
}

TEST_F(KernelRun, LeavesNothingOfALaunchThatTheKernelRefuses) {
  AttemptLimits bad;
  bad.pids_max = -5;
  const Status launched = executor().Launch(AnAttempt(1).Limits(bad));
  ASSERT_FALSE(launched);
  EXPECT_THAT(launched.error().message,
              AllOf(HasSubstr("start attempt 1-1"), HasSubstr("pids.max"), HasSubstr("EINVAL")));
  EXPECT_TRUE(IsGone(Id(1)));
  EXPECT_NE(::access((options_.state_dir + "/attempts/1-1").c_str(), F_OK), 0);
}

TEST_F(KernelRun, NeverReusesACgroup) {
  const std::string left = layout().mounts.unified + "/" + layout().Attempt("1-1");
  ASSERT_EQ(::mkdir(left.c_str(), 0755), 0);
  const Status launched = executor().Launch(AnAttempt(1));
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().code, ErrorCode::kConflict);
  EXPECT_EQ(::rmdir(left.c_str()), 0);
}

// systemd prunes empty cgroups of a unit under its owner.
TEST_F(KernelRun, MakesThePoolAnewIfItWasRemoved) {
  ASSERT_TRUE(RemoveCgroup(layout().mounts, layout().root));
  EXPECT_THAT(Run(AnAttempt(1)).outcome, VariantWith<Exited>(Exited{0}));
}

TEST_F(KernelRun, SaysWhatIsNotEnforced) {
  AttemptLimits limits;
  limits.memory_high_bytes = 32 * kMiB;
  Run(AnAttempt(1).Limits(limits));
  EXPECT_EQ(native().enforcement().mode, hybrid() ? "hybrid" : "unified");
  const std::vector<std::string> missing = {"memory.high"};
  EXPECT_EQ(native().enforcement().missing, hybrid() ? missing : std::vector<std::string>());
}

TEST_F(KernelRun, KeepsThePoolUnderItsCaps) {
  PoolCaps caps;
  caps.memory_max_bytes = 256 * kMiB;
  ASSERT_TRUE(native().SetPoolCaps(caps));
  const std::string file =
      hybrid() ? layout().mounts.memory + "/" + layout().Pool() + "/memory.limit_in_bytes"
               : layout().mounts.unified + "/" + layout().Pool() + "/memory.max";
  Run(AnAttempt(1).Runs({"cat", file}));
  EXPECT_EQ(Stdout(Id(1)), "268435456\n");
}

}  // namespace
}  // namespace headroom
