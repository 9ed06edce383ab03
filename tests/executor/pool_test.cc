#include "executor/pool.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

// What a host that cannot enforce limits is told. What one that can does with them is in the
// Kernel… tests.
namespace headroom {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Pool : public testing::Test {
 protected:
  Pool() {
    layout_.mounts = {CgroupMode::kUnified, tree_.path(), "", "", "", ""};
    layout_.root = "a.slice/headroom";
    std::filesystem::create_directories(tree_ / layout_.root);
  }
  void Write(const std::string& file, const std::string& content) {
    std::ofstream(tree_ / file) << content;
  }

  TempDir tree_;
  CgroupLayout layout_;
};

TEST_F(Pool, NamesTheControllersThatTheParentsDoNotPassOn) {
  Write("a.slice/headroom/cgroup.controllers", "cpuset cpu io\n");
  EXPECT_THAT(PreparePool(layout_).error().message,
              AllOf(HasSubstr("no controller memory, pids;"), HasSubstr("Delegate=yes")));
}

// systemd owns what is above our root (single-writer rule).
TEST_F(Pool, WritesNothingAboveItsRoot) {
  Write("cgroup.subtree_control", "");
  Write("a.slice/cgroup.subtree_control", "");
  Write("a.slice/headroom/cgroup.controllers", "memory\n");
  EXPECT_FALSE(PreparePool(layout_));
  EXPECT_EQ(std::filesystem::file_size(tree_ / "cgroup.subtree_control"), 0U);
  EXPECT_EQ(std::filesystem::file_size(tree_ / "a.slice/cgroup.subtree_control"), 0U);
}

TEST_F(Pool, AsksTheMountsOwnRootForControllersThatAreMissingRightBelowIt) {
  layout_.root = "headroom";
  std::filesystem::create_directories(tree_ / "headroom");
  Write("cgroup.subtree_control", "");
  Write("headroom/cgroup.controllers", "cpu\n");
  EXPECT_FALSE(PreparePool(layout_));
  std::ifstream asked(tree_ / "cgroup.subtree_control");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(asked), {}), "+memory +pids");
}

TEST_F(Pool, SaysThatTheRootCannotBeMade) {
  layout_.mounts.unified = "/proc/self";
  EXPECT_THAT(PreparePool(layout_).error().message,
              AllOf(HasSubstr("prepare the cgroups of a.slice/headroom"),
                    HasSubstr("make cgroup /proc/self/a.slice")));
}

}  // namespace
}  // namespace headroom
