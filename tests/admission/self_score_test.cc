#include "admission/self_score.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/admission_builders.h"

// Every rule with a duration, on a clock that the test moves.
namespace headroom {
namespace {

using namespace test;

constexpr Duration kTick = seconds(1);

class Scored {
 public:
  Scored() {
    policy.warm_up = seconds(30);
    policy.stale_after = seconds(5);
  }

  Policy policy = HalfTheHost();
  Snapshot host = AHost();
  std::vector<WaitingJob> waiting;
  int64_t memory_kills = 0;

  // A cycle, `later` after the one before. What it starts is gone from the queue.
  const ScoreTotals& Cycle(Duration later = kTick) {
    host.now += later;
    if (measures) host.host->measured_at = host.now;
    const Decisions decisions = Decide(host, waiting, policy);
    score_ = NextScore(score_, {host, waiting, decisions, memory_kills}, policy);
    memory_kills = 0;
    std::erase_if(waiting, [&](const WaitingJob& job) {
      const auto decided = std::ranges::find(decisions.jobs, job.id, &Decision::job);
      return decided->verdict == Verdict::kAdmit;
    });
    return score_.totals;
  }
  const ScoreTotals& Cycles(int count) {
    for (int i = 0; i < count; ++i) Cycle();
    return score_.totals;
  }
  bool measures = true;

 private:
  SelfScore score_;
};

TEST(SelfScore, CountsStartsWithinAWarmUpBeforeTheGateCloses) {
  Scored scored;
  scored.waiting = {AJob(10).Memory(1_GiB), AJob(11).Memory(1_GiB)};
  scored.Cycle();  // both start
  scored.Cycle(seconds(29));
  scored.host.gate.position = GatePosition::kClosed;
  EXPECT_EQ(scored.Cycle().false_admits_by_pressure, 2);
  EXPECT_EQ(scored.Cycle().false_admits_by_pressure, 2);  // it stays closed
  EXPECT_EQ(scored.Cycle().false_admits_by_oom, 0);
}

TEST(SelfScore, CountsNoStartThatWasLongerAgo) {
  Scored scored;
  scored.waiting = {AJob(10).Memory(1_GiB)};
  scored.Cycle();
  scored.Cycle(seconds(31));
  scored.host.gate.position = GatePosition::kClosed;
  EXPECT_EQ(scored.Cycle().false_admits_by_pressure, 0);
}

TEST(SelfScore, CountsAStartOnceThoughMemoryRunsOutAsWell) {
  Scored scored;
  scored.waiting = {AJob(10).Memory(1_GiB)};
  scored.Cycle();
  scored.memory_kills = 1;
  scored.host.gate.position = GatePosition::kClosed;
  EXPECT_EQ(scored.Cycle().false_admits_by_oom, 1);
  scored.memory_kills = 1;
  EXPECT_EQ(scored.Cycle().false_admits_by_oom, 1);
  EXPECT_EQ(scored.Cycle().false_admits_by_pressure, 0);
}

// It asked for 45 GiB and uses 10: 40 of the 50 under the target stay unused.
void FillWithReservations(Scored& scored) {
  scored.policy.warm_up = seconds(30);
  RunningJob running = ARunning(1).Memory(45_GiB).Uses(10_GiB).Age(Duration{});
  running.duration = minutes(10);
  running.admitted_at = kNow + minutes(60);  // its request never fades in these tests
  scored.host.running = {running};
}

TEST(SelfScore, CountsUnusedRoomWhileSomebodyWaitsForIt) {
  Scored scored;
  FillWithReservations(scored);
  scored.Cycles(3);
  EXPECT_EQ(scored.Cycle().unused_memory_byte_seconds, 0);  // nobody waits
  scored.waiting = {AJob(10).Memory(8_GiB)};
  scored.Cycle();
  EXPECT_DOUBLE_EQ(scored.Cycles(10).unused_memory_byte_seconds, 10 * static_cast<double>(40_GiB));
  EXPECT_DOUBLE_EQ(scored.Cycles(0).unused_cpu_core_seconds, 10 * 50.0);
}

TEST(SelfScore, CountsNothingOverAGapThatNobodyMeasured) {
  Scored scored;
  FillWithReservations(scored);
  scored.waiting = {AJob(10).Memory(8_GiB)};
  scored.Cycle();
  EXPECT_EQ(scored.Cycle(seconds(60)).unused_memory_byte_seconds, 0);
  scored.measures = false;
  scored.Cycles(6);  // too old from here on
  const double then = scored.Cycle().unused_memory_byte_seconds;
  EXPECT_EQ(scored.Cycles(5).unused_memory_byte_seconds, then);
}

TEST(SelfScore, CallsABlockFalseOnceTheRoomHasStayedUnusedForAWarmUp) {
  Scored scored;
  FillWithReservations(scored);
  scored.waiting = {AJob(10).Memory(8_GiB)};
  scored.Cycle();
  EXPECT_EQ(scored.Cycles(29).false_block, Duration{});
  EXPECT_EQ(scored.Cycle().false_block, seconds(30));
  EXPECT_EQ(scored.Cycle().false_block, seconds(31));
}

TEST(SelfScore, CallsNoBlockFalseWhoseRoomWasUsedInTheEnd) {
  Scored scored;
  FillWithReservations(scored);
  scored.waiting = {AJob(10).Memory(8_GiB)};
  scored.Cycles(20);
  scored.host.running[0].observed.memory_bytes = 44_GiB;  // it has grown as it said
  scored.Cycles(40);
  scored.host.running[0].observed.memory_bytes = 10_GiB;
  EXPECT_EQ(scored.Cycles(30).false_block, Duration{});
}

}  // namespace
}  // namespace headroom
