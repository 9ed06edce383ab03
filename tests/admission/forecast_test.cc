#include "admission/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "admission/draw.h"

namespace headroom {
namespace {

using std::chrono::seconds;

constexpr double kDefault = 100;

Prior APrior() { return MakePrior({}, {}, {kDefault, 1000}); }

// An attempt that uses `first` for half of its life and `then` for the rest.
PastAttempt AnAttempt(int duration, double first, double then) {
  PastAttempt attempt{seconds(duration), {std::max(first, then), 1000}, {}};
  for (int second = 0; second <= duration; ++second)
    attempt.growth.Record(seconds(second), {second < duration / 2 ? first : then, 1000});
  return attempt;
}

KeyPast APast(int count, int duration = 64, double first = 50, double then = 200) {
  KeyPast past;
  for (int i = 0; i < count; ++i) past.Add(AnAttempt(duration, first, then));
  past.Weigh({});
  return past;
}

Forecast OfNew(const KeyPast* past, int64_t id = 1) {
  return Foresee({id}, {"key", {}, {}}, past, APrior());
}
Forecast OfRunning(const KeyPast* past, int age, double observed) {
  return Foresee({1}, {"key", seconds(age), {observed, 1000}}, past, APrior());
}

double MeanOfFutures(const Forecast& forecast, std::size_t interval) {
  double sum = 0;
  for (const UseAhead& future : forecast.futures) sum += future.memory_bytes[interval];
  return sum / kFutures;
}

// The interval that begins at so many seconds, a power of two.
std::size_t IntervalAt(int second) { return static_cast<std::size_t>(std::log2(second)) + 1; }

TEST(Foresee, DrawsAJobThatNobodyHasSeenAroundThePoolsDefault) {
  const Forecast forecast = OfNew(nullptr);
  EXPECT_NEAR(MeanOfFutures(forecast, 0), kDefault, kDefault * 0.3);
  EXPECT_FLOAT_EQ(forecast.expected.memory_bytes[0], 70);
  EXPECT_EQ(forecast.expected.memory_bytes[0], forecast.expected.memory_bytes[kIntervals - 1]);
}

TEST(Foresee, IsTheSameForTheSameJobAndAnotherForAnother) {
  EXPECT_EQ(MeanOfFutures(OfNew(nullptr), 0), MeanOfFutures(OfNew(nullptr), 0));
  EXPECT_NE(MeanOfFutures(OfNew(nullptr, 1), 0), MeanOfFutures(OfNew(nullptr, 2), 0));
}

TEST(Foresee, ExpectsWhatAWellKnownKeyDoes) {
  const KeyPast past = APast(100);
  const Forecast forecast = OfNew(&past);
  EXPECT_NEAR(forecast.expected.memory_bytes[IntervalAt(8)], 50, 5);
  EXPECT_NEAR(forecast.expected.memory_bytes[IntervalAt(32)], 200, 10);
  EXPECT_NEAR(forecast.expected.memory_bytes[IntervalAt(128)], 0, 2);  // it has ended
  EXPECT_NEAR(MeanOfFutures(forecast, IntervalAt(32)), 200, 15);
}

TEST(Foresee, LeansOnThePriorWhereLittleHasFinished) {
  const KeyPast one = APast(1), many = APast(100);
  const auto after_its_end = [](const Forecast& f) { return MeanOfFutures(f, IntervalAt(128)); };
  EXPECT_GT(after_its_end(OfNew(&one)), 10 * after_its_end(OfNew(&many)) + 1);
}

// One that has grown already has less growth ahead of it.
TEST(Foresee, TellsByItsAgeWhatIsStillToCome) {
  const KeyPast past = APast(100);
  EXPECT_NEAR(MeanOfFutures(OfRunning(&past, 8, 50), IntervalAt(32)), 200, 20);
  EXPECT_NEAR(MeanOfFutures(OfRunning(&past, 48, 200), IntervalAt(32)), 0, 15);
}

TEST(Foresee, FollowsThoseThatLookedAlikeAtItsAge) {
  KeyPast past;
  for (int i = 0; i < 50; ++i) {
    past.Add(AnAttempt(64, 40, 100));
    past.Add(AnAttempt(64, 160, 400));
  }
  past.Weigh({});
  EXPECT_NEAR(OfRunning(&past, 16, 40).expected.memory_bytes[IntervalAt(16)], 100, 15);
  EXPECT_NEAR(OfRunning(&past, 16, 160).expected.memory_bytes[IntervalAt(16)], 400, 60);
}

TEST(Foresee, NeverSaysLessThanIsObservedNow) {
  const KeyPast past = APast(20);
  for (const double observed : {0., 50., 5000.}) {
    const Forecast forecast = OfRunning(&past, 10, observed);
    EXPECT_FLOAT_EQ(forecast.expected.memory_bytes[0], static_cast<float>(observed));
    for (const UseAhead& future : forecast.futures)
      ASSERT_GE(future.memory_bytes[0], static_cast<float>(observed));
  }
}

TEST(Foresee, DrawsNothingAboveATenthMoreThanTheLargestOfAKeyThatIsKnown) {
  const KeyPast past = APast(8);
  for (const UseAhead& future : OfNew(&past).futures)
    for (const float memory : future.memory_bytes) ASSERT_LE(memory, 220.001F);
}

TEST(Foresee, TakesAJobThatOutlivedAllOthersForUnknown) {
  const KeyPast past = APast(100);
  const Forecast forecast = OfRunning(&past, 200, 90);
  EXPECT_NEAR(forecast.expected.memory_bytes[5], 0.7 * 1.2 * 90, 1);
}

TEST(Forecast, AveragesOverTheTimeAhead) {
  Forecast forecast;
  forecast.expected.memory_bytes[0] = 10;  // the first second
  forecast.expected.memory_bytes[1] = 20;  // the second
  forecast.expected.memory_bytes[2] = 50;  // two more
  EXPECT_NEAR(forecast.MeanUntil(seconds(0)).memory_bytes, 10, 1e-6);
  EXPECT_NEAR(forecast.MeanUntil(seconds(1)).memory_bytes, 10, 1e-6);
  EXPECT_NEAR(forecast.MeanUntil(seconds(2)).memory_bytes, 15, 1e-6);
  EXPECT_NEAR(forecast.MeanUntil(seconds(4)).memory_bytes, 32.5, 1e-6);
}

TEST(MakePrior, IsThePoolsDefaultBeforeAnythingIsKnown) {
  EXPECT_EQ(APrior().mean, (Use{kDefault, 1000}));
  EXPECT_EQ(APrior().spread, (Use{kDefault, 1000}));
}

// Those that finish first are the small ones.
TEST(MakePrior, NeverFallsBelowThePoolsDefault) {
  Pasts pasts;
  for (int i = 0; i < 50; ++i) pasts[std::to_string(i)] = APast(3, 8, 1, 1);
  EXPECT_EQ(MakePrior(pasts, {}, {kDefault, 1000}).mean.memory_bytes, kDefault);
}

TEST(MakePrior, RisesWithWhatRunsAndHasNotFinished) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back(std::to_string(i));
  std::vector<Shown> running;
  for (const std::string& name : names)
    running.push_back({name, seconds(9), {10 * kDefault, 1000}});
  const Prior prior = MakePrior({}, running, {kDefault, 1000});
  EXPECT_DOUBLE_EQ(prior.mean.memory_bytes, (20 * 10 * kDefault + 5 * kDefault) / 25);
  EXPECT_EQ(prior.largest_seen.memory_bytes, 10 * kDefault);
}

TEST(NormalDraw, HasTheMeanAndTheVarianceOfANormal) {
  double sum = 0, squares = 0;
  constexpr int kDraws = 100'000;
  for (uint64_t n = 0; n < kDraws; ++n) {
    const double z = NormalDraw(7, n);
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.02);
  EXPECT_NEAR(squares / kDraws, 1, 0.02);
}

TEST(LogNormalAt, KeepsTheMeanThatItIsGiven) {
  double sum = 0;
  constexpr int kDraws = 100'000;
  for (uint64_t n = 0; n < kDraws; ++n) sum += LogNormalAt(50, 25, NormalDraw(3, n));
  EXPECT_NEAR(sum / kDraws, 50, 0.5);
}

}  // namespace
}  // namespace headroom
