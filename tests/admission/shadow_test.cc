#include "admission/shadow.h"

#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;  // NOLINT: the builders are this test's language

Policy Filling(double target) {
  Policy policy = HalfTheHost();
  policy.target.memory = target;
  policy.resume.memory = target - 0.1;
  return policy;
}

// A host of 100 GiB and jobs of 10 GiB; half of it is filled in truth.
class ShadowTest : public ::testing::Test {
 protected:
  void Cycle(Shadow& shadow, int running, const std::vector<WaitingJob>& waiting,
             bool trouble = false) {
    AHost host;
    for (int i = 0; i < running; ++i) host.Running(ARunning(100 + i).Memory(10_GiB));
    shadow.Look({host, {}, trouble, waiting, Decide(host, waiting, Filling(0.5))});
  }
};

TEST_F(ShadowTest, CountsWhatItWouldStartAndThePolicyInForceDoesNot) {
  Shadow bold(Filling(0.7));
  Cycle(bold, 5, {AJob(1).Memory(10_GiB), AJob(2).Memory(10_GiB), AJob(3).Memory(10_GiB)});
  EXPECT_EQ(bold.would_start(), 2);
  EXPECT_EQ(bold.totals(), ShadowTotals());
}

TEST_F(ShadowTest, CountsAStartOnceByWhenItWouldHaveStarted) {
  Shadow bold(Filling(0.7));
  Cycle(bold, 5, {AJob(1).Memory(10_GiB)});
  Cycle(bold, 5, {AJob(1).Memory(10_GiB)});
  Cycle(bold, 4, {AJob(1).Memory(10_GiB)});
  EXPECT_EQ(bold.totals(), (ShadowTotals{.alike = 0, .earlier = 1, .later = 0}));
  Cycle(bold, 4, {AJob(2).Memory(10_GiB)});
  EXPECT_EQ(bold.totals(), (ShadowTotals{.alike = 1, .earlier = 1, .later = 0}));
  Shadow timid(Filling(0.3));
  Cycle(timid, 4, {AJob(1).Memory(10_GiB)});
  EXPECT_EQ(timid.totals(), (ShadowTotals{.alike = 0, .earlier = 0, .later = 1}));
}

TEST_F(ShadowTest, HasAGateOfItsOwn) {
  Policy deaf = Filling(0.7);
  Policy listening = deaf;
  deaf.gate.clear();
  const std::vector<PressureReading> pressure{
      {PressureResource::kMemory, PressureKind::kSome, 90, false, false}};
  const std::vector<WaitingJob> waiting{AJob(1).Memory(10_GiB)};
  for (const auto& [policy, would_start] : {std::pair(deaf, 1), std::pair(listening, 0)}) {
    Shadow shadow(policy);
    const AHost host = AHost().Gate(GatePosition::kClosed);
    shadow.Look({host, pressure, false, waiting, Decide(host, waiting, Filling(0.5))});
    EXPECT_EQ(shadow.would_start(), would_start);
  }
}

TEST_F(ShadowTest, LowersItsOwnTargetAfterTrouble) {
  Policy wary = Filling(0.7);
  wary.backoff_floor = 0.5;
  Shadow shadow(wary);
  const std::vector<WaitingJob> waiting{AJob(1).Memory(10_GiB)};
  Cycle(shadow, 6, waiting);
  EXPECT_EQ(shadow.would_start(), 1);
  Cycle(shadow, 6, waiting, /*trouble=*/true);
  Cycle(shadow, 6, waiting);
  EXPECT_EQ(shadow.would_start(), 0);
}

TEST_F(ShadowTest, CountsNoTokensButItsOwn) {
  Policy with_tokens = Filling(0.5);
  with_tokens.tokens = {{"db", 2}};
  Shadow shadow(with_tokens);
  Cycle(shadow, 0, {AJob(1).Token("db", 1)});
  EXPECT_EQ(shadow.last().jobs.front().verdict, Verdict::kAdmit);
}

}  // namespace
}  // namespace headroom
