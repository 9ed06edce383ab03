#include <gmock/gmock.h>

#include <csignal>

#include "tests/executor/kernel_fixture.h"

// Who ran out of memory, read from the kernel's counters and never from the exit status.
namespace headroom {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::VariantWith;

// A child of the command that grows to 300 MB; the command itself stays small. It lingers, because
// on v1 it is the shim that kills the rest of the job, a moment after the kernel killed the child.
constexpr const char* kHungryChild = "head -c 300M /dev/zero | tail; sleep 10; echo survived";

// The same where the kernel may choose the child only (proc.rst, oom_score_adj).
constexpr const char* kHungryChildOnly =
    "echo -1000 > /proc/$$/oom_score_adj;"
    "(echo 1000 > /proc/self/oom_score_adj; head -c 300M /dev/zero | tail); echo survived";

class KernelOom : public KernelTest {
 protected:
  static AttemptLimits Limited(bool oom_group) {
    AttemptLimits limits;
    limits.memory_max_bytes = 32 * kMiB;
    limits.swap_max_bytes = 0;
    limits.oom_group = oom_group;
    return limits;
  }
};

TEST_F(KernelOom, TheWholeJobDiesByItsOwnLimit) {
  const AttemptEnd end = Run(AnAttempt(1).Shell(kHungryChild).Limits(Limited(true)));
  EXPECT_THAT(end.outcome, VariantWith<Signaled>(Signaled{SIGKILL}));
  EXPECT_THAT(Stdout(Id(1)), Not(HasSubstr("survived")));
  EXPECT_EQ(end.oom, OomCause::kJobLimit);
  EXPECT_GT(end.usage.peak_memory_bytes, 30 * kMiB);
}

// Until its end is in the store.
TEST_F(KernelOom, IsFoundAgainByADaemonThatStartsAfterTheEnd) {
  ASSERT_EQ(Run(AnAttempt(1).Shell(kHungryChild).Limits(Limited(true))).oom, OomCause::kJobLimit);
  Restart();
  ASSERT_EQ(executor().Recover(Id(1)).value(), Executor::Recovered::kAdopted);
  const AttemptEnd again = WaitForEnd(Id(1));
  EXPECT_EQ(again.oom, OomCause::kJobLimit);
  EXPECT_GT(again.usage.peak_memory_bytes, 30 * kMiB);
}

TEST_F(KernelOom, OnlyTheChildDiesIfTheJobIsNotAGroup) {
  const AttemptEnd end = Run(AnAttempt(1).Shell(kHungryChildOnly).Limits(Limited(false)));
  EXPECT_THAT(end.outcome, VariantWith<Exited>(Exited{0}));
  EXPECT_EQ(Stdout(Id(1)), "survived\n");
  EXPECT_EQ(end.oom, OomCause::kJobLimit);
}

TEST_F(KernelOom, BlamesThePoolForItsOwnLimit) {
  PoolCaps caps;
  caps.memory_max_bytes = 64 * kMiB;
  ASSERT_TRUE(native().SetPoolCaps(caps));
  ASSERT_TRUE(executor().Launch(AnAttempt(1).Shell("echo ready; sleep 1000")));
  WaitForOutput(Id(1), "ready");
  const AttemptEnd end = Run(AnAttempt(2).Shell(kHungryChild));
  EXPECT_EQ(end.oom, OomCause::kPoolLimit);
  ASSERT_TRUE(executor().Kill(Id(1)));
  EXPECT_EQ(WaitForEnd(Id(1)).oom, OomCause::kNone) << "a neighbour is not blamed";
}

TEST_F(KernelOom, ASigkillFromElsewhereIsNoOutOfMemory) {
  EXPECT_EQ(Run(AnAttempt(1).Shell("kill -KILL $$")).oom, OomCause::kNone);
}

}  // namespace
}  // namespace headroom
