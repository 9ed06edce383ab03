#include "admission/peak_line.h"

#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom::test {
namespace {

// Uses so much in this interval of every future, and nothing else.
Forecast Peaks(std::size_t interval, float memory) {
  Forecast forecast;
  for (UseAhead& future : forecast.futures) future.memory_bytes[interval] = memory;
  return forecast;
}

RunningJob Foreseen(const Forecast& forecast) {
  RunningJob job = ARunning(1).Memory(100_GiB).Pids(3);
  job.forecast = &forecast;
  return job;
}

TEST(PeakLine, CountsJobsWithoutAForecastWithTheirRequests) {
  PeakLine line;
  line.Add(RunningJob(ARunning(1).Memory(2_GiB).Uses(3_GiB).Cpu(500)));
  line.Add(WaitingJob(AJob(2).Memory(4_GiB).Token("db", 1)));
  EXPECT_EQ(line.Charge(), (ResourceVector{7_GiB, 500, 0, {{"db", 1}}}));
  EXPECT_EQ(line.RaisedBy(AJob(3).Memory(1_GiB)), (ResourceVector{1_GiB, 0, 0, {}}));
}

TEST(PeakLine, AddsUpPeaksThatComeAtOnce) {
  const Forecast one = Peaks(3, 500), other = Peaks(3, 200);
  PeakLine line;
  line.Add(Foreseen(one));
  line.Add(Foreseen(other));
  EXPECT_EQ(line.Charge().memory_bytes, 700);
  EXPECT_EQ(line.Charge().pids, 6);
}

TEST(PeakLine, DoesNotAddUpPeaksThatComeOneAfterTheOther) {
  const Forecast now = Peaks(0, 500), later = Peaks(9, 200);
  PeakLine line;
  line.Add(Foreseen(now));
  line.Add(Foreseen(later));
  EXPECT_EQ(line.Charge().memory_bytes, 500);
}

TEST(PeakLine, LeavesAsManyFuturesOutAsAreRisked) {
  Forecast forecast = Peaks(2, 100);
  for (std::size_t i = 0; i < PeakLine::kRisked; ++i) forecast.futures[i].memory_bytes[2] = 900;
  PeakLine line;
  line.Add(Foreseen(forecast));
  EXPECT_EQ(line.Charge().memory_bytes, 100);
  forecast.futures[PeakLine::kRisked].memory_bytes[2] = 900;
  PeakLine one_more;
  one_more.Add(Foreseen(forecast));
  EXPECT_EQ(one_more.Charge().memory_bytes, 900);
}

TEST(PeakLine, SaysByHowMuchOneMoreWouldRaiseIt) {
  const Forecast running = Peaks(0, 500);
  PeakLine line;
  line.Add(Foreseen(running));
  const KeyOutlook early{Peaks(0, 200), {}}, late{Peaks(9, 200), {}};
  WaitingJob job = AJob(2).Memory(100_GiB);
  job.outlook = &early;
  EXPECT_EQ(line.RaisedBy(job).memory_bytes, 200);
  job.outlook = &late;
  EXPECT_EQ(line.RaisedBy(job).memory_bytes, 0);
}

TEST(PeakLine, StaysExactForLargeAmounts) {
  PeakLine line;
  const Forecast small = Peaks(0, 1);
  line.Add(Foreseen(small));
  line.Add(RunningJob(ARunning(2).Memory(1024_GiB)));
  EXPECT_EQ(line.Charge().memory_bytes, 1024_GiB + 1);
}

}  // namespace
}  // namespace headroom::test
