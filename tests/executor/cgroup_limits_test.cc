#include "executor/cgroup_limits.h"

#include <gmock/gmock.h>

#include "base/units.h"

namespace headroom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const CgroupMounts kUnified{CgroupMode::kUnified, "/cg", "", "", "", ""};
const CgroupMounts kHybrid{CgroupMode::kHybrid, "/u", "/memory", "/cpu", "/cpuacct", "/pids"};

AttemptLimits AllLimits() { return {1 * kGiB, 900 * kMiB, 64 * kMiB, true, 1500, 50, 100}; }

TEST(AttemptWrites, OnUnified) {
  EXPECT_THAT(
      AttemptWrites(AllLimits(), kUnified, {}),
      ElementsAre(CgroupWrite{"/cg", "memory.max", "1073741824"},
                  CgroupWrite{"/cg", "memory.high", "943718400"},
                  CgroupWrite{"/cg", "memory.swap.max", "67108864"},
                  CgroupWrite{"/cg", "memory.oom.group", "1"},
                  CgroupWrite{"/cg", "cpu.max", "150000 100000"},
                  CgroupWrite{"/cg", "cpu.weight", "50"}, CgroupWrite{"/cg", "pids.max", "100"}));
}

TEST(AttemptWrites, OnHybrid) {
  EXPECT_THAT(AttemptWrites(AllLimits(), kHybrid, {}),
              ElementsAre(CgroupWrite{"/memory", "memory.limit_in_bytes", "1073741824"},
                          CgroupWrite{"/memory", "memory.memsw.limit_in_bytes", "1140850688"},
                          CgroupWrite{"/cpu", "cpu.cfs_period_us", "100000"},
                          CgroupWrite{"/cpu", "cpu.cfs_quota_us", "150000"},
                          CgroupWrite{"/cpu", "cpu.shares", "512"},
                          CgroupWrite{"/pids", "pids.max", "100"}));
}

TEST(ControlWrites, ReplaceAllThatMayBeChangedOfAJobThatRuns) {
  EXPECT_THAT(
      ControlWrites({5, 64 * kMiB, true}, kUnified),
      ElementsAre(CgroupWrite{"/cg", "cgroup.freeze", "1"}, CgroupWrite{"/cg", "cpu.weight", "5"},
                  CgroupWrite{"/cg", "memory.high", "67108864"}));
  EXPECT_THAT(ControlWrites({}, kUnified), ElementsAre(CgroupWrite{"/cg", "cgroup.freeze", "0"},
                                                       CgroupWrite{"/cg", "cpu.weight", "100"},
                                                       CgroupWrite{"/cg", "memory.high", "max"}));
}

TEST(ControlWrites, FreezeOnTheSideMountOfAHybridHostAndHaveNoMemoryHigh) {
  EXPECT_THAT(ControlWrites({5, 64 * kMiB, true}, kHybrid),
              ElementsAre(CgroupWrite{"/u", "cgroup.freeze", "1"},
                          CgroupWrite{"/cpu", "cpu.shares", "51"}));
}

TEST(AttemptWrites, WriteNothingThatWasNotAskedFor) {
  AttemptLimits none;
  none.oom_group = false;
  EXPECT_THAT(AttemptWrites(none, kUnified, {}), IsEmpty());
  EXPECT_THAT(AttemptWrites(none, kHybrid, {}), IsEmpty());
}

TEST(AttemptWrites, KeepTheLeastQuotaThatTheKernelTakes) {
  AttemptLimits limits;
  limits.cpu_max_millis = 1;
  EXPECT_EQ(AttemptWrites(limits, kUnified, {}).back().value, "1000 100000");
}

TEST(AttemptWrites, LeaveOutWhatTheKernelLacks) {
  for (const CgroupMounts& mounts : {kUnified, kHybrid})
    for (const CgroupWrite& write : AttemptWrites(AllLimits(), mounts, {false, false}))
      EXPECT_EQ(write.file.find("sw"), std::string::npos) << write.file;
}

TEST(AttemptWrites, DoNotOverflowMemoryAndSwap) {
  AttemptLimits limits;
  limits.memory_max_bytes = INT64_MAX;
  limits.swap_max_bytes = 1;
  EXPECT_EQ(AttemptWrites(limits, kHybrid, {}).size(), 1U);
}

TEST(NotEnforced, NamesWhatWasAskedForAndIsNotThere) {
  EXPECT_THAT(NotEnforced(AllLimits(), kUnified, {}), IsEmpty());
  EXPECT_THAT(NotEnforced(AllLimits(), kUnified, {false, true}), ElementsAre("memory.swap.max"));
  EXPECT_THAT(NotEnforced(AllLimits(), kHybrid, {}), ElementsAre("memory.high"));
  EXPECT_THAT(NotEnforced(AllLimits(), kHybrid, {false, false}),
              ElementsAre("memory.high", "memory.swap.max", "memory.oom.group"));
  EXPECT_THAT(NotEnforced(AttemptLimits(), kHybrid, {}), IsEmpty());
}

TEST(PoolWrites, LiftWhatIsAbsent) {
  EXPECT_THAT(PoolWrites({}, kUnified), ElementsAre(CgroupWrite{"/cg", "memory.max", "max"},
                                                    CgroupWrite{"/cg", "cpu.max", "max 100000"},
                                                    CgroupWrite{"/cg", "pids.max", "max"}));
  EXPECT_THAT(PoolWrites({}, kHybrid),
              ElementsAre(CgroupWrite{"/memory", "memory.limit_in_bytes", "-1"},
                          CgroupWrite{"/cpu", "cpu.cfs_period_us", "100000"},
                          CgroupWrite{"/cpu", "cpu.cfs_quota_us", "-1"},
                          CgroupWrite{"/pids", "pids.max", "max"}));
}

TEST(PoolWrites, NeverMakeThePoolOneGroupForTheOomKiller) {
  for (const CgroupWrite& write : PoolWrites({1, 2, 3}, kUnified))
    EXPECT_NE(write.file, "memory.oom.group");
}

}  // namespace
}  // namespace headroom
