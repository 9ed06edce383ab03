#include "executor/cgroup_report.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/units.h"
#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

// The rows of the table in docs/executor.md.
TEST(CauseOf, BlamesTheJobForItsOwnLimit) {
  EXPECT_EQ(CauseOf({1, 1}, 0, 0), OomCause::kJobLimit);
  EXPECT_EQ(CauseOf({1, 3}, 5, 4), OomCause::kJobLimit);
}

TEST(CauseOf, BlamesThePoolIfItRanOutSinceTheLaunch) {
  EXPECT_EQ(CauseOf({0, 1}, 5, 4), OomCause::kPoolLimit);
}

TEST(CauseOf, BlamesTheHostOtherwise) { EXPECT_EQ(CauseOf({0, 1}, 4, 4), OomCause::kHost); }

TEST(CauseOf, BlamesNobodyIfNothingWasKilled) {
  EXPECT_EQ(CauseOf({9, 0}, 5, 4), OomCause::kNone) << "reclaim helped";
}

TEST(FlatKeyed, FindsTheWholeKey) {
  const char* text = "oom 1\noom_kill 2\noom_group_kill 3\n";
  EXPECT_EQ(FlatKeyed(text, "oom"), 1);
  EXPECT_EQ(FlatKeyed(text, "oom_kill"), 2);
  EXPECT_EQ(FlatKeyed(text, "oom_group_kill"), 3);
  EXPECT_EQ(FlatKeyed(text, "kill"), std::nullopt);
}

TEST(FlatKeyed, RefusesWhatIsNoCount) {
  for (const char* text : {"", "oom", "oom ", "oom x\n", "oom -1\n", "oom 1 2\n",
                           "oom 18446744073709551616\n", "oom 1\r\n"}) {
    EXPECT_EQ(FlatKeyed(text, "oom"), std::nullopt) << text;
  }
}

RC_GTEST_PROP(FlatKeyed, TakesAnyBytesWithoutHarm, (const std::string& text)) {
  (void)FlatKeyed(text, "oom");
}

class CgroupReportFiles : public testing::Test {
 protected:
  void Write(const std::string& file, const std::string& content) {
    const std::string path = tree_ / file;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << content;
  }
  CgroupMounts Unified() const { return {CgroupMode::kUnified, tree_ / "u", "", "", "", ""}; }
  CgroupMounts Hybrid() const {
    return {CgroupMode::kHybrid, tree_ / "u", tree_ / "memory", tree_ / "cpu", "", tree_ / "pids"};
  }

  TempDir tree_;
};

TEST_F(CgroupReportFiles, ReadsCgroupV2) {
  Write("u/j/memory.events.local", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n");
  Write("u/j/memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 3\n");
  Write("u/j/memory.peak", "4096\n");
  Write("u/j/pids.peak", "5\n");
  Write("u/j/cpu.stat", "usage_usec 123\nuser_usec 100\nsystem_usec 23\n");
  EXPECT_EQ(ReadOomCounters(Unified(), "j"), (OomCounters{1, 3}));
  EXPECT_EQ(ReadUsage(Unified(), "j"), (AttemptUsage{4096, 5, 123}));
}

TEST_F(CgroupReportFiles, ReadsCgroupV1WithItsTwin) {
  Write("memory/j/memory.failcnt", "2\n");
  Write("memory/j/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  Write("memory/j/memory.max_usage_in_bytes", "4096\n");
  Write("pids/j/pids.peak", "5\n");
  Write("u/j/cpu.stat", "usage_usec 123\n");
  EXPECT_EQ(ReadOomCounters(Hybrid(), "j"), (OomCounters{2, 1}));
  EXPECT_EQ(ReadUsage(Hybrid(), "j"), (AttemptUsage{4096, 5, 123}));
}

TEST_F(CgroupReportFiles, SeesThatAV1JobReachedItsLimitWithSwap) {
  Write("memory/j/memory.failcnt", "0\n");
  Write("memory/j/memory.oom_control", "oom_kill 1\n");
  Write("memory/j/memory.memsw.limit_in_bytes", "33554432\n");
  Write("memory/j/memory.memsw.max_usage_in_bytes", "33550336\n");
  EXPECT_EQ(ReadOomCounters(Hybrid(), "j"), (OomCounters{1, 1}));
  Write("memory/j/memory.memsw.max_usage_in_bytes", "20000000\n");
  EXPECT_EQ(ReadOomCounters(Hybrid(), "j"), (OomCounters{0, 1}));
}

TEST_F(CgroupReportFiles, LeavesAbsentWhatTheKernelDoesNotTell) {
  EXPECT_EQ(ReadUsage(Unified(), "j"), AttemptUsage());
  EXPECT_EQ(ReadUsage(Hybrid(), "j"), AttemptUsage());
  EXPECT_EQ(ReadOomCounters(Unified(), "j"), OomCounters());
}

}  // namespace
}  // namespace headroom
