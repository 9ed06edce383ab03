#include "simulator/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

namespace headroom::sim {
namespace {

std::vector<uint64_t> First(Rng rng, int count) {
  std::vector<uint64_t> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(rng.Next());
  return numbers;
}

// Of the finaliser's authors' own test vectors: SplitMix64 from state 0.
TEST(Hashed, IsSplitMix64) {
  EXPECT_EQ(Hashed(0), 0xe220a8397b1dcdafU);
  EXPECT_EQ(Hashed(0x9e3779b97f4a7c15), 0x6e789e6aa1b965f4U);
}

TEST(Rng, IsTheSameForTheSameSeedAndStream) {
  EXPECT_EQ(First(Rng(7, 1), 10), First(Rng(7, 1), 10));
  EXPECT_NE(First(Rng(7, 1), 10), First(Rng(7, 2), 10));
}

// Seeds that follow each other once gave one stream, shifted by a draw.
TEST(Rng, SharesNoNumberBetweenNeighbouringSeeds) {
  std::set<uint64_t> all;
  for (uint64_t seed = 0; seed < 100; ++seed)
    for (const uint64_t number : First(Rng(seed), 100)) all.insert(number);
  EXPECT_EQ(all.size(), 10'000U);
}

TEST(Rng, StaysInItsRange) {
  Rng rng(1);
  for (int i = 0; i < 10'000; ++i) {
    const double uniform = rng.Uniform();
    ASSERT_TRUE(uniform >= 0 && uniform < 1) << uniform;
    const int64_t integer = rng.Integer(-2, 2);
    ASSERT_TRUE(integer >= -2 && integer <= 2) << integer;
    ASSERT_GE(rng.Exponential(3), 0);
  }
}

TEST(Rng, HasTheMeansOfItsDistributions) {
  Rng rng(1);
  constexpr int kDraws = 100'000;
  double uniform = 0, normal = 0, squares = 0, exponential = 0;
  std::vector<double> lognormal;
  for (int i = 0; i < kDraws; ++i) {
    uniform += rng.Uniform();
    const double draw = rng.Normal();
    normal += draw;
    squares += draw * draw;
    exponential += rng.Exponential(5);
    lognormal.push_back(rng.LogNormal(8, 1));
  }
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.005);
  EXPECT_NEAR(normal / kDraws, 0, 0.02);
  EXPECT_NEAR(squares / kDraws, 1, 0.03);
  EXPECT_NEAR(exponential / kDraws, 5, 0.1);
  std::ranges::nth_element(lognormal, lognormal.begin() + kDraws / 2);
  EXPECT_NEAR(lognormal[kDraws / 2], 8, 0.2);
}

TEST(Rng, ShufflesEveryItemToEveryPlace) {
  std::vector<std::vector<int>> seen(4, std::vector<int>(4));
  for (uint64_t seed = 0; seed < 4'000; ++seed) {
    std::vector<int> items(4);
    std::iota(items.begin(), items.end(), 0);
    Rng(seed).Shuffle(items);
    for (std::size_t place = 0; place < 4; ++place)
      ++seen[place][static_cast<std::size_t>(items[place])];
  }
  for (const auto& counts : seen)
    for (const int count : counts) EXPECT_NEAR(count, 1000, 120);
}

}  // namespace
}  // namespace headroom::sim
