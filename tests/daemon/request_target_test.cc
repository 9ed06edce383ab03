#include "daemon/request_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ParseTarget, TakesPathAndParametersApart) {
  const auto target = ParseTarget("/v1/jobs?state=running&user=a%20b&flag");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("v1", "jobs"));
  EXPECT_THAT(target->parameters,
              ElementsAre(Pair("state", "running"), Pair("user", "a b"), Pair("flag", "")));
}

TEST(ParseTarget, KeepsAnEscapedSlashInItsSegment) {  // F36
  EXPECT_THAT(ParseTarget("/v1/jobs/a%2Fb").value().segments, ElementsAre("v1", "jobs", "a/b"));
}

TEST(ParseTarget, TakesAPlusForItself) {
  EXPECT_THAT(ParseTarget("/v1?source=a+b").value().parameters, ElementsAre(Pair("source", "a+b")));
}

TEST(ParseTarget, IgnoresAnEmptyQuery) {
  EXPECT_THAT(ParseTarget("/v1?").value().parameters, IsEmpty());
}

TEST(ParseTarget, RefusesWhatIsNoPath) {
  for (const char* target : {"", "*", "v1", "http://h/v1", "/", "/v1//jobs", "/v1/jobs/", "/v1%",
                             "/v1%2", "/v1%zz", "/v1%-1", "/v1?a=%00"}) {
    EXPECT_FALSE(ParseTarget(target)) << target;
  }
}

TEST(ParameterReader, ReportsEverythingAtOnce) {
  const auto target = ParseTarget("/v1/jobs?limit=0&limit=5&order=random&stat=x").value();
  ParameterReader reader(target);
  EXPECT_FALSE(reader.Integer("limit", 1, 10));
  reader.Choice("order", {"oldest", "newest"});
  reader.Text("state");
  const auto problems = reader.Finish();
  ASSERT_EQ(problems.size(), 4U);
  EXPECT_EQ(problems[0], (RequestProblem{"?limit", "given more than once"}));
  EXPECT_EQ(problems[1].message, "expected a whole number from 1 to 10, got \"0\"");
  EXPECT_EQ(problems[2].message, "expected one of oldest, newest");
  EXPECT_EQ(problems[3].pointer, "?stat");
  EXPECT_THAT(problems[3].message, HasSubstr("did you mean \"state\"?"));
}

TEST(ParameterReader, TakesOnlyWholeNumbersWithinBounds) {
  for (const char* text :
       {"", "1x", " 1", "+1", "0x1", "1.0", "11", "-1", "99999999999999999999"}) {
    RequestTarget target;
    target.parameters = {{"n", text}};
    ParameterReader reader(target);
    EXPECT_FALSE(reader.Integer("n", 1, 10)) << text;
    EXPECT_EQ(reader.Finish().size(), 1U) << text;
  }
}

}  // namespace
}  // namespace headroom
