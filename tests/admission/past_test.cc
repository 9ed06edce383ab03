#include "admission/past.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace headroom {
namespace {

using std::chrono::seconds;
using testing::DoubleEq;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::SizeIs;

KeyPast APast(const std::vector<int>& durations, double peak = 100) {
  KeyPast past;
  for (const int duration : durations) past.Add({seconds(duration), {peak, 1}, {}});
  return past;
}

TEST(KeyPast, WeighsAllAlikeWhereNothingRuns) {
  KeyPast past = APast({10, 30, 20});
  past.Weigh({});
  EXPECT_THAT(past.weights(), ElementsAre(DoubleNear(1. / 3, 1e-12), DoubleNear(1. / 3, 1e-12),
                                          DoubleNear(1. / 3, 1e-12)));
  EXPECT_EQ(past.weight_of_longer(), 0);
}

// The first to finish of a burst are its shortest: of ten that were started one has ended.
TEST(KeyPast, DoesNotTakeTheFirstThatEndedForAll) {
  KeyPast past = APast({10});
  past.Weigh(std::vector<Duration>(9, seconds(10)));
  EXPECT_THAT(past.weights(), ElementsAre(DoubleEq(0.1)));
  EXPECT_DOUBLE_EQ(past.weight_of_longer(), 0.9);
}

// Kaplan and Meier by hand: 5 at risk at 10 s, one censored at 15 s, 3 at risk at 20 s, 2 at 30 s.
TEST(KeyPast, LetsARunningAttemptCountUntilItsAge) {
  KeyPast past = APast({10, 20, 30});
  past.Weigh({seconds(15), seconds(40)});
  EXPECT_THAT(past.weights(), ElementsAre(DoubleEq(1. / 5), DoubleEq(4. / 15), DoubleEq(4. / 15)));
  EXPECT_NEAR(past.weight_of_longer(), 4. / 15, 1e-12);
}

TEST(KeyPast, SharesOutExactlyOne) {
  for (int running = 0; running < 20; ++running) {
    KeyPast past = APast({5, 5, 8, 13, 21, 3});
    std::vector<Duration> ages;
    for (int i = 0; i < running; ++i) ages.push_back(seconds(i));
    past.Weigh(ages);
    const auto& weights = past.weights();
    const double sum = std::accumulate(weights.begin(), weights.end(), past.weight_of_longer());
    if (running == 0 || past.weight_of_longer() > 0) {
      EXPECT_NEAR(sum, 1, 1e-12) << running;
    }
    for (const double weight : weights) EXPECT_GE(weight, 0);
  }
}

TEST(KeyPast, SaysThatAllIsOpenOfWhatHasNeverFinished) {
  KeyPast past;
  past.Weigh({seconds(3)});
  EXPECT_EQ(past.weight_of_longer(), 1);
}

TEST(KeyPast, SumsUpPeaks) {
  KeyPast past;
  past.Add({seconds(1), {100, 4}, {}});
  past.Add({seconds(1), {300, 2}, {}});
  EXPECT_EQ(past.mean_peak(), (Use{200, 3}));
  EXPECT_EQ(past.largest_peak(), (Use{300, 4}));
  EXPECT_DOUBLE_EQ(past.variation(), 0.25);  // 100² of 200²
}

TEST(KeyPast, ForgetsTheOldestAndStillCountsIt) {
  KeyPast past;
  past.Add({seconds(1), {1e9, 1}, {}});
  for (int64_t i = 0; i < kAttemptsPerKey; ++i) past.Add({seconds(1), {1, 1}, {}});
  EXPECT_THAT(past.attempts(), SizeIs(kAttemptsPerKey));
  EXPECT_EQ(past.largest_peak().memory_bytes, 1);
  EXPECT_EQ(past.finished(), 129);
}

PastAttempt StartedAt(int second) {
  return {seconds(1), {static_cast<double>(second), 1}, {}, {}, WallTime(seconds(second))};
}

// The long ones of a burst end last, and are as old as the others.
TEST(KeyPast, ForgetsThoseThatStartedFirstWheneverTheyEnded) {
  KeyPast past;
  for (int second = 2; second < 2 + kAttemptsPerKey; ++second) past.Add(StartedAt(second));
  past.Add(StartedAt(1));
  EXPECT_EQ(past.attempts().front(), StartedAt(2));
  EXPECT_EQ(past.finished(), kAttemptsPerKey + 1);
  past.Add(StartedAt(500));
  EXPECT_EQ(past.attempts().front(), StartedAt(3));
  EXPECT_EQ(past.attempts().back(), StartedAt(500));
}

}  // namespace
}  // namespace headroom
