#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "admission/draw.h"
#include "admission/growth.h"

namespace headroom {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

Growth AGrowth(int records) {
  Growth growth;
  for (int i = 0; i < records; ++i) growth.Record(seconds(i), {1e9 / (i + 3), 1000.0 / (i + 7)});
  return growth;
}

std::string Sealed(std::string bytes) {
  bytes.resize(bytes.size() - 8);
  const uint64_t hash = Hashed(std::string_view(bytes));
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(hash >> (8 * i) & 0xff);
  return bytes;
}

// The n-th word as it would be with another value, and a right checksum.
std::string With(std::string bytes, std::size_t word, uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) bytes[8 * word + i] = static_cast<char>(value >> (8 * i));
  return Sealed(std::move(bytes));
}

void ExpectRefused(const std::string& bytes, const std::string& why) {
  const auto read = Growth::FromBytes(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(read.error().message, HasSubstr(why));
}

TEST(GrowthBytes, AreReadAsTheyWereWritten) {
  for (const int records : {0, 1, 2, 47, 48, 49, 97, 5000}) {
    const Growth growth = AGrowth(records);
    const auto read = Growth::FromBytes(growth.ToBytes());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, growth) << records;
    EXPECT_EQ(read->ToBytes(), growth.ToBytes());
  }
}

TEST(GrowthBytes, GoOnToGrowAsIfTheyHadNeverLeftMemory) {
  Growth growth = AGrowth(1000);
  Growth read = Growth::FromBytes(growth.ToBytes()).value();
  for (Growth* one : {&growth, &read}) one->Record(seconds(100'000), {5, 5});
  EXPECT_EQ(read, growth);
}

TEST(GrowthBytes, AreTheSameOnEveryMachine) {
  Growth growth;
  growth.Record({}, {1, 2});
  EXPECT_EQ(growth.ToBytes().substr(0, 17),
            std::string("\1\0\0\0\0\0\0\0\0\xca\x9a\x3b\0\0\0\0\0", 17));
}

TEST(GrowthBytes, OfAnotherVersionAreRefused) {
  ExpectRefused(With(AGrowth(3).ToBytes(), 0, 2), "version 2, expected 1");
}

TEST(GrowthBytes, ThatWereCutOrFlippedAreRefused) {
  const std::string bytes = AGrowth(60).ToBytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(Growth::FromBytes(bytes.substr(0, i)));
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    EXPECT_FALSE(Growth::FromBytes(flipped)) << i;
  }
}

TEST(GrowthBytes, OfWhatCannotHaveGrownAreRefused) {
  const std::string bytes = AGrowth(3).ToBytes();
  constexpr std::size_t kWidth = 1, kEnd = 2, kLast = 3, kSum = 5, kSamples = 9;
  const auto number = [](double value) { return std::bit_cast<uint64_t>(value); };
  for (const auto& [word, value] : {std::pair(kWidth, uint64_t{0}),
                                    {kWidth, ~uint64_t{0}},
                                    {kWidth, uint64_t{3'000'000'000}},
                                    {kWidth, uint64_t{1}},
                                    {kEnd, ~uint64_t{0}},
                                    {kEnd, uint64_t{1} << 62},
                                    {kLast, number(-1)},
                                    {kSum, number(std::numeric_limits<double>::quiet_NaN())},
                                    {kSum, number(std::numeric_limits<double>::infinity())},
                                    {kSum, number(1e300)},
                                    {kSamples, number(0)}})
    ExpectRefused(With(bytes, word, value), "no attempt can have grown like that");
}

TEST(GrowthBytes, OfAnythingAtAllAreReadOrRefused) {
  std::string bytes;
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    bytes.assign(8 * (6 + 5 * (seed % 50)), '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(Hashed(seed ^ Hashed(i)));
    const auto read = Growth::FromBytes(With(std::move(bytes), 0, 1));
    if (read) {
      EXPECT_GE(read->MostOver({}, Duration::max()).memory_bytes, 0);
    }
  }
}

}  // namespace
}  // namespace headroom
