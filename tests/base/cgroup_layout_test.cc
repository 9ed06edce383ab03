#include "base/cgroup_layout.h"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(ParseCgroupMounts, FindsAUnifiedHost) {
  const auto mounts = ParseCgroupMounts(
      "24 1 0:22 / /proc rw - proc proc rw\n"
      "29 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  ASSERT_TRUE(mounts);
  EXPECT_EQ(mounts->mode, CgroupMode::kUnified);
  EXPECT_EQ(mounts->unified, "/sys/fs/cgroup");
}

TEST(ParseCgroupMounts, FindsAHybridHostWithJointControllers) {
  const auto mounts = ParseCgroupMounts(
      "30 24 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
      "31 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "32 24 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "33 24 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
  ASSERT_TRUE(mounts);
  EXPECT_EQ(mounts->mode, CgroupMode::kHybrid);
  EXPECT_EQ(mounts->cpuacct, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(mounts->unified, "/sys/fs/cgroup/unified");
}

// F12
TEST(ParseCgroupMounts, SaysWhatItFoundWhenNeitherModeIsUsable) {
  const auto mounts =
      ParseCgroupMounts("32 24 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  ASSERT_FALSE(mounts);
  EXPECT_EQ(mounts.error().code, ErrorCode::kUnsupported);
  EXPECT_TRUE(mounts.error().message.starts_with(
      "cgroup mounts found: memory on /sys/fs/cgroup/memory; needed: cgroup2 alone"));
}

TEST(ParseCgroupMounts, SurvivesLinesThatAreNotMounts) {
  EXPECT_FALSE(ParseCgroupMounts(""));
  EXPECT_FALSE(ParseCgroupMounts(" - \n - cgroup2\nx - cgroup2 y z\n\n"));
}

}  // namespace
}  // namespace headroom
