#include "collectors/psi_trigger.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/collectors/kernel_tree.h"

// What is asked of the kernel, over files that take everything; that it answers is in
// real_cgroup_test.cc, and what happens when it refuses in syscall_test.cc.
namespace headroom {
namespace {

using namespace std::string_literals;

TEST(PressureTriggers, AskForTheClosingShareOfASecond) {
  const KernelTree tree("v6.1-unified");
  const std::string pool = tree.CgroupFile("headroom/jobs", "memory.pressure");
  tree.Write(pool, "");
  tree.Write("proc/pressure/memory", "");
  const auto triggers = ArmPressureTriggers(
      tree.Layout(), {{PressureResource::kMemory, PressureKind::kFull, 0.5, 1, 5}});
  EXPECT_EQ(triggers->armed(), 2u);
  EXPECT_EQ(tree.Read(pool), "full 50000 1000000\0"s);
  EXPECT_EQ(tree.Read("proc/pressure/memory"), "full 50000 1000000\0"s);
  EXPECT_GE(triggers->WaitFd(), 0);
  EXPECT_TRUE(triggers->Take().empty());
}

TEST(PressureTriggers, UseTheTwinOnAHybridHost) {
  const KernelTree tree("v6.1-hybrid");
  const auto triggers = ArmPressureTriggers(
      tree.Layout(), {{PressureResource::kCpu, PressureKind::kSome, 10, 20, 40},
                      {PressureResource::kIo, PressureKind::kSome, 10, 20, 40}});
  EXPECT_EQ(triggers->armed(), 4u);
}

// F13
TEST(PressureTriggers, AreNotArmedWithoutPsi) {
  const KernelTree tree("v6.1-unified");
  tree.Remove("proc/pressure");
  tree.Remove(tree.CgroupFile("headroom/jobs", "memory.pressure"));
  const auto triggers = ArmPressureTriggers(
      tree.Layout(), {{PressureResource::kMemory, PressureKind::kSome, 1, 5, 20}});
  EXPECT_EQ(triggers->armed(), 0u);
  EXPECT_EQ(triggers->WaitFd(), -1);
  EXPECT_TRUE(triggers->Take().empty());
}

TEST(PressureTriggers, AreNotArmedForWhatThePolicyDoesNotListenTo) {
  const KernelTree tree("v6.1-unified");
  EXPECT_EQ(ArmPressureTriggers(tree.Layout(), {})->armed(), 0u);
}

}  // namespace
}  // namespace headroom
