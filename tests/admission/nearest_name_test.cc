#include "admission/json/nearest_name.h"

#include <gtest/gtest.h>

#include <vector>

namespace headroom {
namespace {

const std::vector<std::string_view> kNames{"logs", "list", "status", "memory_pressure"};

TEST(NearestName, TakesOneTypingErrorInThreeLetters) {
  EXPECT_EQ(NearestName("lsit", kNames), ", did you mean \"list\"?");
  EXPECT_EQ(NearestName("log", kNames), ", did you mean \"logs\"?");
  EXPECT_EQ(NearestName("stauts", kNames), ", did you mean \"status\"?");
  EXPECT_EQ(NearestName("sttaus", kNames), ", did you mean \"status\"?");
  EXPECT_EQ(NearestName("memroy_presure", kNames), ", did you mean \"memory_pressure\"?");
}

TEST(NearestName, ListsAllWhereNoneIsNear) {
  for (const char* word : {"bogus", "ls", "x", "", "lo"})
    EXPECT_EQ(NearestName(word, kNames), ", known: logs, list, status, memory_pressure") << word;
}

TEST(NearestName, CountsTwoSwappedNeighboursOnce) {
  const std::vector<std::string_view> names{"abcd"};
  EXPECT_EQ(NearestName("bacd", names), ", did you mean \"abcd\"?");
  EXPECT_EQ(NearestName("badc", names), ", known: abcd");
}

}  // namespace
}  // namespace headroom
