#include "daemon/local_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/time_zone.h"

namespace headroom {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::ElementsAre;

constexpr const char* kLondon = "GMT0BST,M3.5.0/1,M10.5.0";

WallTime At(int year, unsigned month, unsigned day, hours of_day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return WallTime(std::chrono::sys_days(date)) + of_day;
}

using Offset = LocalTime::Offset;

TEST(LocalTimeAt, KnowsHowFarTheClocksAreAheadOfUtc) {
  const TimeZone kiritimati("<+14>-14");
  const WallTime utc = At(2026, 11, 23, hours(12));
  EXPECT_EQ(LocalTimeAt(utc), (LocalTime{utc, {Offset{utc - days(2), hours(14)}}}));
}

TEST(LocalTimeAt, KnowsToTheSecondWhenTheClocksAreSet) {
  const TimeZone london(kLondon);
  const WallTime spring = At(2026, 3, 27, hours(15)), autumn = At(2026, 10, 26, hours(3));
  EXPECT_THAT(
      LocalTimeAt(spring).offsets,
      ElementsAre(Offset{spring - days(2), hours(0)}, Offset{At(2026, 3, 29, hours(1)), hours(1)}));
  EXPECT_THAT(LocalTimeAt(autumn).offsets,
              ElementsAre(Offset{autumn - days(2), hours(1)},
                          Offset{At(2026, 10, 25, hours(1)), hours(0)}));
}

// The same windows as tests/admission/windows_test.cc has, through the time zone of the process.
TEST(LocalTimeAt, MakesWindowsOfTheNightOnWhichTheClocksAreSet) {
  const TimeZone london(kLondon);
  const TimePoint now{hours(100)};
  const TimeWindow sunday{"db", {0}, hours(0), hours(4), true, {}, {}};
  const auto lasts = [&](WallTime utc) {
    const OpenWindow open = UpcomingWindows({sunday}, LocalTimeAt(utc), now).at(0);
    return open.ends - open.begins;
  };
  EXPECT_EQ(lasts(At(2026, 3, 28, hours(12))), hours(3));
  EXPECT_EQ(lasts(At(2026, 10, 24, hours(12))), hours(5));
  EXPECT_EQ(lasts(At(2026, 11, 24, hours(12))), hours(4));
}

}  // namespace
}  // namespace headroom
