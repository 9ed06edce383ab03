#include "cli/args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr OptionSpec kSpecs[] = {
    {"memory", "SIZE", "how much"}, {"token", "NAME=N", "which"}, {"follow", nullptr, "on", 'f'}};

Outcome<Args> Parse(std::vector<std::string> words, Operands operands = Operands::kAnywhere) {
  return ParseArgs(kSpecs, operands, words);
}

TEST(Args, TakesValuesBesideAndBehindAnEqualsSign) {
  EXPECT_EQ(Parse({"--memory", "1GiB"})->Get("memory"), "1GiB");
  EXPECT_EQ(Parse({"--memory=1GiB"})->Get("memory"), "1GiB");
}

TEST(Args, KeepsAllValuesOfARepeatedOption) {
  const auto args = Parse({"--token", "a=1", "--token", "b=2"});
  EXPECT_THAT(args->All("token"), ElementsAre("a=1", "b=2"));
  EXPECT_EQ(args->Get("token"), "b=2");
}

TEST(Args, TakesFlagsByEitherName) {
  EXPECT_TRUE(Parse({"--follow"})->Has("follow"));
  EXPECT_TRUE(Parse({"-f"})->Has("follow"));
  EXPECT_FALSE(Parse({})->Has("follow"));
}

TEST(Args, TakesOptionsBehindOperands) {
  const auto args = Parse({"42", "-f"});
  EXPECT_THAT(args->operands, ElementsAre("42"));
  EXPECT_TRUE(args->Has("follow"));
}

TEST(Args, LeavesTheOptionsOfACommandAlone) {
  const auto args =
      Parse({"--memory", "1GiB", "ls", "-f", "--memory", "--json"}, Operands::kCommand);
  EXPECT_THAT(args->operands, ElementsAre("ls", "-f", "--memory", "--json"));
  EXPECT_FALSE(args->Has("follow"));
}

TEST(Args, TakesTwoDashesBeforeACommand) {
  const auto args = Parse({"-f", "--", "-x", "--", "y"}, Operands::kCommand);
  EXPECT_THAT(args->operands, ElementsAre("-x", "--", "y"));
}

TEST(Args, TakesAValueThatIsEmptyOrCalledAsAnOption) {
  for (const Operands operands : {Operands::kCommand, Operands::kAnywhere}) {
    for (const char* value : {"", "memory", "follow", "f", "-1"}) {
      const auto args = Parse({"--token", value, "x"}, operands);
      ASSERT_TRUE(args) << args.error().message;
      EXPECT_EQ(args->Get("token"), value);
      EXPECT_THAT(args->operands, ElementsAre("x"));
    }
  }
}

TEST(Args, TakesNoCommandForTheValueOfAnUnknownOption) {
  const auto args = Parse({"--memroy", "1GiB", "ls"}, Operands::kCommand);
  EXPECT_THAT(args.error().message, HasSubstr("unknown option --memroy"));
}

TEST(Args, NamesTheNearestOptionForAnUnknownOne) {
  const auto args = Parse({"--memroy=1GiB"});
  EXPECT_EQ(args.error().exit, ExitCode::kUsage);
  EXPECT_THAT(args.error().message, HasSubstr("unknown option --memroy"));
  EXPECT_THAT(args.error().message, HasSubstr("did you mean \"memory\"?"));
}

TEST(Args, RefusesAbbreviations) {
  EXPECT_EQ(Parse({"--mem", "1GiB"}).error().exit, ExitCode::kUsage);
}

TEST(Args, RefusesAMissingValueAndAValueForAFlag) {
  EXPECT_THAT(Parse({"--memory"}).error().message, HasSubstr("--memory"));
  EXPECT_FALSE(Parse({"--memory"}, Operands::kCommand));
  EXPECT_EQ(Parse({"--follow=yes"}).error().exit, ExitCode::kUsage);
}

TEST(Args, TakesAnEmptyValue) { EXPECT_EQ(Parse({"--memory", ""})->Get("memory"), ""); }

TEST(ParseInt, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(ParseInt("42", 1, 100), 42);
  EXPECT_EQ(ParseInt("-3", -5, 5), -3);
  for (const char* wrong : {"", "5abc", " 5", "+5", "0x5", "101", "0", "99999999999999999999"})
    EXPECT_FALSE(ParseInt(wrong, 1, 100)) << wrong;
}

TEST(OptionHelp, AlignsItsTexts) {
  EXPECT_EQ(OptionHelp(kSpecs),
            "      --memory SIZE   how much\n"
            "      --token NAME=N  which\n"
            "  -f, --follow        on\n");
}

}  // namespace
}  // namespace headroom::cli
