#include "simulator/workload.h"

#include <gtest/gtest.h>

#include "tests/simulator/sim_builders.h"

namespace headroom::sim {
namespace {

SimJob AStaircase() {
  SimJob job = AJob(100, 10);
  job.growth = {{0, 0.2}, {0.5, 0.2}, {0.5, 1}, {1, 1}};
  return job;
}

TEST(MemoryAt, FollowsStraightLinesBetweenTheKnots) {
  SimJob job = AJob(100, 10);
  job.growth = {{0, 0}, {0.5, 1}, {1, 0.5}};
  EXPECT_EQ(MemoryAt(job, 0), 0);
  EXPECT_EQ(MemoryAt(job, 0.25), 50);
  EXPECT_EQ(MemoryAt(job, 0.5), 100);
  EXPECT_EQ(MemoryAt(job, 0.75), 75);
  EXPECT_EQ(MemoryAt(job, 1), 50);
}

TEST(MemoryAt, StepsWhereTwoKnotsAreAtOnePlace) {
  EXPECT_EQ(MemoryAt(AStaircase(), 0.49), 20);
  EXPECT_EQ(MemoryAt(AStaircase(), 0.5), 100);
}

TEST(MeanMemory, IsTheAreaUnderTheGrowth) { EXPECT_DOUBLE_EQ(MeanMemory(AStaircase()), 60); }

TEST(ObservedAt, AddsTheCacheThatIsDirtyJustNow) {
  SimJob job = AStaircase();
  job.cache_bytes = 10;
  EXPECT_EQ(ObservedAt(job, 0.1), 20);    // just written back
  EXPECT_EQ(ObservedAt(job, 0.125), 25);  // half way to the next time
}

}  // namespace
}  // namespace headroom::sim
