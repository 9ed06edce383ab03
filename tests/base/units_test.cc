#include "base/units.h"

#include <gtest/gtest.h>

namespace headroom {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ParseBytes, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(ParseBytes("1073741824"), kGiB);
  EXPECT_EQ(ParseBytes("512Mi"), 512 * kMiB);
  EXPECT_EQ(ParseBytes("1.5GiB"), kGiB + kGiB / 2);
  EXPECT_EQ(ParseBytes("2G"), 2'000'000'000);
  EXPECT_EQ(ParseBytes("0"), 0);
}

TEST(ParseBytes, RefusesWhatIsNotASize) {
  for (const char* text : {"", "-1", "1.2.3", "GiB", "1 GiB", "1e9", "nan", "inf", "0x10", ".5",
                           "5.", "1GiBs", "16EiB", "99999999999999999999", "8000000TiB"}) {
    EXPECT_FALSE(ParseBytes(text)) << text;
  }
  EXPECT_EQ(ParseBytes("lots").error().message,
            "expected a size like \"512MiB\" or \"2GiB\", got \"lots\"");
}

TEST(ParseCpuMillis, ReadsCoresAndThousandths) {
  EXPECT_EQ(ParseCpuMillis("2"), 2000);
  EXPECT_EQ(ParseCpuMillis("0.5"), 500);
  EXPECT_EQ(ParseCpuMillis("1500m"), 1500);
  EXPECT_FALSE(ParseCpuMillis("2c"));
}

TEST(ParseDuration, ReadsEveryUnitAndWantsOne) {
  EXPECT_EQ(ParseDuration("250ms"), Duration(milliseconds(250)));
  EXPECT_EQ(ParseDuration("1.5s"), Duration(milliseconds(1500)));
  EXPECT_EQ(ParseDuration("3h"), Duration(hours(3)));
  EXPECT_EQ(ParseDuration("7d"), Duration(hours(168)));
  EXPECT_FALSE(ParseDuration("30"));
}

TEST(Format, IsShortAndKeepsTheUnit) {
  EXPECT_EQ(FormatBytes(38 * kGiB), "38.0 GiB");
  EXPECT_EQ(FormatBytes(512 * kMiB), "512 MiB");
  EXPECT_EQ(FormatBytes(-2 * kGiB), "-2.0 GiB");
  EXPECT_EQ(FormatBytes(17), "17 B");
  EXPECT_EQ(FormatCpuMillis(1500), "1.50 cores");
  EXPECT_EQ(FormatDuration(milliseconds(250)), "250ms");
  EXPECT_EQ(FormatDuration(seconds(4800)), "1h 20m");
  EXPECT_EQ(FormatWallTime(WallTime(milliseconds(1123))), "1970-01-01T00:00:01.123Z");
}

}  // namespace
}  // namespace headroom
