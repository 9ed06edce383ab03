#include "admission/json/strict_json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

// Bad input from outside: F37.
namespace headroom {
namespace {

std::string ProblemOf(std::string_view text, const JsonBounds& bounds = {}) {
  const auto document = ParseStrictJson(text, bounds);
  return document ? "taken: " + document->dump() : document.error().message;
}

std::string Repeated(std::string_view part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(ParseStrictJson, ReadsEveryKindOfValue) {
  const auto document =
      ParseStrictJson(R"({"a": [1, -2, 3.5, true, null], "b": {"c": "\u00fc\ud83d\ude00 ü"}})");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ((*document)["a"], (nlohmann::json{1, -2, 3.5, true, nullptr}));
  EXPECT_EQ((*document)["b"]["c"], "ü😀 ü");
}

TEST(ParseStrictJson, SaysWhereASyntaxErrorIs) {
  EXPECT_EQ(ProblemOf("{\n  \"a\": nul\n}"),
            "line 2, column 11: syntax error while parsing value - invalid literal");
  EXPECT_EQ(ProblemOf(""),
            "line 1, column 1: syntax error while parsing value - unexpected end of input; "
            "expected '[', '{', or a literal");
  EXPECT_EQ(ProblemOf("{\"a\": 1,}"),
            "line 1, column 9: syntax error while parsing object key - unexpected '}'; expected "
            "string literal");
}

TEST(ParseStrictJson, RefusesAKeyTwiceInOneObject) {
  EXPECT_EQ(ProblemOf("{\"a\": 1,\n \"a\": 2}"),
            "line 2, column 4: key \"a\" appears twice in one object");
  EXPECT_EQ(ProblemOf(R"({"a": {"b": 1}, "b": {"a": 1}})"), R"(taken: {"a":{"b":1},"b":{"a":1}})");
  EXPECT_EQ(ProblemOf(R"({"a": 1, "\u0061": 2})"),
            "line 1, column 17: key \"a\" appears twice in one object");
}

TEST(ParseStrictJson, RefusesWhatFollowsTheDocument) {
  EXPECT_EQ(ProblemOf("{} {}"),
            "line 1, column 4: syntax error while parsing value - unexpected '{'; expected end of "
            "input");
  EXPECT_EQ(ProblemOf("{}\n "), "taken: {}");
}

TEST(ParseStrictJson, RefusesNulWhereTheParserWouldStop) {
  EXPECT_EQ(ProblemOf(std::string_view("{}\0{", 4)), "line 1, column 3: NUL byte");
}

TEST(ParseStrictJson, RefusesAByteOrderMark) {
  EXPECT_EQ(ProblemOf("\xEF\xBB\xBF{}"), "line 1, column 1: byte order mark; expected plain UTF-8");
}

TEST(ParseStrictJson, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(ProblemOf("{\"a\": \"\xff\"}"),
            "line 1, column 8: syntax error while parsing value - invalid string: ill-formed UTF-8 "
            "byte");
  for (const char* text :
       {"\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xe2\x82\"", R"("\ud800")",
        R"("\ud800\u0041")", "\"\x01\"", "\xff"}) {
    EXPECT_FALSE(ParseStrictJson(text)) << text;
  }
}

TEST(ParseStrictJson, RefusesNumbersThatAreNone) {
  for (const char* text : {"NaN", "Infinity", "-Infinity", "+1", "01", "1.", ".5", "0x10", "1e"}) {
    EXPECT_FALSE(ParseStrictJson(text)) << text;
  }
}

TEST(ParseStrictJson, RefusesNumbersThatOverflow) {
  EXPECT_EQ(ProblemOf("1e400"), "line 1, column 5: number overflow parsing '1e400'");
  EXPECT_EQ(ProblemOf("[-1e400]").find("line 1"), 0U);
  EXPECT_EQ(ProblemOf("[9223372036854775808]"), "line 1, column 21: number does not fit 64 bits");
  EXPECT_EQ(ProblemOf("[99999999999999999999]"), "line 1, column 22: number does not fit 64 bits");
  EXPECT_EQ(ProblemOf("[-9223372036854775809]"), "line 1, column 22: number does not fit 64 bits");
  EXPECT_EQ(ProblemOf("[9223372036854775807]"), "taken: [9223372036854775807]");
}

TEST(ParseStrictJson, RefusesCommentsUnlessTheyAreAllowed) {
  constexpr std::string_view kText = "// why\n{\"a\": /* 1 */ 2}";
  EXPECT_FALSE(ParseStrictJson(kText));
  EXPECT_EQ(ProblemOf(kText, {.allow_comments = true}), R"(taken: {"a":2})");
}

TEST(ParseStrictJson, RefusesMoreDepthThanAllowed) {
  EXPECT_EQ(ProblemOf("[[1]]", {.max_depth = 2}), "taken: [[1]]");
  EXPECT_EQ(ProblemOf("[[{}]]", {.max_depth = 2}), "line 1, column 3: nested more than 2 deep");
}

TEST(ParseStrictJson, RefusesMoreBytesThanAllowed) {
  EXPECT_EQ(ProblemOf("[1]", {.max_bytes = 2}), "3 bytes of JSON, at most 2 are taken");
}

// The bombs: refused within 10 ms (F37). Generous here, for sanitizers and busy machines.
TEST(ParseStrictJson, RefusesBombsAtOnce) {
  const std::string deep = Repeated("[", 100'000);
  const std::string deep_objects = Repeated("{\"a\":", 100'000);
  const std::string large = "\"" + std::string(10'000'000, 'x') + "\"";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ProblemOf(deep), "line 1, column 33: nested more than 32 deep");
  EXPECT_EQ(ProblemOf(deep_objects), "line 1, column 161: nested more than 32 deep");
  EXPECT_EQ(ProblemOf(large), "10000002 bytes of JSON, at most 1048576 are taken");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
}

TEST(ParseStrictJson, KeepsItsMessagesShortAndValid) {
  const std::string digits = "1" + Repeated("0", 100'000) + ".0e400000";
  EXPECT_LT(ProblemOf(digits).size(), 250U);
  const std::string key = Repeated("k", 10'000);
  EXPECT_LT(ProblemOf("{\"" + key + "\":1,\"" + key + "\":1}").size(), 250U);
  // Whatever the bytes, a message can be put into JSON again.
  EXPECT_NO_THROW(nlohmann::json(ProblemOf("{\"\xff\xfe\": \x80}")).dump());
}

// Broken copies of a good document never crash, and what is taken is what dump() gives back.
TEST(ParseStrictJson, SurvivesEveryMutation) {
  constexpr std::string_view kGood =
      R"({"a": [1, -2.5e3, true, null, "x\n\u00e9"], "b": {"c": {}}, "d": [[], [{}]]})";
  constexpr std::string_view kBytes =
      "{}[]\",:\\/*0123456789.eE+-truefalsn \n\t\0\x80\xff\xed"
      "\xa0";
  std::mt19937 random(2026);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kGood);
    for (auto edits = random() % 6; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      const char byte = kBytes[random() % kBytes.size()];
      switch (random() % 4) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, 1 + random() % 3);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), 1 + random() % 20));
      }
      if (text.empty()) text = "0";
    }
    const auto document = ParseStrictJson(text, {.allow_comments = round % 2 == 0});
    if (!document) {
      ASSERT_FALSE(document.error().message.empty()) << text;
      continue;
    }
    const auto again = ParseStrictJson(document->dump());
    ASSERT_TRUE(again) << text;
    ASSERT_EQ(*again, *document) << text;
  }
}

}  // namespace
}  // namespace headroom
