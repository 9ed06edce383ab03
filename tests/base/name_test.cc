#include "base/name.h"

#include <gtest/gtest.h>

#include <string>

namespace headroom {
namespace {

TEST(CheckName, TakesPlainNames) {
  for (const char* name : {"a", "os-job-1a2b", "Study_7", "tpp.main:v2", "user@host", "g++"}) {
    EXPECT_TRUE(CheckName("key", name)) << name;
  }
  EXPECT_TRUE(CheckName("key", std::string(kMaxNameLength, 'x')));
}

// F36
TEST(CheckName, RefusesWhatCouldLeaveItsDirectoryOrItsField) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../x"), std::string("a/b"),
        std::string("-rf"), std::string("a\0b", 3), std::string("a\nb"), std::string("\x1b[2J"),
        std::string("caf\xc3\xa9"), std::string("a b"), std::string(kMaxNameLength + 1, 'x')}) {
    EXPECT_FALSE(CheckName("key", name)) << name;
  }
}

TEST(CheckName, SaysWhoseNameItWas) {
  EXPECT_TRUE(CheckName("tenant", "a/b").error().message.starts_with("tenant: expected 1 to 128"));
  EXPECT_TRUE(CheckName("a/b").error().message.starts_with("expected 1 to 128"));
}

}  // namespace
}  // namespace headroom
