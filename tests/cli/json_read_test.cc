#include "cli/json_read.h"

#include <gtest/gtest.h>

#include "base/units.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

TEST(JsonRead, GivesWhatIsThere) {
  const json object{{"a", 1}, {"b", 1.5}, {"c", "x"}, {"d", true}, {"e", {{"f", 2}}}};
  EXPECT_EQ(IntAt(object, "a"), 1);
  EXPECT_EQ(NumberAt(object, "b"), 1.5);
  EXPECT_EQ(TextAt(object, "c"), "x");
  EXPECT_TRUE(BoolAt(object, "d"));
  EXPECT_EQ(IntAt(ObjectAt(object, "e"), "f"), 2);
}

TEST(JsonRead, TakesWhatIsMissingOrOfAnotherTypeForAbsent) {
  for (const json& odd : {json(), json(3), json("x"), json::array({1}), json{{"a", nullptr}},
                          json{{"a", json::array()}}}) {
    EXPECT_EQ(IntAt(odd, "a"), std::nullopt);
    EXPECT_EQ(NumberAt(odd, "a"), std::nullopt);
    EXPECT_EQ(TextAt(odd, "a"), "");
    EXPECT_FALSE(BoolAt(odd, "a"));
    EXPECT_TRUE(ObjectAt(odd, "a").empty());
    EXPECT_TRUE(ArrayAt(odd, "a").empty());
  }
}

TEST(ParseWallTime, ReadsWhatTheDaemonWrites) {
  const std::string text = "2026-11-24T04:03:38.123Z";
  const auto time = ParseWallTime(text);
  ASSERT_TRUE(time);
  EXPECT_EQ(FormatWallTime(*time), text);
}

TEST(ParseWallTime, RefusesEverythingElse) {
  for (const char* wrong :
       {"", "2026-11-24", "2026-11-24T04:03:38Z", "2026-11-24T04:03:38.123",
        "2026-13-24T04:03:38.123Z", "2026-02-30T04:03:38.123Z", "2026-11-24T24:03:38.123Z",
        "2026-11-24T04:03:38.123+01:00", "2026-11-24T04:-3:38.123Z", "20x6-11-24T04:03:38.123Z",
        "2026-11-24T04:03:38.123Zx"}) {
    EXPECT_FALSE(ParseWallTime(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace headroom::cli
