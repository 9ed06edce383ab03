#include "admission/resources.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

ResourceVector Sum(ResourceVector a, const ResourceVector& b) { return a += b; }
ResourceVector Difference(ResourceVector a, const ResourceVector& b) { return a -= b; }

TEST(ResourceVector, AddsAndSubtractsEveryDimension) {
  const ResourceVector a{1, 2, 3, {{"db", 2}, {"gpu", 1}}};
  const ResourceVector b{10, 20, 30, {{"cd", 5}, {"gpu", 1}}};
  EXPECT_EQ(Sum(a, b), (ResourceVector{11, 22, 33, {{"cd", 5}, {"db", 2}, {"gpu", 2}}}));
  EXPECT_EQ(Difference(Sum(a, b), b), a);
}

TEST(ResourceVector, KeepsTokensSortedAndWithoutZeros) {
  EXPECT_EQ(Difference(Tokens("db", 2), Tokens("db", 2)), ResourceVector{});
  EXPECT_EQ(Difference(Tokens("db", 2), Tokens("a", 1)).tokens,
            (std::vector<TokenAmount>{{"a", -1}, {"db", 2}}));
  EXPECT_EQ(Sum(ResourceVector{}, Tokens("db", 0)), ResourceVector{});
}

TEST(ResourceVector, StopsAtTheEndsOfTheNumbers) {
  EXPECT_EQ(Sum({kMost, 0, 0, {}}, {1, 0, 0, {}}).memory_bytes, kMost);
  EXPECT_EQ(Difference({-2, 0, 0, {}}, {kMost, 0, 0, {}}).memory_bytes,
            std::numeric_limits<int64_t>::min());
}

TEST(Scale, RoundsDownFromTheShareAsItWasWritten) {
  EXPECT_EQ(Scale(100, 0.57), 57);
  EXPECT_EQ(Scale(10, 0.6), 6);
  EXPECT_EQ(Scale(99, 0.5), 49);
  EXPECT_EQ(Scale(1, 0.999), 0);
  EXPECT_EQ(Scale(0, 0.9), 0);
  EXPECT_EQ(Scale(1000, 1.1), 1100);
}

TEST(Scale, IsExactForTheLargestAmounts) {
  EXPECT_EQ(Scale(kMost, 1), kMost);
  EXPECT_EQ(Scale(kMost, 0.5), kMost / 2);
  EXPECT_EQ(Scale(kMost, 2), kMost);
  EXPECT_EQ(Scale(3'000'000'000'000'000'001, 0.1), 300'000'000'000'000'000);
}

TEST(FirstShortfall, GoesByMemoryCpuPidsThenTokensByName) {
  const ResourceVector have{10, 10, 10, {{"b", 1}}};
  EXPECT_EQ(FirstShortfall({11, 11, 11, {}}, have), kMemory);
  EXPECT_EQ(FirstShortfall({10, 11, 11, {}}, have), kCpu);
  EXPECT_EQ(FirstShortfall({10, 10, 11, {}}, have), kPids);
  EXPECT_EQ(FirstShortfall({0, 0, 0, {{"b", 2}, {"c", 1}}}, have), (Axis{Dimension::kToken, "b"}));
  EXPECT_EQ(FirstShortfall({0, 0, 0, {{"b", 1}, {"c", 1}}}, have), (Axis{Dimension::kToken, "c"}));
  EXPECT_EQ(FirstShortfall(have, have), std::nullopt);
}

TEST(Max, TakesTheLargerInEachDimension) {
  EXPECT_EQ(Max({1, 20, 3, {{"a", 1}, {"b", 5}}}, {10, 2, 3, {{"b", 2}, {"c", 3}}}),
            (ResourceVector{10, 20, 3, {{"a", 1}, {"b", 5}, {"c", 3}}}));
}

TEST(FormatAmount, NamesTheUnit) {
  EXPECT_EQ(FormatAmount(3_GiB, kMemory), "3.0 GiB");
  EXPECT_EQ(FormatAmount(1500, kCpu), "1.50 cores");
  EXPECT_EQ(FormatAmount(12, kPids), "12 pids");
  EXPECT_EQ(FormatAmount(2, Axis{Dimension::kToken, "db"}), "2 of token db");
}

}  // namespace
}  // namespace headroom
