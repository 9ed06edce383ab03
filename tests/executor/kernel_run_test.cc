#include <gmock/gmock.h>

#include "tests/executor/kernel_fixture.h"

// Commands that run in cgroups of the kernel, from their first instruction to their end.
namespace headroom {
namespace {

using testing::HasSubstr;
using testing::VariantWith;

class KernelRun : public KernelTest {};

TEST_F(KernelRun, ReportsTheExitCodeAndLeavesNoCgroup) {
  const AttemptEnd end = Run(AnAttempt(1).Shell("echo out; echo err >&2; exit 7"));
  EXPECT_THAT(end.outcome, VariantWith<Exited>(Exited{7}));
  EXPECT_EQ(Stdout(Id(1)), "out\n");
  EXPECT_EQ(Stderr(Id(1)), "err\n");
  EXPECT_EQ(end.oom, OomCause::kNone);
  EXPECT_LT(end.started_at, end.ended_at);
  EXPECT_TRUE(IsGone(Id(1)));
  EXPECT_TRUE(executor().Live().empty());
}

TEST_F(KernelRun, ReportsTheSignal) {
  EXPECT_THAT(Run(AnAttempt(1).Shell("kill -USR1 $$")).outcome,
              VariantWith<Signaled>(Signaled{SIGUSR1}));
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
  for (const char* controller : {":memory:/", ":cpu:/", ":cpuacct:/", ":pids:/"})
    EXPECT_THAT(out, HasSubstr(controller + layout().Attempt("1-1") + "\n"));
}

}  // namespace
}  // namespace headroom
