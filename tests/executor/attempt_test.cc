#include "executor/attempt.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace headroom {
namespace {

TEST(AttemptId, ReadsAsJobAndNumber) {
  EXPECT_EQ(ToString(AttemptId{JobId{42}, 3}), "42-3");
  EXPECT_EQ(ParseAttemptId("42-3"), (AttemptId{JobId{42}, 3}));
}

// F36: what is not exactly a name of ours is not ours.
TEST(AttemptId, RefusesEverythingElse) {
  for (const char* text : {"", "-", "42", "42-", "-42-1", "0-1", "1-0", "042-1", "42-01", "+42-1",
                           "42-1 ", " 42-1", "42-1-1", "42-1/", "../42-1", "99999999999999999999-1",
                           "1-99999999999", "a-1", "cgroup.procs"}) {
    EXPECT_FALSE(ParseAttemptId(text)) << text;
  }
}

RC_GTEST_PROP(AttemptId, WhatIsAcceptedIsWrittenTheSame, (const std::string& text)) {
  const auto id = ParseAttemptId(text);
  RC_ASSERT(!id || ToString(*id) == text);
}

}  // namespace
}  // namespace headroom
