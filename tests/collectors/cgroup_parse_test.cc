#include "collectors/cgroup_parse.h"

#include <gtest/gtest.h>

#include <string>

namespace headroom {
namespace {

// For each file: one as the kernel writes it, an older and a newer kernel's, and a broken one. The
// whole files of a real kernel, and all faults of F15, are in captured_trees_test.cc.

TEST(ParseMemoryStat, TakesWhatIsCharged) {
  MemorySample memory;
  ASSERT_TRUE(
      ParseMemoryStat("anon 1\nfile 2\nkernel 3\nsock 4\nshmem 5\nfile_mapped 0\n"
                      "file_dirty 6\nfile_writeback 7\nslab_reclaimable 8\n"
                      "slab_unreclaimable 9\nslab 17\n",
                      memory));
  MemorySample expected;
  expected.anon = 1;
  expected.file = 2;
  expected.kernel = 3;
  expected.sock = 4;
  expected.shmem = 5;
  expected.dirty = 6;
  expected.writeback = 7;
  expected.slab_reclaimable = 8;
  expected.slab_unreclaimable = 9;
  EXPECT_EQ(memory, expected);
}

TEST(ParseMemoryStat, SumsUpKernelMemoryWhereAnOlderKernelDoesNot) {
  MemorySample memory;
  ASSERT_TRUE(
      ParseMemoryStat("anon 1\nkernel_stack 10\npagetables 20\npercpu 30\n"
                      "slab_reclaimable 15\nslab_unreclaimable 25\nslab 40\n",
                      memory));
  EXPECT_EQ(memory.kernel, 100);
}

TEST(ParseMemoryStat, DoesNotKnowKernelMemoryWithoutAnyPartOfIt) {
  MemorySample memory;
  ASSERT_TRUE(ParseMemoryStat("anon 1\nkernel_stack 10\n", memory));
  EXPECT_EQ(memory.kernel, std::nullopt);
  EXPECT_EQ(memory.shmem, std::nullopt);
}

TEST(ParseMemoryStat, RefusesPartsThatCannotBeSummed) {
  MemorySample memory;
  EXPECT_FALSE(ParseMemoryStat("kernel_stack 9223372036854775807\nslab 1\n", memory));
}

TEST(ParseMemoryEvents, TakesAllKinds) {
  MemoryEvents events;
  ASSERT_TRUE(ParseMemoryEvents(
      "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\nsock_throttled 7\n", events));
  EXPECT_EQ(events, (MemoryEvents{1, 2, 3, 4, 5, 6}));
}

TEST(ParseMemoryEvents, TakesAnOlderKernelWithoutGroupKills) {
  MemoryEvents events;
  ASSERT_TRUE(ParseMemoryEvents("low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n", events));
  EXPECT_EQ(events, (MemoryEvents{1, 2, 3, 4, 5, std::nullopt}));
}

TEST(ParseCpuStat, TakesUseAndThrottling) {
  CpuSample cpu;
  ASSERT_TRUE(
      ParseCpuStat("usage_usec 1\nuser_usec 2\nsystem_usec 3\nnice_usec 0\n"
                   "core_sched.force_idle_usec 0\nnr_periods 4\nnr_throttled 5\n"
                   "throttled_usec 6\nnr_bursts 0\nburst_usec 0\n",
                   cpu));
  EXPECT_EQ(cpu, (CpuSample{1, 2, 3, 4, 5, 6}));
}

TEST(ParseCpuStat, TakesUseAloneWhereTheControllerIsOff) {
  CpuSample cpu;
  ASSERT_TRUE(ParseCpuStat("usage_usec 1\nuser_usec 2\nsystem_usec 3\n", cpu));
  EXPECT_EQ(cpu, (CpuSample{1, 2, 3, std::nullopt, std::nullopt, std::nullopt}));
}

TEST(ParseCpuMax, GivesThousandthsOfACore) {
  EXPECT_EQ(ParseCpuMax("150000 100000\n").value(), std::optional<int64_t>(1500));
  EXPECT_EQ(ParseCpuMax("20000 100000\n").value(), std::optional<int64_t>(200));
  EXPECT_EQ(ParseCpuMax("max 100000\n").value(), std::optional<int64_t>());
}

TEST(ParseCpuMax, RefusesGarbage) {
  for (const char* text : {"", "max\n", "max \n", "max 0\n", "1000 0\n", "-1 100000\n", "1000\n",
                           "1000 100000", "1000 100000 5\n", "9223372036854775807 1\n"}) {
    EXPECT_FALSE(ParseCpuMax(text)) << text;
  }
}

TEST(ParseMemoryStatV1, TakesTheHierarchicalKeys) {
  MemorySample memory;
  memory.current = 100;
  ASSERT_TRUE(
      ParseMemoryStatV1("cache 0\nrss 0\nswap 0\ntotal_cache 30\ntotal_rss 50\n"
                        "total_rss_huge 0\ntotal_shmem 3\ntotal_dirty 4\n"
                        "total_writeback 5\ntotal_swap 6\n",
                        memory));
  MemorySample expected;
  expected.current = 100;
  expected.file = 30;
  expected.anon = 50;
  expected.kernel = 20;
  expected.shmem = 3;
  expected.dirty = 4;
  expected.writeback = 5;
  expected.swap = 6;
  EXPECT_EQ(memory, expected);
}

TEST(ParseMemoryStatV1, LeavesSwapAbsentWhereItIsNotCounted) {
  MemorySample memory;
  ASSERT_TRUE(ParseMemoryStatV1("total_cache 30\ntotal_rss 50\n", memory));
  EXPECT_EQ(memory.swap, std::nullopt);
  EXPECT_EQ(memory.kernel, std::nullopt);
}

TEST(ParseMemoryStatV1, NeverMakesKernelMemoryNegative) {
  MemorySample memory;
  memory.current = 10;
  ASSERT_TRUE(ParseMemoryStatV1("total_cache 30\ntotal_rss 50\n", memory));
  EXPECT_EQ(memory.kernel, 0);
}

TEST(ParseOomControlV1, TakesKillsWhereTheyAreCounted) {
  MemoryEvents events;
  ASSERT_TRUE(ParseOomControlV1("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", events));
  EXPECT_EQ(events.oom_kill, 3);
  ASSERT_TRUE(ParseOomControlV1("oom_kill_disable 0\nunder_oom 0\n", events = {}));
  EXPECT_EQ(events.oom_kill, std::nullopt);  // before 4.13
}

TEST(ParseCpuStatV1, TurnsNanosecondsIntoMicroseconds) {
  CpuSample cpu;
  ASSERT_TRUE(ParseCpuStatV1("nr_periods 35\nnr_throttled 34\nthrottled_time 2708849062\n", cpu));
  EXPECT_EQ(cpu, (CpuSample{std::nullopt, std::nullopt, std::nullopt, 35, 34, 2708849}));
}

TEST(ParseCpuacctUsage, TurnsNanosecondsIntoMicroseconds) {
  EXPECT_EQ(ParseCpuacctUsage("4565113672\n"), 4565113);
  EXPECT_FALSE(ParseCpuacctUsage("-5\n"));
}

TEST(ParseMemoryLimitV1, TakesTheLargestNumbersForNoLimit) {
  EXPECT_EQ(ParseMemoryLimitV1("9223372036854771712\n").value(),
            std::optional<int64_t>());  // 4 KiB pages
  EXPECT_EQ(ParseMemoryLimitV1("9223372036854710272\n").value(),
            std::optional<int64_t>());  // 64 KiB
  EXPECT_EQ(ParseMemoryLimitV1("536870912\n").value(), std::optional<int64_t>(536870912));
  EXPECT_FALSE(ParseMemoryLimitV1("max\n"));
}

TEST(ParseCfsQuota, TakesMinusOneForNoLimit) {
  EXPECT_EQ(ParseCfsQuota("-1\n").value(), std::optional<int64_t>());
  EXPECT_EQ(ParseCfsQuota("20000\n").value(), std::optional<int64_t>(20000));
  EXPECT_FALSE(ParseCfsQuota("-2\n"));
}

}  // namespace
}  // namespace headroom
