#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <ctime>
#include <optional>
#include <vector>

#include "base/file.h"
#include "base/units.h"
#include "collectors/collector.h"
#include "collectors/observe.h"
#include "collectors/psi_trigger.h"
#include "tests/collectors/real_pool.h"

// On the running kernel, whichever of the two layouts it has.
namespace headroom {
namespace {

using ::testing::IsEmpty;

void UseMemory(std::size_t bytes) {
  static std::vector<char> memory;
  memory.assign(bytes, 1);
}

void UseCpu(Duration time) {
  timespec used{};
  do {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec) < time);
}

class RealCgroup : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    pool = RealPool::Make(why);
    if (pool == nullptr) GTEST_SKIP() << "SKIPPED-NEEDS: " << why;
    collector = MakeCollector(pool->layout(), clock);
  }

  SystemClock clock;
  std::unique_ptr<RealPool> pool;
  std::unique_ptr<Collector> collector;
};

TEST_F(RealCgroup, ShowsWhatAProcessUses) {
  pool->Add("1-1");
  const RealProcess process(*pool, pool->layout().Attempt("1-1"), [] {
    UseMemory(32 * kMiB);
    UseCpu(std::chrono::milliseconds(60));
  });
  collector->Track({"1-1"});
  const Measurements seen = collector->Measure();
  EXPECT_THAT(seen.failures, IsEmpty()) << seen.failures.front().message;
  ASSERT_TRUE(seen.attempts.contains("1-1"));
  const CgroupSample& job = seen.attempts.at("1-1");
  const auto observed = ObservedMemory(job.memory);
  ASSERT_TRUE(observed);
  EXPECT_GE(*observed, 32 * kMiB);
  EXPECT_LE(*observed, 64 * kMiB);
  EXPECT_GE(job.memory.current, 32 * kMiB);
  EXPECT_GE(job.cpu.usage_usec, 50'000);
  EXPECT_EQ(job.pids, 1);
  EXPECT_GE(ObservedMemory(seen.pool.memory), 30 * kMiB);  // kernel counters lag by a batch
  EXPECT_EQ(seen.pool.pids, 1);
  EXPECT_GT(seen.host.memory_total, 0);
  EXPECT_GT(seen.capacity.memory_bytes, 0);
  EXPECT_GT(seen.capacity.cpu_millis, 0);
  EXPECT_GT(seen.capacity.pids, 0);
}

// F10
TEST_F(RealCgroup, TellsACgroupMadeAnewFromTheOldOne) {
  pool->Add("1-1");
  collector->Track({"1-1"});
  const Measurements before = collector->Measure();
  ASSERT_TRUE(before.attempts.contains("1-1"));
  pool->Remove("1-1");
  pool->Add("1-1");
  // The descriptors are the old one's: gone, whatever stands there under its name.
  const Measurements between = collector->Measure();
  EXPECT_THAT(between.attempts, IsEmpty());
  EXPECT_THAT(between.failures, IsEmpty());
  const Measurements after = collector->Measure();
  ASSERT_TRUE(after.attempts.contains("1-1"));
  EXPECT_NE(after.attempts.at("1-1").cgroup_id, before.attempts.at("1-1").cgroup_id);
  EXPECT_EQ(CpuMillisBetween(before.attempts.at("1-1"), after.attempts.at("1-1")), std::nullopt);
}

// F10
TEST_F(RealCgroup, SaysThatThePoolWentAway) {
  EXPECT_THAT(collector->Measure().failures, IsEmpty());
  pool->RemoveAll();
  const Measurements seen = collector->Measure();
  ASSERT_EQ(seen.failures.size(), 2u);
  EXPECT_EQ(seen.failures[0].collector, "pool");
  EXPECT_EQ(seen.failures[1].collector, "capacity");
  EXPECT_EQ(seen.capacity.memory_bytes, std::nullopt);
}

TEST_F(RealCgroup, FollowsALimitThatIsChanged) {
  const CgroupMounts& mounts = pool->layout().mounts;
  const bool hybrid = mounts.mode == CgroupMode::kHybrid;
  const std::string file = (hybrid ? mounts.memory : mounts.unified) + "/" + pool->layout().Pool() +
                           (hybrid ? "/memory.limit_in_bytes" : "/memory.max");
  for (const int64_t limit : {64 * kMiB, 48 * kMiB}) {
    ASSERT_TRUE(WriteExisting(file, std::to_string(limit)));
    const CapacitySample capacity = collector->Measure().capacity;
    EXPECT_EQ(capacity.memory_bytes, limit);
    EXPECT_EQ(capacity.memory_limited_by, "/" + pool->layout().Pool());
  }
}

bool IsReadable(int fd, int milliseconds) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, milliseconds) == 1;
}

class RealTriggers : public RealCgroup {
 protected:
  // The thread that waits for them must not be there yet when a test forks.
  void Arm() {
    triggers = ArmPressureTriggers(pool->layout(),
                                   {{PressureResource::kCpu, PressureKind::kSome, 1, 5, 10}});
    if (triggers->armed() < 2) GTEST_SKIP() << "SKIPPED-NEEDS: a kernel that takes PSI triggers";
  }

  std::unique_ptr<PressureTriggers> triggers;
};

TEST_F(RealTriggers, FireWhenTasksWaitForTheCpu) {
  pool->Add("1-1");
  const auto spin = [] {
    for (;;) UseCpu(std::chrono::seconds(1));
  };
  std::vector<std::unique_ptr<RealProcess>> spinners;
  for (long i = 0; i < 2 * ::sysconf(_SC_NPROCESSORS_ONLN); ++i) {
    spinners.push_back(std::make_unique<RealProcess>(
        *pool, pool->layout().Attempt("1-1"), [] {}, spin));
  }
  Arm();
  if (IsSkipped()) return;
  EXPECT_TRUE(IsReadable(triggers->WaitFd(), 15'000));
  const PressureReading expected{PressureResource::kCpu, PressureKind::kSome, std::nullopt, true};
  EXPECT_THAT(triggers->Take(), ::testing::ElementsAre(expected));
}

TEST_F(RealTriggers, AreDroppedWithTheirCgroup) {
  Arm();
  if (IsSkipped()) return;
  triggers->Take();
  pool->RemoveAll();
  while (triggers->armed() == 2 && IsReadable(triggers->WaitFd(), 5'000)) triggers->Take();
  EXPECT_EQ(triggers->armed(), 1u);
}

}  // namespace
}  // namespace headroom
