#include "collectors/parse.h"

#include <gtest/gtest.h>

#include <string>

namespace headroom {
namespace {

TEST(ParseAmount, TakesAWholeNumber) {
  EXPECT_EQ(ParseAmount("0\n"), 0);
  EXPECT_EQ(ParseAmount("9223372036854775807\n"), 9223372036854775807);
}

// F15
TEST(ParseAmount, RefusesWhatIsNotAWholeNumber) {
  for (const char* text : {"", "\n", "12", "12\r\n", "12 \n", " 12\n", "-1\n", "+1\n", "0x1\n",
                           "1.5\n", "1\n2\n", "max\n", "nan\n", "9223372036854775808\n"}) {
    const auto amount = ParseAmount(text);
    ASSERT_FALSE(amount) << text;
    EXPECT_EQ(amount.error().code, ErrorCode::kCorrupt);
  }
}

TEST(ParseAmount, QuotesWhatItFoundShortAndPrintable) {
  EXPECT_EQ(ParseAmount("\x1b[2J\xff").error().message, "expected a number, got \"?[2J?\"");
  EXPECT_EQ(ParseAmount(std::string(1000, 'x')).error().message,
            "expected a number, got \"" + std::string(60, 'x') + "\"");
}

TEST(ParseLimit, TellsNoLimitFromALimit) {
  EXPECT_EQ(ParseLimit("max\n").value(), std::optional<int64_t>());
  EXPECT_EQ(ParseLimit("4096\n").value(), std::optional<int64_t>(4096));
  EXPECT_EQ(ParseLimit("maximum\n").error().message,
            "expected a number or \"max\", got \"maximum\"");
  EXPECT_FALSE(ParseLimit("max"));
}

TEST(CountCpuList, CountsRangesAndSingles) {
  EXPECT_EQ(CountCpuList("0-3,8-11\n"), 8);
  EXPECT_EQ(CountCpuList("0\n"), 1);
  EXPECT_EQ(CountCpuList("0,2,4-5\n"), 4);
  EXPECT_EQ(CountCpuList("\n"), 0);
}

TEST(CountCpuList, RefusesWhatIsNotAList) {
  for (const char* text : {"", "0", "3-1\n", "0-\n", "-3\n", "0,\n", ",0\n", "0-3 \n", "a\n",
                           "0-99999999999\n", "0-1000000,0-1000000,0-1000000\n"}) {
    EXPECT_FALSE(CountCpuList(text)) << text;
  }
}

constexpr char kPsi[] =
    "some avg10=22.03 avg60=4.78 avg300=1.03 total=3574779\n"
    "full avg10=16.41 avg60=100.00 avg300=0.00 total=0\n";

Psi Parsed(std::string_view text) {
  Psi psi;
  EXPECT_TRUE(ParsePsi(text, psi)) << text;
  return psi;
}

std::string PsiError(std::string_view text) {
  Psi psi;
  const Status parsed = ParsePsi(text, psi);
  return parsed ? "none" : parsed.error().message;
}

TEST(ParsePsi, TakesBothLines) {
  EXPECT_EQ(Parsed(kPsi),
            (Psi{PsiLine{22.03, 4.78, 1.03, 3574779}, PsiLine{16.41, 100.0, 0.0, 0}}));
}

TEST(ParsePsi, TakesAnOlderKernelWithoutFull) {
  EXPECT_EQ(Parsed("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"),
            (Psi{PsiLine{0.0, 0.0, 0.0, 7}, std::nullopt}));
}

TEST(ParsePsi, SkipsWhatANewerKernelAdds) {
  EXPECT_EQ(Parsed("irq avg10=9.00\n"
                   "some avg10=1.00 avg30=2.00 avg900=nan total=7 note\n"),
            (Psi{PsiLine{1.0, std::nullopt, std::nullopt, 7}, std::nullopt}));
}

TEST(ParsePsi, NamesAMissingAverage) {
  EXPECT_EQ(PsiError("some avg60=1.00\n"), "expected avg10, got \" avg60=1.00\"");
  EXPECT_EQ(PsiError("full avg10=1.00\n"), "expected \"some\", got \"\"");
}

// F15
TEST(ParsePsi, RefusesGarbage) {
  for (const char* text :
       {"", "\n", "some", "some \n", "some avg10=\n", "some avg10=1\n", "some avg10=1.0\n",
        "some avg10=1.5x\n", "some avg10=-1.00\n", "some avg10=nan total=1\n",
        "some avg10=1.00 total=18446744073709551616\n", "some avg10=99999999.00\n",
        "some avg10=1.00\r\n", "some avg10=1.00 total=12"}) {
    EXPECT_NE(PsiError(text), "none") << text;
  }
}

struct Two {
  std::optional<int64_t> first, second;
  bool operator==(const Two&) const = default;
};
constexpr FlatKey<Two> kTwo[] = {{"first", &Two::first}, {"second", &Two::second}};

TEST(ParseFlatKeyed, TakesItsKeysInAnyOrderAndSkipsOthers) {
  for (const char* text : {"first 1\nsecond 2\n", "second 2\nfirst 1\n",
                           "new 7\nfirst 1\nfirst_of_all 8\nold word\nsecond 2\n"}) {
    Two two;
    ASSERT_TRUE(ParseFlatKeyed(text, kTwo, two)) << text;
    EXPECT_EQ(two, (Two{1, 2})) << text;
  }
}

TEST(ParseFlatKeyed, LeavesAbsentWhatIsNotThere) {
  Two two;
  ASSERT_TRUE(ParseFlatKeyed("second 2\n", kTwo, two));
  EXPECT_EQ(two, (Two{std::nullopt, 2}));
}

// F15
TEST(ParseFlatKeyed, SetsNothingWhenALineIsBroken) {
  for (const char* text : {"", "\n", "first\n", "first 1\nsecond\n", "first 1\nsecond \n",
                           "first 1\nsecond -2\n", "first 1\nsecond 2", "first 1\nsecond 2\r\n",
                           "first 1\nsecond 18446744073709551616\n", "first 1\n\nsecond 2\n"}) {
    Two two{5, 6};
    EXPECT_FALSE(ParseFlatKeyed(text, kTwo, two)) << text;
    EXPECT_EQ(two, Two()) << text;
  }
}

TEST(ParseFlatKeyed, QuotesTheBrokenLine) {
  Two two;
  EXPECT_EQ(ParseFlatKeyed("first 1\nsecond x\n", kTwo, two).error().message,
            "expected \"key number\", got \"second x\"");
}

}  // namespace
}  // namespace headroom
