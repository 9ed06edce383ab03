#include "simulator/tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/units.h"

namespace headroom::sim {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr char kHeader[] = "workflow,name,runtime_seconds,avg_cpu_percent,peak_memory_bytes\n";

std::string Problem(const std::string& csv) {
  const auto tasks = ParseTrace(csv);
  return tasks ? "was taken" : tasks.error().message;
}

TEST(ParseTrace, ReadsTasksByTheNamesOfTheirColumns) {
  const auto tasks = ParseTrace(std::string(kHeader) + "w,align,2.5,150,1024\r\nw,sort,3,,2048\n");
  ASSERT_TRUE(tasks) << tasks.error().message;
  EXPECT_EQ(*tasks,
            (std::vector<Task>{{"align", 2.5, 150, 1024, {}, 2}, {"sort", 3, 0, 2048, {}, 3}}));
}

TEST(ParseTrace, LeavesOutWhatWasTooShortOrNotRecorded) {
  std::vector<LeftOut> left_out;
  const std::string csv = std::string(kHeader) + "w,a,0.9,1,1\nw,b,9,1,0\nw,c,9,1,1\n";
  EXPECT_THAT(*ParseTrace(csv, &left_out), SizeIs(1));
  EXPECT_EQ(left_out, (std::vector<LeftOut>{{2, "ran for less than a second"},
                                            {3, "its peak was not recorded"}}));
}

TEST(ParseTrace, ReadsTheTimesOfSubmissionWhereThereAreAny) {
  const auto tasks =
      ParseTrace("name,runtime_seconds,peak_memory_bytes,submit_seconds\na,1,1,42.5\n");
  EXPECT_EQ(tasks->front().submit_seconds, 42.5);
}

TEST(ParseTrace, SaysWhereItIsWrong) {
  EXPECT_THAT(Problem(""), HasSubstr("line 1: expected a column \"name\""));
  EXPECT_THAT(Problem("name,runtime_seconds\n"), HasSubstr("\"peak_memory_bytes\""));
  EXPECT_THAT(Problem("name,name\n"), HasSubstr("two columns"));
  EXPECT_THAT(Problem(kHeader), HasSubstr("no task"));
  const std::string start = kHeader;
  EXPECT_THAT(Problem(start + "w,a,1,1,1\nw,a,1,1\n"), HasSubstr("line 3: expected 5 fields"));
  EXPECT_THAT(Problem(start + "w,a,x,1,1\n"), HasSubstr("line 2, runtime_seconds"));
  for (const char* bad : {"-1", "nan", "inf", "1e99", "1x", " 1"})
    EXPECT_THAT(Problem(start + "w,a," + bad + ",1,1\n"), HasSubstr("expected a number")) << bad;
}

std::vector<Task> TwoTasks() { return {{"a", 10, 100, kGiB, {}}, {"b", 20, 200, 2 * kGiB, {}}}; }

Arrivals AnArrival() {
  Arrivals arrivals;
  arrivals.capacity_memory_bytes = 100 * kGiB;
  arrivals.capacity_cpu_millis = 64'000;
  return arrivals;
}

TEST(MakeWorkload, IsTheSameForTheSameSeedOnly) {
  Arrivals arrivals = AnArrival();
  arrivals.jobs = 200;
  const Workload one = MakeWorkload("w", TwoTasks(), arrivals, 1);
  EXPECT_EQ(one.jobs, MakeWorkload("w", TwoTasks(), arrivals, 1).jobs);
  EXPECT_NE(one.jobs, MakeWorkload("w", TwoTasks(), arrivals, 2).jobs);
}

TEST(MakeWorkload, ComesInBurstsInOrder) {
  Arrivals arrivals = AnArrival();
  arrivals.jobs = 500;
  const Workload workload = MakeWorkload("w", TwoTasks(), arrivals, 1);
  ASSERT_THAT(workload.jobs, SizeIs(500));
  std::map<Duration, int> bursts;
  for (const SimJob& job : workload.jobs) ++bursts[job.submitted];
  EXPECT_TRUE(std::ranges::is_sorted(workload.jobs, {}, &SimJob::submitted));
  for (auto burst = bursts.begin(); std::next(burst) != bursts.end(); ++burst) {
    EXPECT_GE(burst->second, 30);
    EXPECT_LE(burst->second, 90);
  }
}

TEST(MakeWorkload, KeepsTimesThatWereRecorded) {
  std::vector<Task> tasks = TwoTasks();
  tasks[0].submit_seconds = 7;
  tasks[1].submit_seconds = 3;
  const Workload workload = MakeWorkload("w", tasks, AnArrival(), 1);
  ASSERT_THAT(workload.jobs, SizeIs(2));
  EXPECT_EQ(workload.jobs[0].submitted, std::chrono::seconds(3));
  EXPECT_EQ(workload.jobs[0].key, "b");
}

TEST(MakeWorkload, GrowsEveryJobToItsPeakWithinItsLife) {
  Arrivals arrivals = AnArrival();
  arrivals.jobs = 500;
  for (const SimJob& job : MakeWorkload("w", TwoTasks(), arrivals, 1).jobs) {
    EXPECT_EQ(job.growth.front().life, 0);
    EXPECT_EQ(job.growth.back().life, 1);
    EXPECT_TRUE(std::ranges::is_sorted(job.growth, {}, &Knot::life));
    EXPECT_EQ(std::ranges::max(job.growth, {}, &Knot::use).use, 1);
  }
}

TEST(MakeWorkload, SharesAShapeAmongMostJobsOfAKey) {
  Arrivals arrivals = AnArrival();
  arrivals.jobs = 1000;
  std::map<std::size_t, int> sizes;  // shapes differ in their number of knots, mostly
  for (const SimJob& job : MakeWorkload("w", TwoTasks(), arrivals, 1).jobs)
    if (job.key == "a") ++sizes[job.growth.size()];
  int most = 0;
  for (const auto& [size, count] : sizes) most = std::max(most, count);
  EXPECT_GE(most, 350);
}

TEST(MakeTasks, StaysWithinAnEighthOfTheHost) {
  for (const TaskSet set : {TaskSet::kMixed, TaskSet::kTpp}) {
    std::set<std::string> keys;
    for (const Task& task : MakeTasks(set, 1024 * kGiB, 64'000, 2000, Rng(1))) {
      EXPECT_GT(task.peak_memory_bytes, 0);
      EXPECT_LE(task.peak_memory_bytes, 128 * kGiB);
      EXPECT_GE(task.runtime_seconds, 1);
      keys.insert(task.key);
    }
    EXPECT_GE(keys.size(), 30U);
  }
}

}  // namespace
}  // namespace headroom::sim
