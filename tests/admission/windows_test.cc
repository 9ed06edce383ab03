#include "admission/windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;
using std::chrono::days;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

WallTime At(int year, unsigned month, unsigned day, Duration of_day = {}) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return WallTime(std::chrono::sys_days(date)) +
         std::chrono::floor<std::chrono::milliseconds>(of_day);
}

TimeWindow Drain(std::vector<int> on, Duration from, Duration to) {
  return {"db", std::move(on), from, to, true, {}, {}};
}

// A window in hours from now.
auto In(Duration begins, Duration ends) {
  return ::testing::AllOf(::testing::Field(&OpenWindow::begins, kNow + begins),
                          ::testing::Field(&OpenWindow::ends, kNow + ends));
}

constexpr int kTuesday = 2;

// London: clocks go forward at 01:00 UTC on 2026-03-29 and back at 01:00 UTC on 2026-10-25, both
// Sundays.
LocalTime London(WallTime utc) {
  LocalTime local{utc, {{utc - days(2), seconds(0)}}};
  const WallTime forward = At(2026, 3, 29, hours(1)), back = At(2026, 10, 25, hours(1));
  if (utc > At(2026, 7, 1)) local.offsets[0].ahead = hours(1);
  if (utc < At(2026, 7, 1)) local.offsets.push_back({forward, hours(1)});
  if (utc > At(2026, 7, 1)) local.offsets.push_back({back, seconds(0)});
  return local;
}

// 2026-11-23 is a Monday.
const LocalTime kMondayNoon{At(2026, 11, 23, hours(12)), {}};

TEST(UpcomingWindows, ComeOnTheDaysThatTheyName) {
  EXPECT_THAT(UpcomingWindows({Drain({kTuesday}, hours(3), hours(5))}, kMondayNoon, kNow),
              ElementsAre(In(hours(15), hours(17))));
}

TEST(UpcomingWindows, ComeEveryDayThatIsNotNamed) {
  EXPECT_THAT(UpcomingWindows({Drain({}, hours(3), hours(5))}, kMondayNoon, kNow), SizeIs(7));
}

TEST(UpcomingWindows, EndOnTheNextDayWhereTheEndIsNotAfterTheBegin) {
  EXPECT_THAT(UpcomingWindows({Drain({1}, hours(22), hours(2))}, kMondayNoon, kNow),
              ElementsAre(In(hours(10), hours(14))));
}

TEST(UpcomingWindows, LastAWholeDayUntilItsMidnight) {
  EXPECT_THAT(UpcomingWindows({Drain({kTuesday}, hours(0), hours(24))}, kMondayNoon, kNow),
              ElementsAre(In(hours(12), hours(36))));
}

TEST(UpcomingWindows, AreStillThereWhileTheyAreOpen) {
  EXPECT_THAT(UpcomingWindows({Drain({0}, hours(22), hours(13))}, kMondayNoon, kNow),
              ElementsAre(In(-hours(14), hours(1))));
  EXPECT_THAT(UpcomingWindows({Drain({0}, hours(22), hours(12))}, kMondayNoon, kNow),
              ElementsAre(In(days(7) - hours(14), days(7))));
}

TEST(UpcomingWindows, AreInOrderOfTheirBegin) {
  EXPECT_THAT(
      UpcomingWindows({Drain({4}, hours(3), hours(5)), Drain({kTuesday}, hours(1), hours(2))},
                      kMondayNoon, kNow),
      ElementsAre(::testing::Field(&OpenWindow::window, 1U),
                  ::testing::Field(&OpenWindow::window, 0U)));
}

TEST(UpcomingWindows, AreInLocalTime) {
  const LocalTime in_kiritimati{At(2026, 11, 23, hours(12)), {{At(2026, 11, 21), hours(14)}}};
  // It is Tuesday 02:00 there.
  EXPECT_THAT(UpcomingWindows({Drain({kTuesday}, hours(3), hours(5))}, in_kiritimati, kNow),
              ElementsAre(In(hours(1), hours(3))));
}

// On the night of the spring the clocks go from 01:00 to 02:00.
TEST(UpcomingWindows, CoverTheHourThatTheClocksSkip) {
  const LocalTime saturday = London(At(2026, 3, 28, hours(12)));
  const auto on_sunday = [&](Duration from, Duration to) {
    return UpcomingWindows({Drain({0}, from, to)}, saturday, kNow);
  };
  // An hour shorter, because the night is.
  EXPECT_THAT(on_sunday(hours(0), hours(4)), ElementsAre(In(hours(12), hours(15))));
  EXPECT_THAT(on_sunday(minutes(90), hours(4)), ElementsAre(In(hours(13), hours(15))));
  EXPECT_THAT(on_sunday(hours(0), minutes(90)), ElementsAre(In(hours(12), minutes(13 * 60 + 30))));
  // All of it is skipped: it is there all the same.
  EXPECT_THAT(on_sunday(minutes(75), minutes(105)),
              ElementsAre(In(hours(13), minutes(13 * 60 + 45))));
}

// On the night of the autumn they show the hour from 01:00 to 02:00 twice.
TEST(UpcomingWindows, CoverTheHourThatTheClocksShowTwice) {
  const LocalTime saturday = London(At(2026, 10, 24, hours(11)));  // noon
  const auto on_sunday = [&](Duration from, Duration to) {
    return UpcomingWindows({Drain({0}, from, to)}, saturday, kNow);
  };
  EXPECT_THAT(on_sunday(hours(0), hours(4)), ElementsAre(In(hours(12), hours(17))));
  EXPECT_THAT(on_sunday(minutes(75), minutes(105)),
              ElementsAre(In(minutes(13 * 60 + 15), minutes(14 * 60 + 45))));
}

TEST(UpcomingWindows, StandStillInUtcAcrossTheSettingOfTheClocks) {
  // Asked before and after the clocks went forward, Monday's window is the same.
  const std::vector<TimeWindow> monday{Drain({1}, hours(3), hours(5))};
  const OpenWindow before = UpcomingWindows(monday, London(At(2026, 3, 29)), kNow).front();
  const OpenWindow after = UpcomingWindows(monday, London(At(2026, 3, 29, hours(6))), kNow).front();
  EXPECT_EQ(before.begins, after.begins + hours(6));
  EXPECT_EQ(before.begins, kNow + hours(26));
}

Policy WithWindow(TimeWindow window) {
  Policy policy = HalfTheHost();
  policy.windows = {std::move(window)};
  return policy;
}

Snapshot With(Snapshot host, Duration begins, Duration ends) {
  host.windows = {{0, kNow + begins, kNow + ends}};
  return host;
}

const Policy kDrains = WithWindow(Drain({}, hours(3), hours(5)));

TEST(TargetAt, IsTheWindowsWhileItIsOpen) {
  const Policy policy = WithWindow({"night", {}, {}, {}, false, 0.7, {}});
  EXPECT_EQ(TargetAt(With(AHost(), -hours(1), hours(1)), policy), (Shares{0.7, 0.5, 0.5}));
  EXPECT_EQ(TargetAt(With(AHost(), hours(1), hours(2)), policy), policy.target);
  EXPECT_EQ(TargetAt(With(AHost(), -hours(1), hours(0)), policy), policy.target);
}

TEST(TargetAt, IsTheLeastOfSeveralWindows) {
  Policy policy = WithWindow({"night", {}, {}, {}, false, 0.7, 0.6});
  policy.windows.push_back({"backup", {}, {}, {}, false, 0.4, {}});
  Snapshot host = With(AHost(), -hours(1), hours(1));
  host.windows.push_back({1, kNow - hours(1), kNow + hours(1)});
  EXPECT_EQ(TargetAt(host, policy), (Shares{0.4, 0.6, 0.5}));
}

TEST(ResumeAt, StaysAsFarBelowTheTarget) {
  const Policy policy = WithWindow({"night", {}, {}, {}, false, 0.75, {}});
  EXPECT_DOUBLE_EQ(ResumeAt(With(AHost(), -hours(1), hours(1)), policy).memory, 0.65);
  EXPECT_DOUBLE_EQ(ResumeAt(With(AHost(), -hours(1), hours(1)), policy).cpu, 0.4);
}

TEST(TargetAt, KnowsNoWindowOfAnotherPolicy) {
  EXPECT_EQ(TargetAt(With(AHost(), -hours(1), hours(1)), HalfTheHost()), HalfTheHost().target);
}

TEST(Decide, FillsTheHostToTheTargetOfAnOpenWindow) {
  const Policy policy = WithWindow({"night", {}, {}, {}, false, 0.75, {}});
  const Snapshot host = AHost().Running(ARunning(1).Memory(45_GiB));
  const std::vector<WaitingJob> waiting{AJob(10).Memory(20_GiB)};
  EXPECT_THAT(Decide(With(host, -hours(1), hours(1)), waiting, policy).jobs,
              ElementsAre(Starts(10)));
  EXPECT_THAT(Decide(With(host, hours(1), hours(2)), waiting, policy).jobs,
              ElementsAre(Short(Waits(10, Reason::kOverTarget), kMemory, 20_GiB, 5_GiB)));
}

Decision HeldByWindow(int64_t job, Duration lasts, Duration until) {
  Decision decision = Waits(job, Reason::kDrainWindow);
  decision.needed = lasts / seconds(1);
  decision.available = until / seconds(1);
  return decision;
}

std::vector<Decision> DecideBefore(Duration begins, const std::vector<WaitingJob>& waiting,
                                   Snapshot host = AHost(), const Policy& policy = kDrains) {
  return Decide(With(std::move(host), begins, begins + hours(2)), waiting, policy).jobs;
}

TEST(Decide, StartsNoJobThatWouldStillRunWhenADrainWindowBegins) {
  EXPECT_THAT(DecideBefore(hours(1), {AJob(10).Takes(minutes(61)), AJob(11).Takes(minutes(60))}),
              ElementsAre(HeldByWindow(10, minutes(61), hours(1)), Starts(11)));
}

TEST(Decide, StartsNothingInADrainWindowNotEvenOnAnIdleHost) {
  EXPECT_THAT(DecideBefore(-hours(1), {AJob(10).Takes(seconds(1))}),
              ElementsAre(HeldByWindow(10, seconds(1), seconds(0))));
  EXPECT_THAT(DecideBefore(-hours(2), {AJob(10).Takes(seconds(1))}), ElementsAre(Starts(10)));
}

TEST(Decide, TakesAJobOfUnknownDurationToRunThreeTimesTheAverage) {
  Snapshot host = AHost();
  host.mean_duration = minutes(10);
  EXPECT_THAT(DecideBefore(minutes(29), {AJob(10)}, host),
              ElementsAre(HeldByWindow(10, minutes(30), minutes(29))));
  EXPECT_THAT(DecideBefore(minutes(30), {AJob(10)}, host), ElementsAre(Starts(10)));
}

TEST(Decide, TakesAJobToRunAnHourWhereNoDurationIsKnownAtAll) {
  EXPECT_THAT(DecideBefore(minutes(59), {AJob(10)}),
              ElementsAre(HeldByWindow(10, hours(1), minutes(59))));
  EXPECT_THAT(DecideBefore(minutes(60), {AJob(10)}), ElementsAre(Starts(10)));
}

TEST(Decide, DrainsInModeCountAsWell) {
  Policy policy = kDrains;
  policy.mode = AdmissionMode::kCount;
  policy.max_jobs = 5;
  EXPECT_THAT(
      DecideBefore(hours(1), {AJob(10).Takes(hours(2)), AJob(11).Takes(hours(1))}, AHost(), policy),
      ElementsAre(HeldByWindow(10, hours(2), hours(1)), Starts(11, Reason::kNoLimit)));
}

// Job 9 needs 30 GiB, which are free in 5 minutes, but it would not be over when the window begins
// in 10. Until then a job may use what is kept for it.
TEST(Decide, KeepsWhatAHeadNeedsOnlyFromWhenWindowsLetItStart) {
  const Snapshot host = AHost()
                            .Running(ARunning(1).Memory(15_GiB).EndsIn(minutes(5)))
                            .Running(ARunning(2).Memory(30_GiB).EndsIn(minutes(9)));
  const std::vector<WaitingJob> waiting{AJob(9).Memory(30_GiB).Takes(minutes(8)),
                                        AJob(10).Memory(4_GiB).Takes(minutes(10))};
  const Decisions decisions = Decide(With(host, minutes(10), minutes(70)), waiting, kDrains);
  EXPECT_THAT(
      decisions.jobs,
      ElementsAre(Short(Waits(9, Reason::kOverTarget), kMemory, 30_GiB, 5_GiB), Starts(10)));
  EXPECT_EQ(decisions.head->starts_by, kNow + minutes(70));
}

TEST(FirstStart, IsAtTheEndOfWhatIsInTheWay) {
  Snapshot host = AHost();
  host.windows = {{0, kNow + hours(1), kNow + hours(2)}, {0, kNow + hours(4), kNow + hours(6)}};
  EXPECT_EQ(FirstStart(host, kDrains, kNow, hours(1)), kNow);
  EXPECT_EQ(FirstStart(host, kDrains, kNow, hours(2)), kNow + hours(2));
  EXPECT_EQ(FirstStart(host, kDrains, kNow, hours(3)), kNow + hours(6));
}

TEST(FirstStart, IsNeverWhereNoTimeBetweenWindowsIsAsLong) {
  const Snapshot host = With(AHost(), hours(1), hours(3));
  EXPECT_EQ(FirstStart(host, kDrains, kNow, days(7) - hours(2)), kNow + hours(3));
  EXPECT_EQ(FirstStart(host, kDrains, kNow, days(7)), std::nullopt);
}

TEST(LongestBetweenDrains, IsAbsentWithoutThem) {
  EXPECT_EQ(LongestBetweenDrains({}), std::nullopt);
  EXPECT_EQ(LongestBetweenDrains({{"night", {}, {}, hours(5), false, 0.7, {}}}), std::nullopt);
}

TEST(LongestBetweenDrains, IsTheLongestOfTheWeek) {
  EXPECT_EQ(LongestBetweenDrains({Drain({kTuesday}, hours(1), hours(3))}), days(7) - hours(2));
  EXPECT_EQ(LongestBetweenDrains({Drain({}, hours(22), hours(4))}), hours(18));
  EXPECT_EQ(LongestBetweenDrains({Drain({}, hours(0), hours(13)), Drain({}, hours(12), hours(20))}),
            hours(4));
  EXPECT_EQ(LongestBetweenDrains({Drain({}, hours(0), hours(24))}), hours(0));
}

}  // namespace
}  // namespace headroom
