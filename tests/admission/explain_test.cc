#include <gtest/gtest.h>

#include "admission/decision.h"
#include "tests/support/admission_builders.h"

// The only tests that compare text. The lines are those of HalfTheHost(): 50 %, 40 %, 90 %.
namespace headroom {
namespace {

using namespace test;

std::string ExplainOne(const Snapshot& snapshot, const WaitingJob& job,
                       const Policy& policy = HalfTheHost()) {
  const Decisions decisions = Decide(snapshot, std::vector<WaitingJob>{job}, policy);
  return Explain(decisions.jobs.at(0), snapshot, policy);
}

AHost A16GiBHost() { return AHost().Memory(16_GiB).Cpu(8000); }

TEST(Explain, SaysThatAJobStarts) {
  EXPECT_EQ(ExplainOne(A16GiBHost(), AJob(1).Memory(1_GiB)),
            "starts: it fits under the target and under the ceiling");
  EXPECT_EQ(ExplainOne(A16GiBHost(), AJob(1).Memory(12_GiB)),
            "starts: larger than the target leaves room for, but nothing else runs and it fits the "
            "host");
}

TEST(Explain, SaysThatAModeMeasuresNothing) {
  Policy policy;
  policy.mode = AdmissionMode::kNone;
  EXPECT_EQ(ExplainOne(A16GiBHost(), AJob(1), policy),
            "starts: policy mode \"none\" measures nothing");
}

TEST(Explain, NamesWhoHoldsWhatIsShort) {
  const Snapshot host = A16GiBHost()
                            .UsedOutside(512_MiB)
                            .Running(ARunning(3).Memory(1_GiB))
                            .Running(ARunning(7).Memory(4_GiB))
                            .Running(ARunning(9).Memory(1_GiB))
                            .Running(ARunning(11).Memory(100_MiB));
  EXPECT_EQ(ExplainOne(host, AJob(12).Memory(3_GiB)),
            "waits: needs 3.0 GiB memory, 1.4 GiB free under the target (50% of 16.0 GiB); held by "
            "job 7 (4.0 GiB), job 3 (1.0 GiB), job 9 (1.0 GiB), others on the host (512 MiB); fits "
            "once 1.6 GiB is released");
}

TEST(Explain, SaysByHowMuchALineIsPassed) {
  EXPECT_EQ(ExplainOne(A16GiBHost().Running(ARunning(7).Cpu(5000)), AJob(12).Cpu(500)),
            "waits: needs 0.50 cores, the target (50% of 8.00 cores) is passed by 1.00 cores; held "
            "by job 7 (5.00 cores); fits once 1.50 cores is released");
}

TEST(Explain, SaysThatTheTargetIsLowered) {
  const AHost host = A16GiBHost().LowersTheTargetTo(0.5).Running(ARunning(7).Memory(3584_MiB));
  EXPECT_EQ(ExplainOne(host, AJob(12).Memory(1_GiB)),
            "waits: needs 1.0 GiB memory, 512 MiB free under the target lowered after trouble (25% "
            "of 16.0 GiB); held by job 7 (3.5 GiB); fits once 512 MiB is released");
  const AHost rests = AHost(host).Rests({.memory = true});
  EXPECT_EQ(ExplainOne(rests, AJob(12).Memory(256_MiB)),
            "waits: memory reached the target lowered after trouble (25% of 16.0 GiB) and rests: "
            "use is 3.5 GiB and must fall below 3.2 GiB (20%); held by job 7 (3.5 GiB)");
}

TEST(Explain, CountsJobsThatStartInTheSamePass) {
  const Snapshot host = A16GiBHost();
  const Decisions decisions = Decide(
      host, std::vector<WaitingJob>{AJob(1).Memory(7_GiB), AJob(2).Memory(2_GiB)}, HalfTheHost());
  EXPECT_EQ(Explain(decisions.jobs[1], host, HalfTheHost()),
            "waits: needs 2.0 GiB memory, 1.0 GiB free under the target (50% of 16.0 GiB); held by "
            "jobs that start now (7.0 GiB); fits once 1.0 GiB is released");
}

TEST(Explain, SaysWhenAJobIsLargerThanTheLineItself) {
  EXPECT_EQ(
      ExplainOne(A16GiBHost().Running(ARunning(7).Memory(1_GiB)), AJob(12).Memory(12_GiB)),
      "waits: needs 12.0 GiB memory, 7.0 GiB free under the target (50% of 16.0 GiB); held by "
      "job 7 (1.0 GiB); larger than the target itself: starts when no other job runs and the host "
      "has room");
}

TEST(Explain, TellsTheCeilingFromTheTarget) {
  Policy policy = HalfTheHost();
  policy.ceiling.memory = 0.75;
  EXPECT_EQ(ExplainOne(A16GiBHost().Running(ARunning(7).Memory(10_GiB).Uses(1_GiB)),
                       AJob(12).Memory(3_GiB), policy),
            "waits: needs 3.0 GiB memory, 2.0 GiB free under the ceiling (75% of 16.0 GiB) should "
            "running jobs grow as they may; held by job 7 (10.0 GiB); fits once 1.0 GiB is "
            "released");
}

TEST(Explain, CountsTokensWithoutATarget) {
  Policy policy = HalfTheHost();
  policy.tokens = {{"db", 6}};
  EXPECT_EQ(
      ExplainOne(A16GiBHost().Running(ARunning(7).Token("db", 5)), AJob(12).Token("db", 2), policy),
      "waits: needs 2 of token db, 1 of 6 free; held by job 7 (5); fits once 1 is released");
}

TEST(Explain, SaysWhyAJobCanNeverRun) {
  Policy policy = HalfTheHost();
  policy.tokens = {{"db", 6}};
  EXPECT_EQ(ExplainOne(A16GiBHost(), AJob(1).Memory(17_GiB)),
            "rejected: needs 17.0 GiB memory, jobs can have at most 16.0 GiB on this host");
  EXPECT_EQ(ExplainOne(A16GiBHost(), AJob(1).Memory(16_GiB + 1_MiB)),
            "rejected: needs 16.0 GiB memory, 1.0 MiB more than jobs can have on this host (16.0 "
            "GiB)");
  EXPECT_EQ(ExplainOne(A16GiBHost(), AJob(1).Token("db", 7), policy),
            "rejected: needs 7 of token db, the policy has 6");
  EXPECT_EQ(ExplainOne(A16GiBHost(), AJob(1).Token("gpu", 1), policy),
            "rejected: needs 1 of token gpu, which the policy does not name");
}

TEST(Explain, SaysThatNumbersAreMissingOrOld) {
  EXPECT_EQ(ExplainOne(AHost().NeverMeasured(), AJob(1)),
            "waits: the host has not been measured yet");
  EXPECT_EQ(ExplainOne(A16GiBHost().MeasuredAgo(seconds(12)), AJob(1)),
            "waits: the last measurement is 12s old, more than 5.0s");
}

TEST(Explain, SaysHowManyJobsRun) {
  Policy policy = HalfTheHost();
  policy.max_jobs = 1;
  EXPECT_EQ(ExplainOne(A16GiBHost().Running(ARunning(1)), AJob(2), policy),
            "waits: 1 jobs run, max_jobs is 1");
}

TEST(Explain, SaysHowFarUseMustFallToEndARest) {
  EXPECT_EQ(ExplainOne(
                AHost().Memory(100_GiB).Running(ARunning(7).Memory(45_GiB)).Rests({.memory = true}),
                AJob(12).Memory(1_GiB)),
            "waits: memory reached the target (50% of 100 GiB) and rests: use is 45.0 GiB and must "
            "fall below 40.0 GiB (40%); held by job 7 (45.0 GiB)");
}

TEST(Explain, NamesTheHeadThatMustNotBeDelayed) {
  const Snapshot host = A16GiBHost();
  EXPECT_EQ(Explain(BehindHead(12, 7), host, HalfTheHost()),
            "waits: would fit, but would delay job 7, which is ahead of it");
  Policy strict = HalfTheHost();
  strict.queue.discipline = QueueDiscipline::kStrict;
  EXPECT_EQ(Explain(BehindHead(12, 7), host, strict),
            "waits: job 7 is ahead of it and the queue is strict");
}

std::string ExplainGate(const GateState& gate) {
  Snapshot host = A16GiBHost().Running(ARunning(1).Age(seconds(0)));
  host.gate = gate;
  return ExplainOne(host, AJob(2));
}

GateState ClosedBy(double value) {
  GateState gate;
  gate.position = GatePosition::kClosed;
  gate.cause = {PressureResource::kMemory, PressureKind::kSome, value, 1};
  return gate;
}

TEST(Explain, SaysWhatClosesTheGateAndWhenItOpens) {
  EXPECT_EQ(ExplainGate(ClosedBy(23.14)),
            "waits: memory pressure (some avg10) is 23.1%; the gate opens after 30s below 1%");
}

TEST(Explain, SaysHowLongItHasBeenQuiet) {
  GateState gate = ClosedBy(0.42);
  gate.quiet_since = kNow - seconds(12);
  EXPECT_EQ(ExplainGate(gate),
            "waits: memory pressure (some avg10) is 0.4%, quiet for 12s; the gate opens after 30s "
            "below 1%");
}

TEST(Explain, SaysThatAReadingIsMissing) {
  EXPECT_EQ(ExplainGate(ClosedBy(0.42)),
            "waits: memory pressure (some avg10) is 0.4%, but another reading is missing; the gate "
            "opens after 30s below 1%");
}

TEST(Explain, SaysThatJobsStartOneAtATime) {
  GateState gate = ClosedBy(7);
  gate.position = GatePosition::kClosing;
  EXPECT_EQ(ExplainGate(gate),
            "waits: memory pressure (some avg10) is 7%; jobs start one at a time until 30s have "
            "passed below 1%");
}

TEST(TopHolders, ArePutLargestFirstThenById) {
  const Snapshot host = A16GiBHost()
                            .Running(ARunning(1).Memory(1_GiB))
                            .Running(ARunning(3).Memory(2_GiB))
                            .Running(ARunning(2).Memory(2_GiB))
                            .Running(ARunning(4).Cpu(100));
  using List = std::vector<Holder>;
  EXPECT_EQ(TopHolders(host, HalfTheHost(), kMemory, 9),
            (List{{JobId{2}, 2_GiB}, {JobId{3}, 2_GiB}, {JobId{1}, 1_GiB}}));
  EXPECT_EQ(TopHolders(host, HalfTheHost(), kMemory, 1), (List{{JobId{2}, 2_GiB}}));
  EXPECT_EQ(TopHolders(host, HalfTheHost(), kPids, 9), List{});
}

}  // namespace
}  // namespace headroom
