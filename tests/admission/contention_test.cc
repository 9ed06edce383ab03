#include "admission/contention.h"

#include <gtest/gtest.h>

namespace headroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kLooked = seconds(5);

CpuWait AJob(milliseconds stalled, milliseconds throttled) { return {stalled, throttled, false}; }

CpuWaits OnHost(milliseconds pool, std::vector<CpuWait> jobs) {
  return {kLooked, pool, pool, std::move(jobs)};
}

TEST(Contention, IsThePressureWhereNobodyIsThrottled) {
  EXPECT_EQ(Contention(OnHost(seconds(4), {AJob(seconds(4), {}), AJob(seconds(4), {})})), 0.8);
}

TEST(Contention, LeavesNothingOfASpinnerUnderItsOwnQuota) {
  EXPECT_EQ(Contention(OnHost(milliseconds(4500), {AJob(milliseconds(4500), seconds(5))})), 0);
}

TEST(Contention, ForgivesThePeriodThatBeganBefore) {
  EXPECT_EQ(Contention(OnHost(milliseconds(4500), {AJob(milliseconds(4500), milliseconds(4900))})),
            0);
}

TEST(Contention, CountsWhatAnUnthrottledJobWaitsBesideAThrottledOne) {
  const CpuWaits waits =
      OnHost(milliseconds(4500), {AJob(milliseconds(4500), seconds(5)), AJob(seconds(2), {})});
  EXPECT_EQ(Contention(waits), 0.4);
}

TEST(Contention, CountsAJobThatDoesNotComeByItsQuota) {
  // A second's worth of its periods was cut short; in the others it lost to somebody else.
  const CpuWaits waits = OnHost(milliseconds(4500), {AJob(milliseconds(4500), milliseconds(900))});
  EXPECT_EQ(Contention(waits), 0.8);
}

TEST(Contention, IsNoMoreThanThePoolWaitedHoweverManyJobsDid) {
  const CpuWaits waits = OnHost(seconds(3), {AJob(seconds(5), seconds(5)), AJob(seconds(2), {}),
                                             AJob(seconds(2), {}), AJob(seconds(2), {})});
  EXPECT_EQ(Contention(waits), 0.6);
}

TEST(Contention, IsNothingForManyThrottledJobsAtOnce) {
  const std::vector<CpuWait> jobs(40, AJob(milliseconds(4600), milliseconds(4900)));
  EXPECT_EQ(Contention(OnHost(milliseconds(4990), jobs)), 0);
}

TEST(Contention, AddsWhatWaitsOutsideThePool) {
  const CpuWaits waits{kLooked, seconds(3), seconds(1), {AJob(milliseconds(900), seconds(5))}};
  EXPECT_EQ(Contention(waits), 0.4);
}

TEST(Contention, LetsAnUnreadablePressureHideNothing) {
  const CpuWaits waits = OnHost(
      seconds(3), {AJob(seconds(4), seconds(5)), CpuWait{std::nullopt, std::nullopt, false}});
  EXPECT_EQ(Contention(waits), 0.6);
}

TEST(Contention, LetsUnknownThrottlingExplainNothing) {
  const CpuWaits waits =
      OnHost(seconds(3), {AJob(seconds(4), seconds(5)), CpuWait{seconds(2), std::nullopt, false}});
  EXPECT_EQ(Contention(waits), 0.4);
}

TEST(Contention, TakesThrottledPeriodsOfANewJobForItsStall) {
  const CpuWaits waits =
      OnHost(milliseconds(1800), {CpuWait{milliseconds(1800), milliseconds(1900), true}});
  EXPECT_EQ(Contention(waits), 0);
}

TEST(Contention, IsAbsentWithoutPsiOrTime) {
  EXPECT_EQ(Contention({kLooked, std::nullopt, std::nullopt, {AJob({}, seconds(1))}}),
            std::nullopt);
  EXPECT_EQ(Contention({Duration{}, Duration{}, Duration{}, {}}), std::nullopt);
}

}  // namespace
}  // namespace headroom
