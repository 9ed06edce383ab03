#include "daemon/process_stats.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

namespace headroom {
namespace {

constexpr char kRest[] =
    " S 1 1 1 0 -1 4194560 50 0 0 0 150 25 0 0 20 0 4 0 98765 1000000 4321 18446744073709551615 1";

TEST(ParseProcessStat, ReadsTicksStartAndPages) {
  EXPECT_EQ(ParseProcessStat(std::string("42 (headroomd)") + kRest),
            (ProcessStat{150, 25, 98765, 4321}));
}

TEST(ParseProcessStat, IsNotMisledByTheCommandsName) {
  EXPECT_EQ(ParseProcessStat(std::string("42 (a) R 9 (b c)) )") + kRest),
            (ProcessStat{150, 25, 98765, 4321}));
}

TEST(ParseProcessStat, RefusesGarbage) {
  for (const char* text : {"", "42 headroomd S 1", "42 (headroomd) S 1 1", "42 (headroomd)",
                           "1 (x) S 1 1 1 0 -1 1 5 0 0 0 abc 25 0 0 20 0 4 0 98765 1 4321",
                           "1 (x) S 1 1 1 0 -1 1 5 0 0 0 -1 25 0 0 20 0 4 0 98765 1 4321"})
    EXPECT_FALSE(ParseProcessStat(text)) << text;
}

TEST(ReadProcessStats, KnowsWhenThisProcessStarted) {
  const ProcessStats stats = ReadProcessStats();
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  ASSERT_TRUE(stats.start_time_seconds);
  EXPECT_LE(*stats.start_time_seconds, now + 0.1);
  EXPECT_GT(*stats.start_time_seconds, now - 3600);
  EXPECT_LE(*stats.open_fds, *stats.max_fds);
}

}  // namespace
}  // namespace headroom
