#include "admission/lifetime.h"

#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;

PastAttempt Lasting(Duration duration) {
  PastAttempt attempt;
  attempt.duration = duration;
  return attempt;
}

KeyPast PastOf(const std::vector<Duration>& durations, std::vector<Duration> ages = {}) {
  KeyPast past;
  for (const Duration duration : durations) past.Add(Lasting(duration));
  past.Weigh(std::move(ages));
  return past;
}

const std::vector<Duration> kTenToForty{seconds(40), seconds(10), seconds(30), seconds(20)};

TEST(Lifetime, IsAbsentWhereNothingIsKnown) {
  const Lifetime unknown;
  EXPECT_EQ(unknown.source(), LifetimeSource::kUnknown);
  EXPECT_EQ(unknown.At(0.5, Duration{}), std::nullopt);
  EXPECT_EQ(unknown.At(0.5, minutes(5)), std::nullopt);
}

TEST(Lifetime, OfAKeyIsOneOfItsFinishedAttempts) {
  const KeyPast past = PastOf(kTenToForty);
  const Lifetime lifetime(past);
  EXPECT_EQ(lifetime.source(), LifetimeSource::kHistory);
  EXPECT_EQ(lifetime.attempts(), 4);
  EXPECT_EQ(lifetime.At(0.1, {}), seconds(10));
  EXPECT_EQ(lifetime.At(0.6, {}), seconds(30));
  EXPECT_EQ(lifetime.At(0.9, {}), seconds(40));
}

TEST(Lifetime, OfARunningJobLeavesOutWhatItHasPassed) {
  const KeyPast past = PastOf(kTenToForty);
  EXPECT_EQ(Lifetime(past).At(0.1, seconds(25)), seconds(30));
  EXPECT_EQ(Lifetime(past).At(0.9, seconds(25)), seconds(40));
}

// Without them the first to finish of a burst, the short ones, would stand for all of it.
TEST(Lifetime, CountsRunningAttemptsAsLongerThanTheyAreOld) {
  const KeyPast past = PastOf({seconds(10)}, {seconds(50), seconds(50), seconds(50)});
  EXPECT_GT(*Lifetime(past).At(0.5, {}), seconds(10));
}

// flux-sched#1424: such a job "ends now" for ever, and everything behind it is promised a start.
TEST(Lifetime, OfAJobThatOutranAllItsKindIsPushedBackInProportionToItsAge) {
  const KeyPast past = PastOf(kTenToForty);
  const auto left = [&](Duration age, double share) {
    return *Lifetime(past).At(share, age) - age;
  };
  EXPECT_NEAR(std::chrono::duration<double>(left(minutes(10), 0.5)).count(), 0.41 * 600, 5);
  EXPECT_NEAR(std::chrono::duration<double>(left(minutes(20), 0.5)).count(), 0.41 * 1200, 10);
  EXPECT_GT(left(minutes(10), 0.9), minutes(20));
  EXPECT_GE(left(seconds(41), 0.0), seconds(1));
}

TEST(Lifetime, OfADeclaredDurationIsThatUntilItIsPassed) {
  const Lifetime declared{Duration(minutes(2))};
  EXPECT_EQ(declared.source(), LifetimeSource::kDeclared);
  EXPECT_EQ(declared.At(0.1, {}), minutes(2));
  EXPECT_EQ(declared.At(0.9, seconds(119)), minutes(2));
  EXPECT_GT(*declared.At(0.5, minutes(2)), minutes(2) + seconds(30));
}

TEST(Lifetimes, TrustAFewFinishedAttemptsMoreThanWhatWasDeclared) {
  const KeyPast three = PastOf({seconds(5), seconds(6), seconds(7)}),
                two = PastOf({seconds(5), seconds(6)});
  Lifetimes lifetimes([&](uint64_t key) -> const KeyPast* {
    return key == 3 ? &three : key == 2 ? &two : nullptr;
  });
  EXPECT_EQ(lifetimes.Of(3, minutes(1)).source(), LifetimeSource::kHistory);
  EXPECT_EQ(lifetimes.Of(2, minutes(1)).source(), LifetimeSource::kDeclared);
  EXPECT_EQ(lifetimes.Of(2, std::nullopt).source(), LifetimeSource::kHistory);
  EXPECT_EQ(lifetimes.Of(1, minutes(1)).At(0.5, {}), minutes(1));
  EXPECT_EQ(lifetimes.Of(1, minutes(3)).At(0.5, {}), minutes(3));
  EXPECT_EQ(lifetimes.Of(1, std::nullopt).source(), LifetimeSource::kUnknown);
  EXPECT_EQ(lifetimes.Of(0, std::nullopt).source(), LifetimeSource::kUnknown);
}

}  // namespace
}  // namespace headroom
