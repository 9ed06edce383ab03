#include "daemon/control_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/a_daemon.h"
#include "tests/support/time_zone.h"

namespace headroom {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST(ControlLoop, StartsAJobThatFitsAndRecordsItsEnd) {
  ADaemon daemon;
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  ASSERT_THAT(daemon.executor.launched, SizeIs(1));
  EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);

  daemon.executor.End(daemon.Attempt(job), Exited{0});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kFinished);
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kSucceeded);
  EXPECT_THAT(daemon.executor.forgotten, ElementsAre(AttemptId{job, 1}));
}

// F49: a hundred starts in one pass cannot all see an empty host.
TEST(ControlLoop, FillsTheTargetAndNotMoreWhenAHundredJobsComeAtOnce) {
  ADaemon daemon;
  for (int i = 0; i < 100; ++i) daemon.Submit(kGiB);
  daemon.Tick();
  EXPECT_THAT(daemon.executor.launched, SizeIs(9));  // 60 % of 16 GiB
  daemon.Tick();
  EXPECT_THAT(daemon.executor.launched, SizeIs(9));
}

// The fake wall clock shows 08:00 on a Friday.
Policy DrainsFromNineToTen() {
  Policy policy;
  policy.windows = {{"db", {5}, std::chrono::hours(9), std::chrono::hours(10), true, {}, {}}};
  return policy;
}

JobId SubmitLasting(ADaemon& daemon, Duration duration) {
  JobSubmission submission;
  submission.command = {"/bin/true"};
  submission.request.memory_bytes = kGiB;
  submission.duration = duration;
  return daemon.Submit(std::move(submission));
}

TEST(ControlLoop, StartsWhatEndsBeforeADrainWindowAndTheRestAfterIt) {
  using std::chrono::minutes;
  const TimeZone utc("UTC0");
  ADaemon daemon(DrainsFromNineToTen());
  const JobId longer = SubmitLasting(daemon, minutes(65));
  const JobId shorter = SubmitLasting(daemon, minutes(55));
  daemon.Tick();
  EXPECT_EQ(daemon.Job(longer).state, JobState::kWaiting);
  EXPECT_EQ(daemon.Job(shorter).state, JobState::kRunning);

  daemon.Tick(minutes(60));
  const JobId in_it = SubmitLasting(daemon, minutes(1));
  daemon.Tick();
  EXPECT_EQ(daemon.loop().last().decisions.jobs.at(0).reason, Reason::kDrainWindow);
  EXPECT_EQ(daemon.Job(in_it).state, JobState::kWaiting);
  EXPECT_EQ(daemon.Job(shorter).state, JobState::kRunning);  // what runs is left alone

  daemon.Tick(minutes(60));
  EXPECT_EQ(daemon.Job(longer).state, JobState::kRunning);
  EXPECT_EQ(daemon.Job(in_it).state, JobState::kRunning);
}

TEST(ControlLoop, MovesTheTargetWhileAWindowIsOpen) {
  const TimeZone utc("UTC0");
  Policy policy;
  const Duration eight = std::chrono::hours(8), a_minute = std::chrono::minutes(1);
  policy.windows = {{"day", {}, eight, eight + a_minute, false, 0.3, {}}};
  ADaemon daemon(policy);
  for (int i = 0; i < 100; ++i) daemon.Submit(kGiB);
  daemon.Tick();
  EXPECT_THAT(daemon.executor.launched, SizeIs(4));  // 30 % of 16 GiB
  daemon.Tick(seconds(58));
  EXPECT_THAT(daemon.executor.launched, SizeIs(9));
}

TEST(ControlLoop, MovesItsWindowsWithTheWallClock) {
  const TimeZone utc("UTC0");
  ADaemon daemon(DrainsFromNineToTen());
  const JobId job = SubmitLasting(daemon, std::chrono::minutes(65));
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kWaiting);
  daemon.clock.SetWall(daemon.clock.WallNow() + std::chrono::hours(3));
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);
}

// I10
TEST(ControlLoop, StartsNothingWhileTheHostCannotBeMeasured) {
  ADaemon daemon;
  daemon.collector.host_reads = false;
  daemon.Submit(kGiB);
  daemon.Tick();
  EXPECT_THAT(daemon.executor.launched, IsEmpty());
  daemon.collector.host_reads = true;
  daemon.Tick();
  EXPECT_THAT(daemon.executor.launched, SizeIs(1));
}

TEST(ControlLoop, RejectsWhatCanNeverFitAndSaysTheNumber) {
  ADaemon daemon;
  const JobId job = daemon.Submit(20 * kGiB);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kRejected);
  EXPECT_THAT(daemon.Job(job).message, testing::HasSubstr("16.0 GiB"));
}

// F14
TEST(ControlLoop, KeepsAJobInLineWhenTheHostIsOutOfSomethingAndTriesAgain) {
  ADaemon daemon;
  daemon.executor.refuse_launch = Error{ErrorCode::kExhausted, "no space", ENOSPC};
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kWaiting);
  EXPECT_EQ(daemon.loop().RetriesIn(job), seconds(1));
  EXPECT_THAT(daemon.Job(job).message, testing::HasSubstr("no space"));

  daemon.executor.refuse_launch.reset();
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);
}

// F14: whatever is wrong with the host, it burns no queue.
TEST(ControlLoop, KeepsAJobInLineHoweverLongTheHostCannotStartIt) {
  for (const Error& error : {Error{ErrorCode::kDenied, "read-only cgroupfs", EROFS},
                             Error{ErrorCode::kNotFound, "no shim", ENOENT}}) {
    ADaemon daemon;
    daemon.executor.refuse_launch = error;
    const JobId job = daemon.Submit(kGiB);
    for (int i = 0; i < 50; ++i) daemon.Tick(seconds(60));
    EXPECT_EQ(daemon.Job(job).state, JobState::kWaiting);
    EXPECT_THAT(daemon.Job(job).message, testing::HasSubstr(error.message));
    daemon.executor.refuse_launch.reset();
    daemon.Tick(seconds(60));
    EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);
  }
}

TEST(ControlLoop, GivesUpAJobThatIsItselfWhatCannotBeStarted) {
  ADaemon daemon;
  daemon.executor.refuse_launch = Error{ErrorCode::kInvalid, "a NUL byte"};
  const JobId job = daemon.Submit(kGiB);
  for (int i = 0; i < 5; ++i) daemon.Tick(seconds(60));
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kLaunchFailed);
}

TEST(ControlLoop, GivesUpAJobWhoseUserIsGone) {
  ADaemon daemon;
  JobSubmission submission;
  submission.command = {"/bin/true"};
  submission.uid = 4'000'000'000;
  const JobId job = daemon.Submit(submission);
  for (int i = 0; i < 5; ++i) daemon.Tick(seconds(60));
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kLaunchFailed);
  EXPECT_THAT(daemon.Job(job).message, testing::HasSubstr("4000000000"));
}

TEST(ControlLoop, ReleasesTheReservationOfALaunchThatFailed) {
  ADaemon daemon;
  daemon.executor.refuse_launch = Error{ErrorCode::kExhausted, "no space", ENOSPC};
  daemon.Submit(9 * kGiB);
  daemon.Tick();
  daemon.executor.refuse_launch.reset();
  const JobId other = daemon.Submit(9 * kGiB);
  daemon.Tick(seconds(1) / 2);  // the first is still held back
  EXPECT_EQ(daemon.Job(other).state, JobState::kRunning);
}

TEST(ControlLoop, CallsACancelledJobCancelledHoweverItEnds) {
  ADaemon daemon;
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  ASSERT_TRUE(daemon.book().Save(Stopping(daemon.Job(job))));
  daemon.loop().Kill(daemon.Job(job));
  daemon.executor.End(daemon.Attempt(job), Signaled{9});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kCancelled);
}

TEST(ControlLoop, AttributesAnOutOfMemoryKill) {
  ADaemon daemon;
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  daemon.executor.End(daemon.Attempt(job), Signaled{9}, OomCause::kJobLimit);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kOomKilled);
  EXPECT_EQ(daemon.Job(job).oom, OomCause::kJobLimit);
}

TEST(ControlLoop, ClosesTheGateUnderPressureAndStartsNothing) {
  ADaemon daemon;
  daemon.collector.pressure.memory = Psi{PsiLine{50.0, 0.0, 0.0, 0}, PsiLine{0.0, 0.0, 0.0, 0}};
  daemon.Submit(kGiB);
  daemon.Tick();
  EXPECT_THAT(daemon.executor.launched, IsEmpty());
  EXPECT_EQ(daemon.loop().last().snapshot.gate.position, GatePosition::kClosed);
}

// Half of the target and more is in use, and jobs wait for it.
Policy LowersItsTarget() {
  Policy policy;
  policy.backoff_floor = 0.5;
  policy.margin = 0;
  return policy;
}

std::vector<std::string> KindsOf(const std::vector<Event>& events) {
  std::vector<std::string> kinds;
  for (const Event& event : events) kinds.push_back(event.kind);
  return kinds;
}

TEST(ControlLoop, LowersTheTargetAfterPressureAndRaisesItSlowly) {
  ADaemon daemon(LowersItsTarget());
  const auto factor = [&] { return daemon.loop().last().snapshot.target_factor; };
  const JobId job = daemon.Submit(9 * kGiB);
  daemon.Tick();
  daemon.collector.used_bytes[ToString(daemon.Attempt(job))] = 9 * kGiB;
  daemon.collector.pressure.memory = Psi{PsiLine{50.0, 0.0, 0.0, 0}, PsiLine{0.0, 0.0, 0.0, 0}};
  daemon.Tick();
  daemon.collector.pressure.memory = Psi{PsiLine{0.0, 0.0, 0.0, 0}, PsiLine{0.0, 0.0, 0.0, 0}};
  daemon.Tick();
  EXPECT_DOUBLE_EQ(factor(), 0.9);
  EXPECT_DOUBLE_EQ(daemon.service().GetStatus({}).value().target_factor, 0.9);
  EXPECT_THAT(KindsOf(daemon.store().EventsAfter(0, 100).value()),
              testing::Contains("target_lowered").Times(1));

  daemon.Submit(kGiB);  // waits for it
  daemon.Tick(seconds(31));
  daemon.Tick();
  const double opened = factor();
  daemon.Tick(seconds(60));
  daemon.Tick();
  EXPECT_NEAR(factor() - opened, 0.01, 1e-3);
}

TEST(ControlLoop, LowersTheTargetAfterAKillByThePoolAndNotByAJobsOwnLimit) {
  for (const auto& [cause, expected] :
       {std::pair{OomCause::kPoolLimit, 0.9}, {OomCause::kHost, 0.9}, {OomCause::kJobLimit, 1.0}}) {
    ADaemon daemon(LowersItsTarget());
    const JobId killed = daemon.Submit(kGiB);
    daemon.Submit(7 * kGiB);
    daemon.Tick();
    daemon.executor.End(daemon.Attempt(killed), Signaled{9}, cause);
    daemon.Tick();
    daemon.Tick();
    EXPECT_DOUBLE_EQ(daemon.loop().last().snapshot.target_factor, expected);
  }
}

// The first cycle knows no use yet, and mode "count" needs none: the request is known all the same.
TEST(ControlLoop, ChargesWhatItStartsByCountBeforeUseIsKnown) {
  Policy policy;
  policy.mode = AdmissionMode::kCount;
  policy.max_jobs = 1;
  ADaemon daemon(policy);
  JobSubmission declares_nothing;
  declares_nothing.command = {"/bin/true"};
  const JobId job = daemon.Submit(declares_nothing);
  daemon.Crash();  // the next daemon's first cycle starts it
  ASSERT_TRUE(daemon.Job(job).reserved);
  EXPECT_EQ(daemon.Job(job).reserved->memory_bytes, 16 * kGiB / 40);  // 2.5 %
}

TEST(ControlLoop, EndsAJobThatCouldNotBeLaunchedWithAnEvent) {
  ADaemon daemon;
  daemon.executor.refuse_launch = Error{ErrorCode::kInvalid, "a NUL byte"};
  const JobId job = daemon.Submit(kGiB);
  for (int i = 0; i < 5; ++i) daemon.Tick(seconds(60));
  const auto events = daemon.store().EventsAfter(0, 100).value();
  EXPECT_EQ(events.back().kind, "job_finished");
  EXPECT_EQ(events.back().job, job);
}

TEST(ControlLoop, ForgetsTheJobsThatFinishedFirstWithTheirLogs) {
  Policy policy;
  policy.retention.jobs = 2;
  ADaemon daemon(policy);
  std::vector<JobId> jobs;
  for (int i = 0; i < 4; ++i) jobs.push_back(daemon.Submit(kGiB));
  daemon.Tick();
  for (const JobId job : jobs) daemon.executor.End(daemon.Attempt(job), Exited{0});
  daemon.Tick();
  EXPECT_THAT(daemon.executor.discarded, IsEmpty());  // not in every cycle
  daemon.Tick(seconds(60));
  EXPECT_THAT(daemon.executor.discarded,
              UnorderedElementsAre(AttemptId{jobs[0], 1}, AttemptId{jobs[1], 1}));
  EXPECT_FALSE(daemon.store().Find(jobs[0]).value());
  EXPECT_TRUE(daemon.store().Find(jobs[2]).value());
}

TEST(ControlLoop, NeverForgetsAJobThatIsNotFinished) {
  Policy policy;
  policy.retention.jobs = 0;
  ADaemon daemon(policy);
  const JobId running = daemon.Submit(kGiB), waiting = daemon.Submit(9 * kGiB);
  daemon.Tick();
  daemon.Tick(seconds(60));
  EXPECT_EQ(daemon.Job(running).state, JobState::kRunning);
  EXPECT_EQ(daemon.Job(waiting).state, JobState::kWaiting);
}

TEST(ControlLoop, LearnsTheSizeOfAKeyThatDeclaresNothing) {
  Policy policy;
  policy.history_min_attempts = 1;
  ADaemon daemon(policy);
  JobSubmission submission;
  submission.command = {"/bin/true"};
  submission.key = "study-model";
  const JobId first = daemon.Submit(submission);
  daemon.Tick();
  EXPECT_EQ(daemon.loop().last().decisions.jobs.front().reason, Reason::kFits);
  const int64_t by_default = daemon.Job(first).reserved->memory_bytes;

  daemon.executor.End({first, 1}, Exited{0}, OomCause::kNone, {5 * kGiB, 3, 1'000'000});
  daemon.Tick();
  const JobId second = daemon.Submit(submission);
  daemon.Tick();
  EXPECT_EQ(by_default, 16 * kGiB / 40);  // 2.5 %
  EXPECT_EQ(daemon.Job(second).reserved->memory_bytes, 5 * kGiB);
}

// Who asks before the next cycle must not be told of a start in a window that the policy has now.
TEST(ControlLoop, KnowsTheWindowsOfANewPolicyAtOnce) {
  ADaemon daemon;
  Policy policy;
  policy.windows = {{"db", {}, std::chrono::hours(9), std::chrono::hours(10), true, {}, {}}};
  daemon.loop().SetPolicy(policy);
  EXPECT_FALSE(daemon.loop().LookNow().snapshot.windows.empty());
  EXPECT_FALSE(daemon.loop().last().snapshot.windows.empty());
  daemon.loop().SetPolicy(Policy());
  EXPECT_TRUE(daemon.loop().last().snapshot.windows.empty());
}

// ---- What is learned

JobSubmission OfKey(std::string key) {
  JobSubmission submission;
  submission.command = {"/bin/true"};
  submission.key = std::move(key);
  submission.tenant = "alice";
  return submission;
}

// Uses more each second, and ends.
void RunOne(ADaemon& daemon, const std::string& key, int64_t step_bytes) {
  const JobId job = daemon.Submit(OfKey(key));
  daemon.Tick();
  const TimePoint started = daemon.clock.Now();
  for (int second = 1; second <= 5; ++second) {
    daemon.collector.used_bytes[ToString(daemon.Attempt(job))] = second * step_bytes;
    daemon.Tick();
  }
  const AttemptId attempt = daemon.Attempt(job);
  daemon.executor.End(attempt, Exited{0}, OomCause::kNone, {6 * step_bytes, 1, 1000}, started);
  daemon.executor.EndedAt(attempt, daemon.clock.Now());
  daemon.Tick();
}

// The same forecast, to the last bit, as if the daemon had never stopped.
TEST(ControlLoop, ForeseesAfterARestartWhatItForesawBefore) {
  ADaemon stays, restarts;
  for (ADaemon* daemon : {&stays, &restarts}) {
    for (int i = 1; i <= 10; ++i) RunOne(*daemon, "key", i * 10 * kMiB);
    const JobId job = daemon->Submit(OfKey("key"));
    daemon->Tick();
    daemon == &stays ? daemon->Tick() : daemon->Crash();
    daemon->collector.used_bytes[ToString(daemon->Attempt(job))] = 300 * kMiB;
    daemon->Tick();
    daemon->collector.used_bytes[ToString(daemon->Attempt(job))] = 500 * kMiB;
    daemon->Tick();
  }
  const auto forecast = [](ADaemon& daemon) {
    return daemon.loop().last().snapshot.running.at(0).forecast;
  };
  ASSERT_NE(forecast(stays), nullptr);
  EXPECT_EQ(forecast(restarts)->expected, forecast(stays)->expected);
  EXPECT_EQ(forecast(restarts)->futures, forecast(stays)->futures);
  EXPECT_EQ(restarts.loop().last().snapshot.mean_duration,
            stays.loop().last().snapshot.mean_duration);
}

TEST(ControlLoop, KeepsOfAnAttemptHowItGrewAndWhatItRanWith) {
  ADaemon daemon;
  RunOne(daemon, "key", kGiB / 100);
  std::vector<PastAttemptOfKey> past;
  ASSERT_TRUE(
      daemon.store().Histories([&](PastAttemptOfKey one) { past.push_back(std::move(one)); }));
  ASSERT_THAT(past, SizeIs(1));
  EXPECT_EQ(past[0].tenant, "alice");
  EXPECT_EQ(past[0].outcome, JobOutcome::kSucceeded);
  EXPECT_EQ(past[0].declared_memory_bytes, std::nullopt);
  EXPECT_EQ(past[0].attempt.request_memory_bytes, Scale(16 * kGiB, 0.025));
  EXPECT_EQ(past[0].attempt.duration, seconds(5));
  ASSERT_TRUE(past[0].attempt.growth);
  EXPECT_EQ(past[0].attempt.growth->MostOver({}, seconds(9)).memory_bytes, 5 * (kGiB / 100));
}

// Both lines count it, also before the key is known and after a restart.
TEST(ControlLoop, AsksForMoreForAKeyAfterOneRanOutOfMemory) {
  ADaemon daemon;
  const JobId job = daemon.Submit(OfKey("key"));
  daemon.Tick();
  daemon.executor.End(daemon.Attempt(job), Signaled{9}, OomCause::kJobLimit, {3 * kGiB, 1, 1});
  daemon.Tick();
  daemon.Crash();
  const JobId next = daemon.Submit(OfKey("key"));
  daemon.Tick();
  EXPECT_EQ(daemon.Job(next).reserved->memory_bytes, 3 * kGiB);
}

}  // namespace
}  // namespace headroom
