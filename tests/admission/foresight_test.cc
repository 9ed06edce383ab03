#include "admission/foresight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "admission/draw.h"
#include "admission/oom.h"
#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::AFinishedAttempt;

constexpr TimePoint kStart{hours(1)};
constexpr Use kDefault{25, 1000}, kCapacity{1000, 64'000};

class ForesightTest : public testing::Test {
 protected:
  ForesightTest() { LookAt(0, {}); }

  void LookAt(int second, std::vector<Foresight::Attempt> running) {
    foresight.Look(kStart + seconds(second), running, kDefault, kCapacity);
  }
  static Foresight::Attempt Running(int64_t id, std::string_view key, int64_t memory) {
    return {{id}, key, {}, kStart, {memory, 1000, 1}};
  }
  void End(int64_t id, std::string_view key, Duration duration) {
    EndIn(foresight, id, key, duration);
  }
  static void EndIn(Foresight& in, int64_t id, std::string_view key, Duration duration) {
    FinishedAttempt attempt;
    attempt.duration = duration;
    if (const Growth* growth = in.GrowthOf({id})) attempt.growth = *growth;
    in.Remember(key, {}, attempt);
    in.Drop({id});
  }
  // Attempts of a key that used so much and ended, one after the other.
  void Finish(std::string_view key, int64_t memory, int times) {
    for (int i = 0; i < times; ++i) {
      LookAt(10, {Running(99, key, memory)});
      End(99, key, seconds(10));
    }
    LookAt(10, {});
  }

  Foresight foresight;
};

TEST_F(ForesightTest, ForeseesNothingWithoutAKey) {
  EXPECT_EQ(foresight.OfNext("", {}), nullptr);
  LookAt(1, {Running(1, "", 50)});
  EXPECT_EQ(foresight.OfRunning({1}), nullptr);
}

TEST_F(ForesightTest, ForeseesNothingOfWhatCouldNotBeObserved) {
  LookAt(1, {{{1}, "k", {}, kStart, {}}});
  EXPECT_EQ(foresight.OfRunning({1}), nullptr);
}

TEST_F(ForesightTest, LetsThreeOfAnUnknownKeyRunAndMoreWithEachThatEnds) {
  EXPECT_EQ(foresight.OfNext("k", {})->places, 3);  // 7.5 % in pieces of 2.5 %
  Finish("k", 25, 2);
  EXPECT_EQ(foresight.OfNext("k", {})->places, 3 + 2 * 2);
  Finish("k", 25, 30);
  EXPECT_EQ(foresight.OfNext("k", {})->places, std::nullopt);  // it is known now
}

// On a host where a job of unknown size may be a third of it, one at a time.
TEST_F(ForesightTest, LetsOneOfAnUnknownKeyRunWhereJobsAreLarge) {
  foresight.Look(kStart, {}, {300, 1000}, kCapacity);
  EXPECT_EQ(foresight.OfNext("k", {})->places, 1);
}

TEST_F(ForesightTest, ExpectsOfTheNextWhatTheOthersDid) {
  Finish("k", 200, 50);
  EXPECT_NEAR(foresight.OfNext("k", {})->forecast.expected.memory_bytes[2], 200, 10);
}

TEST_F(ForesightTest, KeepsAnOutlookWhereItIsAndUpToDate) {
  Finish("k", 25, 1);
  const KeyOutlook* outlook = foresight.OfNext("k", {});
  const float before = outlook->forecast.expected.memory_bytes[2];
  Finish("k", 200, 50);
  EXPECT_EQ(foresight.OfNext("k", {}), outlook);
  EXPECT_GT(outlook->forecast.expected.memory_bytes[2], 2 * before);
}

TEST_F(ForesightTest, LearnsNothingFromAJobThatWasDropped) {
  LookAt(10, {Running(1, "k", 900)});
  foresight.Drop({1});
  LookAt(11, {});
  EXPECT_EQ(foresight.MeanDuration(), std::nullopt);
  EXPECT_EQ(foresight.OfNext("k", {})->places, 3);
  EXPECT_EQ(foresight.OfRunning({1}), nullptr);
}

TEST_F(ForesightTest, ForgetsARunningJobWithItsEnd) {
  LookAt(10, {Running(1, "k", 50)});
  EXPECT_NE(foresight.OfRunning({1}), nullptr);
  End(1, "k", seconds(10));
  EXPECT_EQ(foresight.OfRunning({1}), nullptr);
  End(1, "k", seconds(99));  // of which nothing was seen
  EXPECT_EQ(foresight.MeanDuration(), seconds(10));
}

TEST_F(ForesightTest, KnowsHowLongJobsRunOnAverage) {
  LookAt(10, {Running(1, "k", 50)});
  End(1, "k", seconds(10));
  foresight.Remember("other", {}, AFinishedAttempt(seconds(30)).Memory(5));
  EXPECT_EQ(foresight.MeanDuration(), seconds(20));
}

TEST_F(ForesightTest, TakesAnAttemptWithoutGrowthForFlat) {
  const PastAttempt past =
      ToPast(AFinishedAttempt(seconds(100)).Memory(500).CpuTime(seconds(50))).value();
  EXPECT_EQ(past.growth.MeanAt(seconds(1)), (Use{500, 500}));
  EXPECT_EQ(past.growth.MostOver(seconds(90), seconds(99)), (Use{500, 500}));
  EXPECT_EQ(past.peak, (Use{500, 500}));
}

TEST_F(ForesightTest, GivesTheSameAnswerForTheSamePast) {
  Foresight other;
  for (Foresight* one : {&foresight, &other}) {
    one->Look(kStart + seconds(5), std::vector{Running(1, "k", 70)}, kDefault, kCapacity);
    EndIn(*one, 1, "k", seconds(5));
    one->Look(kStart + seconds(9), std::vector{Running(2, "k", 60)}, kDefault, kCapacity);
  }
  for (std::size_t i = 0; i < kFutures; ++i)
    EXPECT_EQ(foresight.OfRunning({2})->futures[i], other.OfRunning({2})->futures[i]);
}

TEST_F(ForesightTest, TakesForAnUnknownKeyWhatTheTenantsOtherKeysNeeded) {
  for (int key = 0; key < 20; ++key)
    foresight.Remember("k" + std::to_string(key), "alice", AFinishedAttempt(seconds(9)).Memory(75));
  for (int key = 0; key < 20; ++key)
    foresight.Remember("b" + std::to_string(key), "bob", AFinishedAttempt(seconds(9)).Memory(2));
  LookAt(1, {});
  EXPECT_EQ(foresight.OfTenant("alice")->attempts, 20);
  EXPECT_GT(foresight.OfTenant("alice")->memory_bytes, 60);
  EXPECT_GE(foresight.OfTenant("bob")->memory_bytes, 25);  // never below the pool's default
  EXPECT_LT(foresight.OfTenant("bob")->memory_bytes, 35);
  EXPECT_EQ(foresight.OfTenant("carol"), std::nullopt);
  const auto expected = [&](std::string_view tenant) {
    return foresight.OfNext("new", tenant)->forecast.expected.memory_bytes[2];
  };
  EXPECT_GT(expected("alice"), expected("carol"));
  EXPECT_GT(expected("carol"), expected("bob"));
}

TEST_F(ForesightTest, TakesNoMoreRoomForAnyNumberOfUnknownKeys) {
  std::set<const KeyOutlook*> outlooks;
  for (int key = 0; key < 5000; ++key)
    outlooks.insert(foresight.OfNext("k" + std::to_string(key), "t" + std::to_string(key)));
  EXPECT_EQ(outlooks.size(), 64);
}

TEST_F(ForesightTest, ForgetsTheKeysThatEndedFirstWhenTooManyAreKnown) {
  foresight.Remember("first", {}, AFinishedAttempt(seconds(9)).Memory(25));
  for (int64_t key = 1; key < kMostKeys; ++key)
    foresight.Remember("k" + std::to_string(key), {}, AFinishedAttempt(seconds(9)).Memory(25));
  foresight.Remember("first", {}, AFinishedAttempt(seconds(9)).Memory(25));
  foresight.Remember("one too many", {}, AFinishedAttempt(seconds(9)).Memory(25));
  LookAt(1, {});
  EXPECT_EQ(foresight.OfNext("first", {})->places, 3 + 2 * 2);
  EXPECT_EQ(foresight.OfNext("k1", {})->places, 3);
  EXPECT_EQ(foresight.OfNext("k2", {})->places, 3 + 2);
}

TEST_F(ForesightTest, IsTheSameAgainFromAllThatItRemembers) {
  for (int64_t key = 0; key < kMostKeys; ++key)
    foresight.Remember("k" + std::to_string(key), key % 2 == 0 ? "alice" : "bob",
                       AFinishedAttempt(seconds(9 + key % 5)).Memory(20 + key % 7));
  foresight.Remember("k0", "bob", AFinishedAttempt(seconds(20)).Memory(90));
  Foresight again;
  for (const auto* past : foresight.PastsByLastEnd()) {
    for (const PastAttempt& attempt : past->second.attempts())
      again.Remember(past->first, past->second.tenant(), attempt);
  }
  for (Foresight* one : {&foresight, &again}) {
    one->Remember("one too many", "alice", AFinishedAttempt(seconds(9)).Memory(25));
    one->Look(TimePoint(seconds(1)), {}, {25, 100}, {1000, 4000});
  }
  EXPECT_EQ(again.PastOf(KeyNumber("k1")), nullptr);  // its last attempt ended first
  EXPECT_EQ(again.PastOf(KeyNumber("k0"))->attempts(),
            foresight.PastOf(KeyNumber("k0"))->attempts());
  EXPECT_EQ(again.OfTenant("alice"), foresight.OfTenant("alice"));
  EXPECT_EQ(again.OfTenant("bob"), foresight.OfTenant("bob"));
  EXPECT_EQ(again.MeanDuration(), foresight.MeanDuration());
}

FinishedAttempt OutOfMemory(int64_t request, int64_t peak) {
  FinishedAttempt attempt = AFinishedAttempt(seconds(9)).Memory(peak);
  attempt.request_memory_bytes = request;
  attempt.memory_kill = MemoryKill::kOwnLimit;
  return attempt;
}

TEST_F(ForesightTest, ForeseesNoLessThanMoreAfterAnAttemptRanOutOfMemory) {
  const auto floor = static_cast<double>(RaisedAfterOom(40, 50));
  for (int i = 0; i < 40; ++i) foresight.Remember("k", {}, AFinishedAttempt(seconds(9)).Memory(25));
  foresight.Remember("k", {}, OutOfMemory(40, 50));
  LookAt(1, {Running(7, "k", 30)});
  const auto most = [](const UseAhead& ahead) {
    return *std::ranges::max_element(ahead.memory_bytes);
  };
  for (const Forecast* forecast :
       {&foresight.OfNext("k", {})->forecast, foresight.OfRunning({7})}) {
    EXPECT_NEAR(most(forecast->expected), floor, floor * 1e-5);
    for (const UseAhead& future : forecast->futures) EXPECT_GE(most(future), floor * (1 - 1e-5));
  }
  for (int64_t i = 0; i < kShownOtherwise; ++i)
    foresight.Remember("k", {}, AFinishedAttempt(seconds(9)).Memory(25));
  LookAt(2, {});
  EXPECT_LT(most(foresight.OfNext("k", {})->forecast.expected), 100);
}

// A kill for want of what others held says at least how far it had come.
TEST_F(ForesightTest, ForeseesNoLessThanAnAttemptHadReachedWhenThePoolRanOutOfMemory) {
  FinishedAttempt crowded_out = AFinishedAttempt(seconds(9)).Memory(50);
  crowded_out.memory_kill = MemoryKill::kWithOthers;
  EXPECT_EQ(RaisedMemory(crowded_out), std::nullopt);
  foresight.Remember("k", {}, crowded_out);
  LookAt(1, {});
  for (const UseAhead& future : foresight.OfNext("k", {})->forecast.futures)
    EXPECT_GE(*std::ranges::max_element(future.memory_bytes), 50 * (1 - 1e-5F));
}

// What was remembered between two looks is asked for at once where somebody plans in between.
TEST_F(ForesightTest, ForeseesWithWhatWasRememberedSinceItLookedLast) {
  LookAt(1, {});
  for (int64_t i = 1; i <= kAttemptsPerKey + 9; ++i) {
    foresight.Remember("k", {}, AFinishedAttempt(seconds(9)).Memory(100));
    foresight.ForgetOutlooks();
    const KeyOutlook* outlook = foresight.OfNext("k", {});
    ASSERT_NE(outlook, nullptr);
    EXPECT_TRUE(std::isfinite(outlook->forecast.expected.memory_bytes[0]));
  }
  LookAt(2, {});
  EXPECT_NEAR(foresight.OfNext("k", {})->forecast.expected.memory_bytes[0], 100, 1);
}

}  // namespace
}  // namespace headroom
