#include <gmock/gmock.h>

#include <csignal>

#include "tests/executor/kernel_fixture.h"

// Nothing of a job survives its end, whoever ends it and however it hides (I5, F17).
namespace headroom {
namespace {

using testing::VariantWith;

class KernelKill : public KernelTest {
 protected:
  // Launches, waits for "ready", kills, and checks that all of it is gone.
  void KillWhenReady(const AttemptSpec& spec) {
    ASSERT_TRUE(executor().Launch(spec));
    WaitForOutput(spec.id, "ready");
    ASSERT_TRUE(executor().Kill(spec.id));
    EXPECT_THAT(WaitForEnd(spec.id).outcome, VariantWith<Signaled>(Signaled{SIGKILL}));
    EXPECT_TRUE(IsGoneOnceForgotten(spec.id));
  }
};

TEST_F(KernelKill, KillsACommandThatIgnoresSignals) {
  KillWhenReady(
      AnAttempt(1).Shell("trap '' TERM INT HUP; echo ready; while :; do sleep 100; done"));
}

TEST_F(KernelKill, KillsAForkBomb) {
  AttemptLimits limits;
  limits.pids_max = 150;
  KillWhenReady(AnAttempt(1)
                    .Shell("bomb() { bomb & bomb & sleep 100; }; (bomb) 2>/dev/null & "
                           "sleep 0.2; echo ready; wait; sleep 100")
                    .Limits(limits));
}

TEST_F(KernelKill, KillsDoubleForkedAndDetachedProcesses) {
  KillWhenReady(AnAttempt(1).Shell(
      "(setsid sh -c 'sleep 100 & sleep 100' &) ; setsid sleep 100 & echo ready; sleep 100"));
}

TEST_F(KernelKill, KillsAndRemovesCgroupsThatTheJobMade) {
  const std::string own = layout().mounts.unified + "/" + layout().Attempt("1-1");
  KillWhenReady(AnAttempt(1).Shell("mkdir -p " + own + "/a/b " + own + "/c; echo $$ > " + own +
                                   "/a/b/cgroup.procs; (sleep 100 & echo ready; sleep 100)"));
}

TEST_F(KernelKill, KillsWhatTheCommandLeavesBehind) {
  const AttemptEnd end = Run(AnAttempt(1).Shell("setsid sleep 100 & sleep 100 & exit 3"));
  EXPECT_THAT(end.outcome, VariantWith<Exited>(Exited{3}));
  EXPECT_TRUE(IsGoneOnceForgotten(Id(1)));
}

// F55: whether the kill meets the shim before its claim, before the command or after, there is one
// end, and nothing is left.
TEST_F(KernelKill, EndsAnAttemptOnceWhereverTheKillMeetsIt) {
  for (int64_t job = 1; job <= 20; ++job) {
    ASSERT_TRUE(executor().Launch(AnAttempt(job).Runs({"sleep", "100"})));
    if (job % 2 == 0) WaitUntil("its log", -1, [&] { return LogExists(Id(job)); });
    ASSERT_TRUE(executor().Kill(Id(job)));
    ASSERT_TRUE(executor().Kill(Id(job)));
    const Outcome outcome = WaitForEnd(Id(job)).outcome;
    const auto* failed = std::get_if<LaunchFailed>(&outcome);
    EXPECT_TRUE(outcome == Outcome(Signaled{SIGKILL}) ||
                (failed != nullptr && failed->os_error == ECANCELED));
    EXPECT_TRUE(IsGoneOnceForgotten(Id(job)));
  }
  EXPECT_TRUE(executor().Reap().empty());
}

TEST_F(KernelKill, IsNoErrorForAnAttemptThatIsNotThere) { EXPECT_TRUE(executor().Kill(Id(99))); }

// The shim blocks every signal that can be blocked; a terminal or an operator does not end it.
TEST_F(KernelKill, TheShimOutlivesPoliteSignals) {
  ASSERT_TRUE(executor().Launch(AnAttempt(1).Shell(
      "kill -TERM $PPID; kill -HUP $PPID; kill -INT $PPID; kill -PIPE $PPID; sleep 0.1; exit 5")));
  EXPECT_THAT(WaitForEnd(Id(1)).outcome, VariantWith<Exited>(Exited{5}));
}

}  // namespace
}  // namespace headroom
