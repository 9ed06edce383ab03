#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/units.h"
#include "collectors/collector.h"
#include "collectors/observe.h"
#include "tests/collectors/kernel_tree.h"
#include "tests/support/fake_clock.h"

// What the collectors make of the files of a real 6.1 kernel (tests/data/cgroup/README.md), and of
// the same files broken in every way of F15.
namespace headroom {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Measurements Sweep(const KernelTree& tree, const std::vector<std::string>& attempts) {
  const FakeClock clock;
  const auto collector = MakeCollector(tree.Layout(), clock);
  collector->Track(attempts);
  return collector->Measure();
}

TEST(CapturedUnified, IsReadWithoutAnyFailure) {
  const Measurements seen = Sweep(KernelTree("v6.1-unified"), {"1-1", "2-1", "3-1"});
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(seen.attempts.size(), 3u);
}

TEST(CapturedUnified, ShowsTheBusyJob) {
  const CgroupSample job = Sweep(KernelTree("v6.1-unified"), {"1-1"}).attempts.at("1-1");
  MemorySample memory;
  memory.current = 78700544;
  memory.peak = 79077376;
  memory.swap = 0;
  memory.anon = 51150848;
  memory.shmem = 8388608;
  memory.file = 25341952;
  memory.kernel = 2207744;
  memory.slab_reclaimable = 1905080;
  memory.slab_unreclaimable = 43608;
  memory.sock = 0;
  memory.dirty = 4194304;
  memory.writeback = 0;
  EXPECT_EQ(job.memory, memory);
  EXPECT_EQ(job.cpu, (CpuSample{3367599, 784794, 2582805, 18, 18, 1342189}));
  EXPECT_EQ(job.events, (MemoryEvents{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(job.pids, 4);
  EXPECT_EQ(job.pids_peak, 6);
  EXPECT_EQ(job.pressure.cpu,
            (Psi{PsiLine{22.03, 4.78, 1.03, 3574779}, PsiLine{16.41, 3.53, 0.76, 2757549}}));
  EXPECT_EQ(job.pressure.memory->some->total_usec, 14594);
  EXPECT_EQ(job.pressure.io->full->total_usec, 0);
  EXPECT_NE(job.cgroup_id, 0u);
}

// 48 MiB anonymous, 8 shared and 4 dirty, and some kernel memory; 12 MiB of clean cache are not.
TEST(CapturedUnified, ObservesWhatReclaimCannotTake) {
  const CgroupSample job = Sweep(KernelTree("v6.1-unified"), {"1-1"}).attempts.at("1-1");
  EXPECT_EQ(ObservedMemory(job.memory), 51150848 + 8388608 + 4194304 + (2207744 - 1905080));
}

TEST(CapturedUnified, TellsWhoRanOutOfMemory) {
  const Measurements own = Sweep(KernelTree("v6.1-unified"), {"3-1"});
  EXPECT_EQ(own.attempts.at("3-1").events_local.oom, 1);
  EXPECT_GT(own.attempts.at("3-1").events_local.oom_kill, 0);
  const Measurements pools = Sweep(KernelTree("v6.1-unified", "crowded"), {"1-1"});
  EXPECT_EQ(pools.attempts.at("1-1").events_local.oom, 0);
  EXPECT_GT(pools.attempts.at("1-1").events_local.oom_kill, 0);
  EXPECT_EQ(pools.pool.events_local.oom, 1);
}

TEST(CapturedUnified, ShowsHostAndCapacity) {
  const Measurements seen = Sweep(KernelTree("v6.1-unified"), {});
  EXPECT_EQ(seen.host.memory_total, 4007140 * kKiB);
  EXPECT_EQ(seen.host.memory_available, 3720240 * kKiB);
  EXPECT_EQ(seen.host.cpu_busy_usec, (418 + 1116 + 12) * 10'000);
  EXPECT_EQ(seen.host.online_cpus, 2);
  EXPECT_EQ(seen.host.pids, 69);
  EXPECT_EQ(seen.host.pids_max, 31198);
  EXPECT_EQ(seen.host.pressure.memory->some->avg10, 0.41);
  EXPECT_EQ(seen.capacity.memory_bytes, 512 * kMiB);
  EXPECT_EQ(seen.capacity.memory_limited_by, "/headroom/jobs");
  EXPECT_EQ(seen.capacity.cpu_millis, 2000);
  EXPECT_EQ(seen.capacity.cpu_limited_by, "online CPUs");
  EXPECT_EQ(seen.capacity.pids, 200);
}

TEST(CapturedHybrid, IsReadWithoutAnyFailure) {
  const Measurements seen = Sweep(KernelTree("v6.1-hybrid"), {"1-1", "2-1", "3-1"});
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(seen.attempts.size(), 3u);
}

TEST(CapturedHybrid, ShowsTheBusyJob) {
  const CgroupSample job = Sweep(KernelTree("v6.1-hybrid"), {"1-1"}).attempts.at("1-1");
  EXPECT_EQ(job.memory.current, 86888448);
  EXPECT_EQ(job.memory.anon, 59383808);
  EXPECT_EQ(job.memory.file, 25276416);
  EXPECT_EQ(job.memory.shmem, 8388608);
  EXPECT_EQ(job.memory.dirty, 4194304);
  EXPECT_EQ(job.memory.swap, 0);
  EXPECT_EQ(job.memory.kernel, 86888448 - 59383808 - 25276416);
  EXPECT_EQ(job.memory.sock, std::nullopt);
  EXPECT_EQ(job.cpu, (CpuSample{4565113, 1693172, 3263947, 35, 35, 2708849}));
  EXPECT_EQ(job.pids, 4);
  EXPECT_EQ(job.pids_peak, 6);
  EXPECT_TRUE(job.pressure.cpu && job.pressure.memory && job.pressure.io);
}

TEST(CapturedHybrid, CountsOutOfMemoryKillsAndLimitHits) {
  const CgroupSample job = Sweep(KernelTree("v6.1-hybrid"), {"3-1"}).attempts.at("3-1");
  EXPECT_EQ(job.events.oom_kill, 1);
  EXPECT_EQ(job.events.max, 283);
  EXPECT_EQ(job.events.oom, std::nullopt);
}

TEST(CapturedHybrid, ShowsCapacity) {
  const Measurements seen = Sweep(KernelTree("v6.1-hybrid"), {});
  EXPECT_EQ(seen.capacity.memory_bytes, 512 * kMiB);
  EXPECT_EQ(seen.capacity.memory_limited_by, "/headroom/jobs");
  EXPECT_EQ(seen.capacity.cpu_millis, 2000);
  EXPECT_EQ(seen.capacity.pids, 200);
}

struct Fault {
  const char* name;
  const char* mode;
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name << '/' << fault.mode; }

class BrokenTree : public ::testing::TestWithParam<Fault> {
 protected:
  Measurements Seen() const {
    const KernelTree tree(std::string("broken/") + GetParam().name + "/" + GetParam().mode);
    return Sweep(tree, {"1-1"});
  }
};

std::vector<Fault> Faults(std::initializer_list<const char*> names) {
  std::vector<Fault> faults;
  for (const char* name : names) {
    faults.push_back({name, "unified"});
    faults.push_back({name, "hybrid"});
  }
  return faults;
}

class UnreadableTree : public BrokenTree {};

// F15
TEST_P(UnreadableTree, GivesAbsentValuesAndTypedFailures) {
  const Measurements seen = Seen();
  const CgroupSample& job = seen.attempts.at("1-1");
  EXPECT_EQ(job.memory, MemorySample());
  EXPECT_EQ(job.events, MemoryEvents());
  EXPECT_EQ(job.cpu, CpuSample());
  EXPECT_EQ(job.pids, std::nullopt);
  EXPECT_EQ(job.pressure, PressureSample());
  EXPECT_EQ(Observe(nullptr, job), ObservedUse());
  EXPECT_EQ(seen.host.memory_total, std::nullopt);
  EXPECT_EQ(seen.host.cpu_busy_usec, std::nullopt);
  EXPECT_EQ(seen.host.pids, std::nullopt);
  EXPECT_EQ(seen.host.pressure, PressureSample());
  EXPECT_EQ(seen.capacity.memory_bytes, std::nullopt);
  EXPECT_EQ(ViewHost(&seen, seen, {}), std::nullopt);
  for (const char* collector : {"host", "job", "psi"}) {
    EXPECT_THAT(seen.failures, ::testing::Contains(AllOf(
                                   Field(&CollectorFailure::collector, collector),
                                   Field(&CollectorFailure::message, HasSubstr("expected ")))));
  }
}

TEST_P(UnreadableTree, DoesNotTouchTheSoundPool) {
  const Measurements seen = Seen();
  EXPECT_TRUE(ObservedMemory(seen.pool.memory));
  EXPECT_TRUE(seen.pool.cpu.usage_usec && seen.pool.pids);
  EXPECT_THAT(seen.failures, Each(Field(&CollectorFailure::collector, ::testing::Ne("pool"))));
}

INSTANTIATE_TEST_SUITE_P(, UnreadableTree,
                         ::testing::ValuesIn(Faults({"empty", "crlf", "max", "negative", "overflow",
                                                     "nan", "garbage"})));

class CutTree : public BrokenTree {};

// F15. What stands on whole lines is right; the number that was cut is not taken.
TEST_P(CutTree, TakesNoHalfNumber) {
  const Measurements seen = Seen();
  const CgroupSample& job = seen.attempts.at("1-1");
  const CgroupSample whole =
      Sweep(KernelTree(std::string("v6.1-") + GetParam().mode), {"1-1"}).attempts.at("1-1");
  EXPECT_EQ(job.memory.current, std::nullopt);
  EXPECT_EQ(job.memory.anon, whole.memory.anon);
  EXPECT_EQ(job.pids, std::nullopt);
  EXPECT_EQ(job.pressure, PressureSample());
  EXPECT_EQ(seen.host.pids, std::nullopt);
  EXPECT_FALSE(seen.failures.empty());
}

INSTANTIATE_TEST_SUITE_P(, CutTree, ::testing::ValuesIn(Faults({"no-newline", "truncated"})));

class OtherKernel : public BrokenTree {};

// F15. As on the captured kernel, but for what this one does not have.
TEST_P(OtherKernel, IsReadAsWell) {
  const Measurements seen = Seen();
  const CgroupSample& job = seen.attempts.at("1-1");
  const CgroupSample whole =
      Sweep(KernelTree(std::string("v6.1-") + GetParam().mode), {"1-1"}).attempts.at("1-1");
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(job.memory.anon, whole.memory.anon);
  EXPECT_EQ(job.memory.slab_reclaimable, whole.memory.slab_reclaimable);
  EXPECT_EQ(job.cpu, whole.cpu);
  EXPECT_EQ(job.events.oom_kill, whole.events.oom_kill);
  EXPECT_EQ(job.pressure.cpu->some, whole.pressure.cpu->some);
  EXPECT_EQ(job.pressure.memory, whole.pressure.memory);
  EXPECT_EQ(seen.host.memory_total.has_value(), true);
}

INSTANTIATE_TEST_SUITE_P(, OtherKernel,
                         ::testing::ValuesIn(Faults({"older-kernel", "newer-kernel", "huge"})));

TEST(OlderKernel, LeavesAbsentWhatItDoesNotHave) {
  const Measurements seen = Sweep(KernelTree("broken/older-kernel/unified"), {"1-1"});
  const CgroupSample& job = seen.attempts.at("1-1");
  EXPECT_EQ(job.memory.peak, std::nullopt);
  EXPECT_EQ(job.memory.sock, std::nullopt);
  EXPECT_EQ(job.memory.kernel, 32768 + 172032 + 1948688);
  EXPECT_EQ(job.events_local, MemoryEvents());
  EXPECT_EQ(job.pids_peak, std::nullopt);
  EXPECT_EQ(job.pressure.cpu->full, std::nullopt);
  EXPECT_EQ(job.pressure.io, std::nullopt);
}

}  // namespace
}  // namespace headroom
