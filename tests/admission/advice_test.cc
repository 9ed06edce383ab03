#include "admission/advice.h"

#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;

std::vector<FinishedAttempt> Attempts(int64_t count, int64_t memory) {
  std::vector<FinishedAttempt> attempts;
  for (int64_t i = 0; i < count; ++i)
    attempts.emplace_back(AFinishedAttempt(seconds(10)).Memory(memory).CpuTime(seconds(5)));
  return attempts;
}

TEST(Advise, SaysNothingOfTooFewAttempts) {
  const KeyAdvice advice = Advise(Attempts(2, 1_GiB), {100_GiB, {}, {}});
  EXPECT_EQ(advice.finding, Finding::kTooFew);
  EXPECT_EQ(advice.declare_memory_bytes, std::nullopt);
}

TEST(Advise, SaysByHowMuchTooMuchIsDeclared) {
  auto attempts = Attempts(10, 1_GiB);
  for (FinishedAttempt& attempt : attempts) attempt.request_memory_bytes = 4_GiB;
  const KeyAdvice advice = Advise(attempts, {4_GiB, {}, {}});
  EXPECT_EQ(advice.finding, Finding::kOverDeclared);
  EXPECT_EQ(advice.times, 4.0);
  EXPECT_EQ(advice.declare_memory_bytes, 1127_MiB);  // a tenth more than any used
  EXPECT_EQ(advice.wasted_byte_seconds, static_cast<double>(10 * 10 * 3_GiB));
  EXPECT_EQ(advice.memory_bytes, (UsedAmounts{1_GiB, 1_GiB, 1_GiB}));
  EXPECT_EQ(advice.cpu_millis, (UsedAmounts{500, 500, 500}));
}

TEST(Advise, FindsFineWhatIsCloseAndWhatIsLearned) {
  EXPECT_EQ(Advise(Attempts(10, 1_GiB), {1200_MiB, {}, {}}).finding, Finding::kFine);
  EXPECT_EQ(Advise(Attempts(10, 1_GiB), {}).finding, Finding::kFine);
}

TEST(Advise, SaysWhenLessIsDeclaredThanIsUsed) {
  const KeyAdvice advice = Advise(Attempts(10, 1_GiB), {500_MiB, {}, {}});
  EXPECT_EQ(advice.finding, Finding::kUnderDeclared);
  EXPECT_EQ(advice.declare_memory_bytes, 1127_MiB);
}

TEST(Advise, SaysMoreThanAKillHasTaughtUntilItIsDeclared) {
  auto attempts = Attempts(10, 1_GiB);
  attempts.back().memory_kill = MemoryKill::kOwnLimit;
  attempts.back().request_memory_bytes = 1_GiB;
  const KeyAdvice advice = Advise(attempts, {1_GiB, {}, {}});
  EXPECT_EQ(advice.finding, Finding::kOutOfMemory);
  EXPECT_EQ(advice.oom_kills, 1);
  EXPECT_EQ(advice.declare_memory_bytes, 1229_MiB);
  EXPECT_EQ(Advise(attempts, {1300_MiB, {}, {}}).finding, Finding::kFine);
}

TEST(Advise, DeclaresNoMoreThanTheJobsOwnLimitUnlessThatKilledIt) {
  const KeyAdvice tight = Advise(Attempts(10, 1_GiB), {100_MiB, {}, 1_GiB});
  EXPECT_EQ(tight.finding, Finding::kUnderDeclared);
  EXPECT_EQ(tight.declare_memory_bytes, 1_GiB);
  auto attempts = Attempts(3, 1_GiB);
  attempts.back().memory_kill = MemoryKill::kOwnLimit;
  attempts.back().request_memory_bytes = 1_GiB;
  const KeyAdvice killed = Advise(attempts, {1_GiB, {}, 1_GiB});
  EXPECT_EQ(killed.finding, Finding::kOutOfMemory);
  EXPECT_GT(killed.declare_memory_bytes, 1_GiB);
}

TEST(Advise, KeepsWhatWasNotMeasuredAbsent) {
  const KeyAdvice advice = Advise({AFinishedAttempt(seconds(1))}, {});
  EXPECT_EQ(advice.memory_bytes, std::nullopt);
  EXPECT_EQ(advice.cpu_millis, std::nullopt);
  EXPECT_EQ(advice.attempts, 1);
}

}  // namespace
}  // namespace headroom
