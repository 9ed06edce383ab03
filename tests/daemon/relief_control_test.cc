#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/a_daemon.h"

namespace headroom {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

PressureSample FullPressure(double percent) {
  PressureSample sample;
  sample.memory = Psi{PsiLine{percent, 0.0, 0.0, 0}, PsiLine{percent, 0.0, 0.0, 0}};
  return sample;
}

// Two jobs of 2 GiB, of which the second uses 3.
struct AHostInTrouble {
  explicit AHostInTrouble(std::vector<ReliefRung> rungs) : daemon(With(std::move(rungs))) {
    first = daemon.Submit(2 * kGiB);
    second = daemon.Submit(2 * kGiB);
    daemon.Tick();
    daemon.collector.used_bytes[ToString(daemon.Attempt(first))] = kGiB;
    daemon.collector.used_bytes[ToString(daemon.Attempt(second))] = 3 * kGiB;
    daemon.collector.pressure = FullPressure(50);
    daemon.Tick();
  }
  static Policy With(std::vector<ReliefRung> rungs) {
    Policy policy;
    policy.relief = std::move(rungs);
    return policy;
  }
  AttemptControls Controls(JobId job) { return daemon.executor.controls[daemon.Attempt(job)]; }

  ADaemon daemon;
  JobId first, second;
};

constexpr ReliefRung kFreezeRung{ReliefStep::kFreeze, 40, seconds(10), seconds(60)};

TEST(Relief, FreezesWhoUsesTooMuchUnderLastingPressureAndThawsItAtTheDeadline) {
  AHostInTrouble host({kFreezeRung});
  EXPECT_FALSE(host.Controls(host.second).frozen);
  host.daemon.Tick(seconds(10));
  EXPECT_TRUE(host.Controls(host.second).frozen);
  EXPECT_FALSE(host.Controls(host.first).frozen);
  EXPECT_THAT(host.daemon.service().GetStatus({}).value().relief, SizeIs(1));
  host.daemon.Tick(seconds(59));
  EXPECT_TRUE(host.Controls(host.second).frozen);
  host.daemon.Tick();
  EXPECT_FALSE(host.Controls(host.second).frozen);
}

TEST(Relief, UndoesReliefOnceTheGateIsOpenAndTellsItsEffect) {
  AHostInTrouble host({kFreezeRung});
  host.daemon.Tick(seconds(10));
  host.daemon.collector.pressure = FullPressure(0);
  host.daemon.Tick();
  EXPECT_TRUE(host.Controls(host.second).frozen);
  host.daemon.Tick(seconds(30));  // gate.quiet
  EXPECT_FALSE(host.Controls(host.second).frozen);
  std::vector<std::string> details;
  const auto events = host.daemon.store().EventsAfter(0, 100).value();
  for (const Event& event : events)
    if (event.kind == "relief_step" && event.job == host.second) details.push_back(event.detail);
  EXPECT_THAT(details,
              ElementsAre(testing::AllOf(testing::HasSubstr(R"("did":"taken")"),
                                         testing::HasSubstr(R"("step":"freeze")")),
                          testing::AllOf(testing::HasSubstr(R"("why":"recovered")"),
                                         testing::HasSubstr(R"("lasted_seconds":31.0)"),
                                         testing::HasSubstr(R"("pressure_percent":0.0)"))));
}

TEST(Relief, LowersTheWeightAndMarksTheMemoryOfWhoUsesTooMuch) {
  AHostInTrouble host({{ReliefStep::kWeight, 10, seconds(1), seconds(60)},
                       {ReliefStep::kThrottle, 20, seconds(1), seconds(60)}});
  host.daemon.Tick();
  EXPECT_EQ(host.Controls(host.second), (AttemptControls{10, 3 * kGiB, false}));
}

TEST(Relief, DoesNotThrottleWhereTheKernelCannot) {
  AHostInTrouble host({{ReliefStep::kThrottle, 20, seconds(2), seconds(60)}});
  host.daemon.executor.can_throttle = false;
  host.daemon.Tick(seconds(10));
  EXPECT_THAT(host.daemon.loop().relief().in_force, IsEmpty());
}

TEST(Relief, TriesToThawAgainUntilItCan) {
  AHostInTrouble host({kFreezeRung});
  host.daemon.Tick(seconds(10));
  host.daemon.executor.refuse_control = Error{ErrorCode::kIo, "injected", EIO};
  host.daemon.Tick(seconds(60));
  EXPECT_TRUE(host.Controls(host.second).frozen);
  host.daemon.executor.refuse_control.reset();
  host.daemon.Tick();
  EXPECT_FALSE(host.Controls(host.second).frozen);
}

// F1: the daemon dies while a job is frozen.
TEST(Relief, ThawsWhatItAdopts) {
  AHostInTrouble host({kFreezeRung});
  host.daemon.Tick(seconds(10));
  ASSERT_TRUE(host.Controls(host.second).frozen);
  host.daemon.collector.pressure = FullPressure(0);
  host.daemon.Crash();
  EXPECT_EQ(host.Controls(host.second), AttemptControls{});
  EXPECT_EQ(host.Controls(host.first), AttemptControls{});
}

TEST(Relief, IsUndoneWhenTheDaemonStops) {
  AHostInTrouble host({kFreezeRung});
  host.daemon.Tick(seconds(10));
  ASSERT_TRUE(host.Controls(host.second).frozen);
  host.daemon.loop().Stop();
  EXPECT_FALSE(host.Controls(host.second).frozen);
  EXPECT_THAT(host.daemon.loop().relief().in_force, IsEmpty());
}

TEST(Relief, WaitsItsTimeAfterANewPolicy) {
  AHostInTrouble host({kFreezeRung});
  host.daemon.Tick(seconds(9));
  host.daemon.loop().SetPolicy(AHostInTrouble::With({kFreezeRung}));
  host.daemon.Tick();
  host.daemon.Tick(seconds(9));
  EXPECT_FALSE(host.Controls(host.second).frozen);
  host.daemon.Tick();
  EXPECT_TRUE(host.Controls(host.second).frozen);
}

TEST(Relief, LetsGoOfAJobThatIsCancelled) {
  AHostInTrouble host({kFreezeRung});
  host.daemon.Tick(seconds(10));
  ASSERT_TRUE(host.Controls(host.second).frozen);
  Caller root;
  root.admin = true;
  host.daemon.service().Cancel(root, host.second, [](const Result<JobView>&) {});
  host.daemon.Tick();
  EXPECT_FALSE(host.Controls(host.second).frozen);
}

}  // namespace
}  // namespace headroom
