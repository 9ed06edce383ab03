#include "admission/growth.h"

#include <gtest/gtest.h>

namespace headroom {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

Use Memory(double bytes) { return {bytes, 0}; }

// One record a second from 0 on.
Growth AGrowth(const std::vector<double>& memory) {
  Growth growth;
  for (std::size_t i = 0; i < memory.size(); ++i) growth.Record(seconds(i), Memory(memory[i]));
  return growth;
}

TEST(Growth, KnowsTheMeanAtAnAge) {
  Growth growth = AGrowth({10, 20});
  growth.Record(milliseconds(1500), Memory(40));
  EXPECT_EQ(growth.MeanAt(seconds(0)).memory_bytes, 10);
  EXPECT_EQ(growth.MeanAt(seconds(1)).memory_bytes, 30);
  EXPECT_EQ(growth.MeanAt(hours(1)).memory_bytes, 30);
}

TEST(Growth, KnowsTheMostOfAnInterval) {
  const Growth growth = AGrowth({10, 50, 20, 30});
  EXPECT_EQ(growth.MostOver(seconds(0), seconds(4)).memory_bytes, 50);
  EXPECT_EQ(growth.MostOver(seconds(2), seconds(4)).memory_bytes, 30);
  EXPECT_EQ(growth.MostOver(seconds(3), hours(9)).memory_bytes, 30);
  EXPECT_EQ(growth.MostOver(seconds(4), hours(9)).memory_bytes, 0);  // it has ended
}

TEST(Growth, AveragesOverTheTimeAfterItsEndAsWell) {
  const Growth growth = AGrowth({40, 40, 40, 40, 40});  // ends at 4 s
  EXPECT_EQ(growth.MeanOver(seconds(0), seconds(4)).memory_bytes, 40);
  EXPECT_EQ(growth.MeanOver(seconds(0), seconds(8)).memory_bytes, 20);
  EXPECT_EQ(growth.MeanOver(seconds(5), seconds(8)).memory_bytes, 0);
}

TEST(Growth, TakesAGapForMoreOfTheSame) {
  Growth growth;
  growth.Record(seconds(0), Memory(10));
  growth.Record(seconds(9), Memory(90));
  EXPECT_EQ(growth.MeanAt(seconds(5)).memory_bytes, 10);
  EXPECT_EQ(growth.MostOver(seconds(1), seconds(9)).memory_bytes, 10);
}

TEST(Growth, TakesTheSameRoomForSecondsAndForDays) {
  Growth growth;
  constexpr int64_t kTwoDays = 172'800;
  for (int64_t second = 0; second <= kTwoDays; second += 15) {
    growth.Record(seconds(second), Memory(static_cast<double>(second)));
  }
  // The bucket of an age is at most a 24th of the whole wide.
  for (const int64_t second : {0L, 43'200L, 86'400L, kTwoDays}) {
    EXPECT_NEAR(growth.MeanAt(seconds(second)).memory_bytes, static_cast<double>(second),
                kTwoDays / 24.0);
  }
  EXPECT_EQ(growth.MostOver(seconds(0), hours(100)).memory_bytes, kTwoDays);
}

TEST(Growth, SaysNothingWithoutRecords) {
  EXPECT_EQ(Growth().MeanAt(seconds(1)), Use());
  EXPECT_EQ(Growth().MeanOver(seconds(0), seconds(1)), Use());
  EXPECT_EQ(Growth().MostOver(seconds(0), seconds(1)), Use());
}

}  // namespace
}  // namespace headroom
