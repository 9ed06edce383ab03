#include "admission/gate.h"

#include <gtest/gtest.h>

#include "admission/policy.h"
#include "tests/support/admission_builders.h"

// One row, memory some: quiet below 1, one at a time from 5, closed from 20; 30 s of quiet.
namespace headroom {
namespace {

using namespace test;

const std::vector<GateThreshold> kRow = {
    {PressureResource::kMemory, PressureKind::kSome, 1, 5, 20}};

PressureReading Some(std::optional<double> avg10, bool triggered = false) {
  return {PressureResource::kMemory, PressureKind::kSome, avg10, triggered};
}

// Feeds readings at instants; each test is a walk.
class AGate {
 public:
  explicit AGate(std::vector<GateThreshold> thresholds = kRow)
      : thresholds_(std::move(thresholds)) {}

  AGate& At(Duration since_start, const std::vector<PressureReading>& readings) {
    state_ = NextGate(state_, readings, thresholds_, seconds(30), kNow + since_start);
    return *this;
  }
  AGate& At(Duration since_start, double avg10) { return At(since_start, {Some(avg10)}); }

  GatePosition position() const { return state_.position; }
  const GateState& state() const { return state_; }

 private:
  std::vector<GateThreshold> thresholds_;
  GateState state_;
};

constexpr GatePosition kOpen = GatePosition::kOpen;
constexpr GatePosition kClosing = GatePosition::kClosing;
constexpr GatePosition kClosed = GatePosition::kClosed;

TEST(Gate, StaysOpenWhileItIsQuiet) {
  AGate gate;
  gate.At(seconds(0), 0.99);
  EXPECT_EQ(gate.position(), kOpen);
  EXPECT_EQ(gate.state().cause, std::nullopt);
}

TEST(Gate, StaysOpenButNamesTheCauseWhenUneasy) {
  AGate gate;
  gate.At(seconds(0), 4.99);
  EXPECT_EQ(gate.position(), kOpen);
  EXPECT_EQ(gate.state().cause,
            (GateCause{PressureResource::kMemory, PressureKind::kSome, 4.99, 1}));
}

TEST(Gate, LetsOneAtATimeFromTheClosingLine) {
  EXPECT_EQ(AGate().At(seconds(0), 5).position(), kClosing);
}

TEST(Gate, ClosesAtOnceFromTheCloseLine) {
  EXPECT_EQ(AGate().At(seconds(0), 20).position(), kClosed);
  EXPECT_EQ(AGate().At(seconds(0), 5).At(seconds(1), 20).position(), kClosed);
}

TEST(Gate, StaysClosedBetweenTheLines) {  // F51
  AGate gate;
  gate.At(seconds(0), 25).At(seconds(1), 19).At(seconds(600), 5).At(seconds(1200), 1);
  EXPECT_EQ(gate.position(), kClosed);
  EXPECT_EQ(gate.state().since, kNow);
  EXPECT_EQ(gate.state().quiet_since, std::nullopt);
}

TEST(Gate, OpensOnlyAfterTheQuietTime) {  // F51
  AGate gate;
  gate.At(seconds(0), 25).At(seconds(10), 0.5);
  EXPECT_EQ(gate.state().quiet_since, kNow + seconds(10));
  EXPECT_EQ(gate.At(milliseconds(39'999), 0.5).position(), kClosed);
  EXPECT_EQ(gate.At(seconds(40), 0.5).position(), kOpen);
  EXPECT_EQ(gate.state().since, kNow + seconds(40));
}

TEST(Gate, BeginsTheQuietTimeAnewAfterOneUneasyReading) {  // F51
  AGate gate;
  gate.At(seconds(0), 25).At(seconds(10), 0.5).At(seconds(35), 1).At(seconds(36), 0.5);
  EXPECT_EQ(gate.At(seconds(65), 0.5).position(), kClosed);
  EXPECT_EQ(gate.At(seconds(66), 0.5).position(), kOpen);
}

TEST(Gate, OpensFromClosingAfterTheQuietTimeToo) {
  AGate gate;
  gate.At(seconds(0), 7).At(seconds(1), 0);
  EXPECT_EQ(gate.At(seconds(30), 0).position(), kClosing);
  EXPECT_EQ(gate.At(seconds(31), 0).position(), kOpen);
}

TEST(Gate, NeverGoesFromClosedBackToClosing) {
  EXPECT_EQ(AGate().At(seconds(0), 25).At(seconds(100), 7).position(), kClosed);
}

TEST(Gate, ClosesOnATriggerBeforeTheAverageShowsIt) {
  AGate gate;
  gate.At(seconds(0), {Some(0.2, /*triggered=*/true)});
  EXPECT_EQ(gate.position(), kClosed);
  EXPECT_EQ(gate.state().cause->value, 20);
  EXPECT_EQ(AGate().At(seconds(0), {Some(std::nullopt, true)}).position(), kClosed);
}

TEST(Gate, TakesReadingsOfOneKindTogether) {
  AGate gate;
  gate.At(seconds(0), {Some(3), Some(std::nullopt, /*triggered=*/true)});
  EXPECT_EQ(gate.position(), kClosed);
}

TEST(Gate, StaysOpenWithoutReadings) {  // F13
  EXPECT_EQ(AGate().At(seconds(0), std::vector<PressureReading>{}).position(), kOpen);
  EXPECT_EQ(AGate().At(seconds(0), {Some(std::nullopt)}).position(), kOpen);
}

TEST(Gate, DoesNotTakeAMissingReadingForQuiet) {  // F53
  AGate gate;
  gate.At(seconds(0), 25).At(seconds(10), 0).At(seconds(20), {Some(std::nullopt)});
  EXPECT_EQ(gate.state().quiet_since, std::nullopt);
  EXPECT_EQ(gate.state().cause->value, 0);
  EXPECT_EQ(gate.At(seconds(900), {Some(std::nullopt)}).position(), kClosed);
}

TEST(Gate, IsClosedByTheWorstOfSeveralRows) {
  const Policy policy;
  AGate gate(policy.gate);
  const PressureReading full{PressureResource::kMemory, PressureKind::kFull, 6, false};
  gate.At(seconds(0), {Some(19), full});
  EXPECT_EQ(gate.position(), kClosed);
  EXPECT_EQ(gate.state().cause,
            (GateCause{PressureResource::kMemory, PressureKind::kFull, 6, 0.5}));
}

TEST(Gate, IsQuietOnlyWhenEveryRowIs) {
  const Policy policy;
  const PressureReading full{PressureResource::kMemory, PressureKind::kFull, 0.6, false};
  AGate gate(policy.gate);
  gate.At(seconds(0), {Some(30), full}).At(seconds(1), {Some(0), full});
  EXPECT_EQ(gate.state().quiet_since, std::nullopt);
  EXPECT_EQ(gate.At(seconds(2), {Some(0)}).state().quiet_since, std::nullopt);
}

TEST(Gate, IgnoresWhatThePolicyDoesNotListenTo) {
  const PressureReading cpu{PressureResource::kCpu, PressureKind::kSome, 90, true};
  EXPECT_EQ(AGate().At(seconds(0), {cpu, Some(0)}).position(), kOpen);
}

TEST(Gate, OpensWhenThePolicyStopsListening) {
  GateState closed = AGate().At(seconds(0), 25).state();
  closed = NextGate(closed, {}, {}, seconds(30), kNow + seconds(1));
  EXPECT_EQ(closed.position, kClosed);
  EXPECT_EQ(NextGate(closed, {}, {}, seconds(30), kNow + seconds(31)).position, kOpen);
}

}  // namespace
}  // namespace headroom
