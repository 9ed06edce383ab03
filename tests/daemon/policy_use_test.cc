#include "daemon/policy_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.h"

namespace headroom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

Measurements AHostOf(int64_t memory_bytes, int64_t cpus) {
  Measurements seen;
  seen.host.memory_total = memory_bytes;
  seen.host.online_cpus = cpus;
  seen.host.pids_max = 1000;
  seen.host.pressure.memory = Psi{PsiLine{0.0, 0.0, 0.0, 0}, PsiLine{0.0, 0.0, 0.0, 0}};
  return seen;
}

LimitSample ALimit(std::string path, int64_t memory_bytes) {
  LimitSample limit;
  limit.path = std::move(path);
  limit.memory_bytes = memory_bytes;
  return limit;
}

TEST(PoolCapsOf, TakesSharesOfTheHost) {
  const PoolCaps caps = PoolCapsOf({}, AHostOf(10 * kGiB, 4), "/headroom/jobs");
  EXPECT_EQ(caps.memory_max_bytes, 8 * kGiB);
  EXPECT_EQ(caps.cpu_max_millis, std::nullopt);
  EXPECT_EQ(caps.pids_max, 500);
}

// Incident: the outer limit was below the host, and Docker sat inside it.
TEST(PoolCapsOf, TakesSharesOfAnOuterLimitThatIsBelowTheHost) {
  Measurements seen = AHostOf(10 * kGiB, 4);
  seen.capacity.limits = {ALimit("/outer", 5 * kGiB)};
  EXPECT_EQ(PoolCapsOf({}, seen, "/headroom/jobs").memory_max_bytes, 4 * kGiB);
}

TEST(PoolCapsOf, DoesNotShrinkAtEveryStartByTakingAShareOfItsOwnCap) {
  Measurements seen = AHostOf(10 * kGiB, 4);
  seen.capacity.limits = {ALimit("/headroom/jobs", 8 * kGiB)};
  EXPECT_EQ(PoolCapsOf({}, seen, "/headroom/jobs").memory_max_bytes, 8 * kGiB);
}

TEST(PoolCapsOf, SetsNoCapThatWouldBeAShareOfSomethingUnknown) {
  PoolLimits limits;
  EXPECT_EQ(PoolCapsOf(limits, {}, "/headroom/jobs").memory_max_bytes, std::nullopt);
  limits.memory_max = {kGiB, std::nullopt};
  EXPECT_EQ(PoolCapsOf(limits, {}, "/headroom/jobs").memory_max_bytes, kGiB);
}

TEST(Degradations, AreNoneOnAHostThatCanDoEverything) {
  EXPECT_THAT(Degradations({}, AHostOf(kGiB, 1), {"unified", {}}, 2), IsEmpty());
}

// F13
TEST(Degradations, SayThatTheGateCannotCloseWithoutPsi) {
  Measurements seen = AHostOf(kGiB, 1);
  seen.host.pressure.memory.reset();
  EXPECT_THAT(Degradations({}, seen, {"unified", {}}, 0), ElementsAre(StartsWith("no PSI: ")));
}

TEST(Degradations, NameWhatIsNotEnforcedAndWhatCouldNotBeRead) {
  Measurements seen = AHostOf(kGiB, 1);
  seen.failures = {{"pool", "read memory.stat: EIO"}};
  EXPECT_THAT(Degradations({}, seen, {"hybrid", {"memory.high"}}, 2),
              ElementsAre("not enforced: jobs are not slowed down before their memory limit "
                          "(memory.high); cgroup v2 can: boot with "
                          "systemd.unified_cgroup_hierarchy=1",
                          "collector pool: read memory.stat: EIO"));
}

TEST(Degradations, SayThatCgroupV1CannotThrottle) {
  Policy policy;
  policy.relief = {{ReliefStep::kThrottle, 20, std::chrono::seconds(20), std::chrono::minutes(5)}};
  EXPECT_THAT(
      Degradations(policy, AHostOf(kGiB, 1), {"hybrid", {}}, 2),
      ElementsAre(StartsWith("relief.throttle does nothing: cgroup v1 has no memory.high")));
  EXPECT_THAT(Degradations(policy, AHostOf(kGiB, 1), {"unified", {}}, 2), IsEmpty());
}

TEST(Degradations, SayOnceWhatIsNotEnforcedAndWhatToDo) {
  EXPECT_THAT(Degradations({}, AHostOf(kGiB, 1), {"unified", {"memory.swap.max"}}, 2),
              ElementsAre("not enforced: jobs may swap beyond jobs.swap_max (memory.swap.max); "
                          "boot with swapaccount=1"));
  EXPECT_THAT(
      Degradations({}, AHostOf(kGiB, 1), {"hybrid", {"memory.swap.max", "memory.of.tomorrow"}}, 2),
      ElementsAre(StartsWith("not enforced: jobs may swap beyond jobs.swap_max (memory.swap.max), "
                             "memory.of.tomorrow; cgroup v2 can: ")));
}

}  // namespace
}  // namespace headroom
