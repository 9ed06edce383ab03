#include "collectors/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "collectors/collector.h"
#include "tests/collectors/kernel_tree.h"
#include "tests/support/fake_clock.h"

namespace headroom {
namespace {

HostSample AHost() {
  HostSample host;
  host.memory_total = 16 * kGiB;
  host.online_cpus = 8;
  host.pids_max = 30'000;
  return host;
}

CapacitySample Smallest(const HostSample& host, std::vector<LimitSample> limits,
                        std::optional<int64_t> cpus_allowed = std::nullopt) {
  CapacitySample capacity;
  capacity.limits = std::move(limits);
  FindSmallest(host, cpus_allowed, capacity);
  capacity.limits.clear();
  return capacity;
}

LimitSample ALimit(const std::string& path, std::optional<int64_t> memory,
                   std::optional<int64_t> cpu = std::nullopt,
                   std::optional<int64_t> pids = std::nullopt) {
  return {path, memory, cpu, pids, {}};
}

TEST(Capacity, IsTheHostWhereNothingLimits) {
  EXPECT_EQ(Smallest(AHost(), {}),
            (CapacitySample{{}, 16 * kGiB, 8000, 30'000, "MemTotal", "online CPUs"}));
}

TEST(Capacity, IsTheSmallestLimitOnTheWayUpInEachDimension) {
  EXPECT_EQ(Smallest(AHost(), {ALimit("/a/jobs", 12 * kGiB, std::nullopt, 500),
                               ALimit("/a", 8 * kGiB, 6000), ALimit("/", 9 * kGiB, 7000, 600)}),
            (CapacitySample{{}, 8 * kGiB, 6000, 500, "/a", "/a"}));
}

TEST(Capacity, IsNeverMoreThanTheHostHas) {
  EXPECT_EQ(Smallest(AHost(), {ALimit("/a", 32 * kGiB, 64'000, 99'999)}),
            (CapacitySample{{}, 16 * kGiB, 8000, 30'000, "MemTotal", "online CPUs"}));
}

TEST(Capacity, CountsOnlyTheCpusThatJobsInherit) {
  const CapacitySample capacity = Smallest(AHost(), {}, 3);
  EXPECT_EQ(capacity.cpu_millis, 3000);
  EXPECT_EQ(capacity.cpu_limited_by, "the daemon's own CPUs");
}

TEST(Capacity, IsAbsentWhereTheHostCouldNotBeRead) {
  EXPECT_EQ(Smallest(HostSample(), {ALimit("/a", 8 * kGiB, 6000, 500)}), CapacitySample());
}

using L = CgroupLimits;

CgroupLimits Are(std::vector<std::pair<std::optional<int64_t> L::*, int64_t>> set) {
  CgroupLimits limits;
  for (const auto& [field, amount] : set) limits.*field = amount;
  return limits;
}

LimitSample Limits(std::vector<std::pair<std::optional<int64_t> L::*, int64_t>> set) {
  LimitSample sample;
  SetLimits(Are(std::move(set)), AHost(), sample);
  return sample;
}

TEST(SetLimits, TakesTheSmallerOfMaxAndHigh) {
  EXPECT_EQ(Limits({{&L::memory_max, 5}, {&L::memory_high, 4}}).memory_bytes, 4);
  EXPECT_EQ(Limits({{&L::memory_max, 5}}).memory_bytes, 5);
  EXPECT_EQ(Limits({{&L::memory_high, 4}}).memory_bytes, 4);
}

TEST(SetLimits, TakesTheSmallerOfQuotaAndCpus) {
  EXPECT_EQ(Limits({{&L::cpu_millis, 1500}, {&L::cpus, 2}}).cpu_millis, 1500);
  EXPECT_EQ(Limits({{&L::cpu_millis, 2500}, {&L::cpus, 2}}).cpu_millis, 2000);
  EXPECT_EQ(Limits({{&L::cfs_quota, 50'000}, {&L::cfs_period, 100'000}}).cpu_millis, 500);
  EXPECT_EQ(Limits({{&L::cfs_period, 100'000}}).cpu_millis, std::nullopt);
  EXPECT_EQ(Limits({{&L::cfs_quota, 50'000}, {&L::cfs_period, 0}}).cpu_millis, std::nullopt);
}

TEST(SetLimits, SaysWhetherThereIsAny) {
  LimitSample sample;
  EXPECT_FALSE(SetLimits({}, AHost(), sample));
  EXPECT_FALSE(SetLimits(Are({{&L::cpus, 8}}), AHost(), sample));  // all that there are
  EXPECT_TRUE(SetLimits(Are({{&L::pids_max, 1}}), AHost(), sample));
}

CapacitySample Read(const KernelTree& tree) {
  const FakeClock clock;
  return MakeCollector(tree.Layout(), clock)->Measure().capacity;
}

TEST(CapacityReader, ReadsEveryAncestorUpToTheMount) {
  const KernelTree tree("v6.1-unified");
  tree.Write(tree.CgroupFile("headroom", "memory.high"), "268435456\n");
  tree.Write(tree.CgroupFile("headroom", "cpu.max"), "50000 100000\n");
  tree.Write(tree.CgroupFile("", "cpuset.cpus.effective"), "0\n");
  const CapacitySample capacity = Read(tree);
  EXPECT_EQ(capacity.memory_bytes, 256 * kMiB);
  EXPECT_EQ(capacity.memory_limited_by, "/headroom");
  EXPECT_EQ(capacity.cpu_millis, 500);
  EXPECT_EQ(capacity.cpu_limited_by, "/headroom");
  EXPECT_EQ(capacity.pids, 200);
  ASSERT_EQ(capacity.limits.size(), 3u);
  EXPECT_EQ(capacity.limits[0].path, "/headroom/jobs");
  EXPECT_EQ(capacity.limits[1].path, "/headroom");
  EXPECT_TRUE(capacity.limits[1].use.memory.anon);
  EXPECT_TRUE(capacity.limits[1].use.cpu.usage_usec);
  EXPECT_EQ(capacity.limits[2].path, "/");
  EXPECT_EQ(capacity.limits[2].cpu_millis, 1000);
  EXPECT_TRUE(capacity.limits[2].use.cpu.usage_usec);  // the mount has no pids.current to read
}

TEST(CapacityReader, ReadsQuotasOfAHybridHost) {
  const KernelTree tree("v6.1-hybrid");
  tree.Write(tree.CgroupFile("headroom", "cpu.cfs_quota_us"), "150000\n");
  tree.Write(tree.CgroupFile("headroom", "memory.limit_in_bytes"), "268435456\n");
  const CapacitySample capacity = Read(tree);
  EXPECT_EQ(capacity.memory_bytes, 256 * kMiB);
  EXPECT_EQ(capacity.cpu_millis, 1500);
  EXPECT_EQ(capacity.cpu_limited_by, "/headroom");
}

TEST(CapacityReader, CountsTheDaemonsOwnCpusOnAHybridHost) {
  const KernelTree tree("v6.1-hybrid");
  tree.Write("proc/self/status", "Name:\tx\nCpus_allowed_list:\t1\n");
  EXPECT_EQ(Read(tree).cpu_millis, 1000);
}

// F20
TEST(CapacityReader, SeesEveryChangeAtTheNextSweep) {
  const KernelTree tree("v6.1-unified");
  const FakeClock clock;
  const auto collector = MakeCollector(tree.Layout(), clock);
  EXPECT_EQ(collector->Measure().capacity.memory_bytes, 512 * kMiB);
  tree.Write(tree.CgroupFile("headroom/jobs", "memory.max"), "max\n");
  tree.Write("proc/stat", "cpu  1 2 3 4\ncpu0 1 2 3 4\n");
  const CapacitySample capacity = collector->Measure().capacity;
  EXPECT_EQ(capacity.memory_bytes, 4007140 * kKiB);
  EXPECT_EQ(capacity.memory_limited_by, "MemTotal");
  EXPECT_EQ(capacity.cpu_millis, 1000);
}

// Admission waits for a limit that cannot be read: a guess could be too much (I10).
TEST(CapacityReader, KnowsNothingWhenOneLimitCannotBeRead) {
  const KernelTree tree("v6.1-unified");
  tree.Write(tree.CgroupFile("headroom", "memory.max"), "lots\n");
  const FakeClock clock;
  const Measurements seen = MakeCollector(tree.Layout(), clock)->Measure();
  EXPECT_EQ(seen.capacity, CapacitySample());
  ASSERT_EQ(seen.failures.size(), 1u);
  EXPECT_EQ(seen.failures[0].collector, "capacity");
}

}  // namespace
}  // namespace headroom
