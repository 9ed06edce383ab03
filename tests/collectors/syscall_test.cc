#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "collectors/collector.h"
#include "collectors/psi_trigger.h"
#include "tests/collectors/kernel_tree.h"
#include "tests/collectors/syscalls.h"
#include "tests/support/fake_clock.h"

// What a sweep costs in system calls and allocations, and what it does when they fail.
namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;

const std::vector<std::string> kAttempts = {"1-1", "2-1", "3-1"};

struct Fixture {
  explicit Fixture(const std::string& name = "v6.1-unified") : tree(name) {
    collector->Track(kAttempts);
    collector->MeasureInto(sweep);
  }

  KernelTree tree;
  FakeClock clock;
  std::unique_ptr<Collector> collector = MakeCollector(tree.Layout(), clock);
  Measurements sweep;
};

Fate Failing(const std::string& part, int os_error) {
  return [part, os_error](const std::string& path) {
    return path.find(part) == std::string::npos ? 0 : os_error;
  };
}

class SteadyState : public ::testing::TestWithParam<const char*> {};

TEST_P(SteadyState, IsOneReadAFileAndNothingElse) {
  Fixture f(GetParam());
  const Syscalls before = SyscallsSoFar();
  for (int i = 0; i < 10; ++i) {
    f.collector->Track(kAttempts);
    f.collector->MeasureInto(f.sweep);
  }
  const Syscalls after = SyscallsSoFar();
  EXPECT_EQ(after.opens, before.opens);
  EXPECT_EQ(after.stats, before.stats);
  EXPECT_EQ(after.allocations, before.allocations);
  EXPECT_EQ((after.preads - before.preads) % 10, 0);
  EXPECT_GT(after.preads - before.preads, 10 * 4 * 10);
  EXPECT_LT(after.preads - before.preads, 10 * 4 * 20);
}

INSTANTIATE_TEST_SUITE_P(, SteadyState, ::testing::Values("v6.1-unified", "v6.1-hybrid"));

TEST(SteadyStateCount, LooksOnceForWhatTheKernelDoesNotHave) {
  Fixture f("broken/older-kernel/unified");
  f.collector->Track({"1-1"});
  f.collector->MeasureInto(f.sweep);
  const Syscalls before = SyscallsSoFar();
  f.collector->MeasureInto(f.sweep);
  EXPECT_EQ(SyscallsSoFar().opens, before.opens);
  EXPECT_THAT(f.sweep.failures, IsEmpty());
}

// F10
TEST(Sweep, DropsAnAttemptThatVanishesInTheMiddle) {
  for (const char* file : {"memory.current", "cpu.stat", "io.pressure"}) {
    Fixture f;
    const Interference gone(Failing(std::string("jobs/2-1/") + file, ENODEV));
    f.collector->MeasureInto(f.sweep);
    EXPECT_THAT(f.sweep.attempts, ElementsAre(Key("1-1"), Key("3-1"))) << file;
    EXPECT_THAT(f.sweep.failures, IsEmpty()) << file;
  }
}

// F10
TEST(Sweep, OpensAnAttemptAnewAfterItVanished) {
  Fixture f;
  {
    const Interference gone(Failing("jobs/2-1", ENODEV));
    f.collector->MeasureInto(f.sweep);
  }
  EXPECT_FALSE(f.sweep.attempts.contains("2-1"));
  f.collector->MeasureInto(f.sweep);
  EXPECT_TRUE(f.sweep.attempts.at("2-1").memory.anon);
}

TEST(Sweep, NamesTheFileThatCannotBeRead) {
  Fixture f;
  const Interference broken(Failing("jobs/2-1/memory.stat", EIO));
  f.collector->MeasureInto(f.sweep);
  EXPECT_THAT(f.sweep.failures, ElementsAre(CollectorFailure{
                                    "job", f.tree.CgroupFile("headroom/jobs/2-1", "memory.stat") +
                                               ": read: Input/output error (EIO)"}));
  EXPECT_EQ(f.sweep.attempts.at("2-1").memory.anon, std::nullopt);
  EXPECT_TRUE(f.sweep.attempts.at("2-1").pids);
}

// F13: compiled in, but booted with psi=0.
TEST(Sweep, TakesPressureThatIsSwitchedOffForAbsent) {
  Fixture f;
  const Interference off(Failing("pressure", EOPNOTSUPP));
  f.collector->MeasureInto(f.sweep);
  EXPECT_THAT(f.sweep.failures, IsEmpty());
  EXPECT_EQ(f.sweep.host.pressure, PressureSample());
  EXPECT_EQ(f.sweep.pool.pressure, PressureSample());
  const Syscalls before = SyscallsSoFar();
  f.collector->MeasureInto(f.sweep);
  EXPECT_EQ(SyscallsSoFar().opens, before.opens);
}

// F15
TEST(Sweep, PutsShortReadsTogether) {
  Fixture f;
  const Measurements whole = f.sweep;
  const Interference short_reads(Failing("", Interference::kShortRead));
  f.collector->MeasureInto(f.sweep);
  EXPECT_THAT(f.sweep.failures, IsEmpty());
  EXPECT_EQ(f.sweep.attempts.at("1-1").memory.current, whole.attempts.at("1-1").memory.current);
  EXPECT_EQ(f.sweep.capacity.memory_bytes, whole.capacity.memory_bytes);
}

// F15
TEST(Sweep, GoesOnAfterASignal) {
  Fixture f;
  const Measurements whole = f.sweep;
  int calls = 0;
  const Interference signals([&calls](const std::string&) { return ++calls % 2 == 0 ? EINTR : 0; });
  f.collector->MeasureInto(f.sweep);
  EXPECT_EQ(f.sweep, whole);
}

const std::vector<GateThreshold> kThresholds = {
    {PressureResource::kMemory, PressureKind::kSome, 1, 5, 20}};

TEST(PressureTriggers, TakeALongerWindowWhereTheKernelWantsOne) {
  const KernelTree tree("v6.1-unified");
  const std::string pool = tree.CgroupFile("headroom/jobs", "memory.pressure");
  tree.Write(pool, "");
  int calls = 0;
  const Interference refusal(
      nullptr, [&](const std::string& path) { return path == pool && ++calls == 1 ? EINVAL : 0; });
  EXPECT_EQ(ArmPressureTriggers(tree.Layout(), kThresholds)->armed(), 2u);
  EXPECT_EQ(tree.Read(pool), std::string("some 400000 2000000\0", 20));
}

TEST(PressureTriggers, AreNotArmedWhereTheKernelRefuses) {
  const KernelTree tree("v6.1-unified");
  for (const int os_error : {EINVAL, EBUSY, EACCES, EOPNOTSUPP}) {
    const Interference refusal(nullptr, Failing("memory.pressure", os_error));
    EXPECT_EQ(ArmPressureTriggers(tree.Layout(), kThresholds)->armed(), 1u) << os_error;
  }
}

}  // namespace
}  // namespace headroom
