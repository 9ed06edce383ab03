#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/a_daemon.h"

// What becomes of a job whose attempt ran out of memory, on a real store and the real loop.
namespace headroom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int64_t kMiB100 = 100 * kMiB;

Policy Retrying(int64_t times, bool alone = false) {
  Policy policy;
  policy.retry = {times, alone};
  return policy;
}

JobSubmission Asking(int64_t memory_bytes) {
  JobSubmission submission;
  submission.command = {"/bin/true"};
  submission.request = {memory_bytes, 10, 1, {}};
  return submission;
}

// The attempt that runs is killed for want of memory at this use.
void RunOut(ADaemon& daemon, JobId job, int64_t peak_bytes, OomCause cause = OomCause::kPoolLimit) {
  daemon.executor.End(daemon.Attempt(job), Signaled{9}, cause, {peak_bytes, 1, 1});
}

std::vector<std::string> EventsOf(ADaemon& daemon, JobId job) {
  std::vector<std::string> kinds;
  const auto events = daemon.store().EventsAfter(0, 1000);
  for (const Event& event : *events)
    if (event.job == job) kinds.push_back(event.kind);
  return kinds;
}

TEST(Retry, PutsAJobThatRanOutOfMemoryBackInLineWithMore) {
  ADaemon daemon(Retrying(2));
  const JobId job = daemon.Submit(Asking(2 * kGiB));
  daemon.Tick();
  RunOut(daemon, job, 3 * kGiB);
  daemon.collector.host_reads = false;  // nothing starts
  daemon.Tick();
  const JobRecord again = daemon.Job(job);
  EXPECT_EQ(again.state, JobState::kWaiting);
  EXPECT_EQ(again.attempt, 1);
  EXPECT_EQ(again.oom_retries, 1);
  EXPECT_EQ(again.raised_memory_bytes, 3 * kGiB);
  EXPECT_EQ(again.message,
            "attempt 1 ran out of memory (pool_limit); tried again with a request of 3.0 GiB, 1 of "
            "2 times");
  EXPECT_EQ(daemon.service().Show({0, "root", true}, job)->resolved->memory_source,
            RequestSource::kRetry);
  EXPECT_THAT(daemon.executor.forgotten, ElementsAre(AttemptId{job, 1}));
  EXPECT_EQ(EventsOf(daemon, job).back(), "job_requeued");

  daemon.collector.host_reads = true;
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);
  EXPECT_EQ(daemon.Attempt(job), (AttemptId{job, 2}));
  EXPECT_EQ(daemon.Job(job).reserved->memory_bytes, 3 * kGiB);
  daemon.executor.End(daemon.Attempt(job), Exited{0});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kSucceeded);
  EXPECT_EQ(daemon.Job(job).message, "");
}

TEST(Retry, AsksForAFifthOr100MiBMoreWhereThatIsMost) {
  for (const auto& [request, raised] :
       {std::pair{2 * kGiB, 2 * kGiB + 2 * kGiB / 5}, {kMiB100, 2 * kMiB100}}) {
    ADaemon daemon(Retrying(1));
    const JobId job = daemon.Submit(Asking(request));
    daemon.Tick();
    RunOut(daemon, job, kMiB100);
    daemon.Tick();
    EXPECT_EQ(daemon.Job(job).reserved->memory_bytes, raised);
  }
}

TEST(Retry, EndsAsOutOfMemoryWhenItHasBeenTriedAsOftenAsThePolicySays) {
  ADaemon daemon(Retrying(2));
  const JobId job = daemon.Submit(Asking(kGiB));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    daemon.Tick();
    ASSERT_EQ(daemon.Attempt(job).number, attempt);
    RunOut(daemon, job, kGiB);
    daemon.Tick();
  }
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kOomKilled);
  EXPECT_EQ(daemon.Job(job).message, "ran out of memory 3 times");
  EXPECT_EQ(std::ranges::count(EventsOf(daemon, job), "job_requeued"), 2);
  EXPECT_EQ(std::ranges::count(EventsOf(daemon, job), "job_finished"), 1);
}

TEST(Retry, EndsInTheNumberThatMakesItImpossible) {
  ADaemon daemon(Retrying(9));  // on 16 GiB
  const JobId job = daemon.Submit(Asking(8 * kGiB));
  daemon.Tick();
  RunOut(daemon, job, 15 * kGiB);
  daemon.Tick();
  daemon.Tick();
  RunOut(daemon, job, 15 * kGiB);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kRejected);
  EXPECT_THAT(daemon.Job(job).message, HasSubstr("needs 18.0 GiB memory"));
  EXPECT_THAT(daemon.Job(job).message, HasSubstr("16.0 GiB"));
  EXPECT_THAT(daemon.Job(job).message, HasSubstr("it ran out of memory in attempt 2"));
}

TEST(Retry, IsOffUnlessThePolicyHasIt) {
  ADaemon daemon;
  const JobId job = daemon.Submit(Asking(kGiB));
  daemon.Tick();
  RunOut(daemon, job, kGiB);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kOomKilled);
  EXPECT_EQ(daemon.Job(job).message, "");
}

TEST(Retry, DoesNotGiveAJobMoreThanItsSubmitterAllowsIt) {
  ADaemon daemon(Retrying(3));
  JobSubmission submission = Asking(kGiB);
  submission.memory_max_bytes = 2 * kGiB;
  const JobId killed = daemon.Submit(submission);
  const JobId crowded_out = daemon.Submit(submission);
  daemon.Tick();
  RunOut(daemon, killed, 2 * kGiB, OomCause::kJobLimit);
  RunOut(daemon, crowded_out, 5 * kGiB, OomCause::kHost);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(killed).outcome, JobOutcome::kOomKilled);
  EXPECT_THAT(daemon.Job(killed).message, HasSubstr("its own limit of memory, 2.0 GiB"));
  EXPECT_EQ(daemon.Job(crowded_out).reserved->memory_bytes, 2 * kGiB);
  EXPECT_EQ(daemon.executor.launched.back().limits.memory_max_bytes, 2 * kGiB);
}

TEST(Retry, RaisesTheLimitOfThePolicyThatKilledIt) {
  Policy policy = Retrying(1);
  policy.jobs.memory_max = 3 * kGiB;
  ADaemon daemon(policy);
  const JobId job = daemon.Submit(Asking(kGiB));
  daemon.Tick();
  EXPECT_EQ(daemon.executor.launched.back().limits.memory_max_bytes, 3 * kGiB);
  RunOut(daemon, job, 3 * kGiB, OomCause::kJobLimit);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).reserved->memory_bytes, 3 * kGiB);
  EXPECT_EQ(daemon.executor.launched.back().limits.memory_max_bytes, 3 * kGiB + 3 * kGiB / 5);
}

TEST(Retry, LeavesACancelledJobCancelled) {
  ADaemon daemon(Retrying(3));
  const JobId job = daemon.Submit(Asking(kGiB));
  daemon.Tick();
  ASSERT_TRUE(daemon.book().Save(Stopping(daemon.Job(job))));
  RunOut(daemon, job, kGiB);
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kCancelled);
}

TEST(Retry, TriesAnotherFailureNoSecondTime) {
  ADaemon daemon(Retrying(3));
  const JobId job = daemon.Submit(Asking(kGiB));
  daemon.Tick();
  daemon.executor.End(daemon.Attempt(job), Signaled{9});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kSignaled);
}

TEST(Retry, TeachesTheKeyWhatItsAttemptUsed) {
  ADaemon daemon(Retrying(1));
  JobSubmission submission = Asking(kGiB);
  submission.key = "k";
  const JobId job = daemon.Submit(submission);
  daemon.Tick();
  RunOut(daemon, job, kGiB);
  daemon.Tick();
  EXPECT_EQ(daemon.store().History("k").value()->attempts, 1);
  daemon.executor.End(daemon.Attempt(job), Exited{0}, OomCause::kNone, {kGiB, 1, 1});
  daemon.Tick();
  EXPECT_EQ(daemon.store().History("k").value()->attempts, 2);
}

TEST(Retry, RunsAloneIfThePolicyHasItSo) {
  ADaemon daemon(Retrying(1, true));
  const JobId beside = daemon.Submit(Asking(kGiB));
  const JobId job = daemon.Submit(Asking(kGiB));
  daemon.Tick();
  RunOut(daemon, job, kGiB);
  daemon.Tick();
  const JobId third = daemon.Submit(Asking(kGiB));
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kWaiting);
  EXPECT_EQ(daemon.service().Show({0, "root", true}, job)->decision->reason, Reason::kAlone);
  EXPECT_EQ(daemon.Job(third).state, JobState::kWaiting);  // it would keep it waiting
  daemon.executor.End(daemon.Attempt(beside), Exited{0});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);
  EXPECT_EQ(daemon.Job(third).state, JobState::kWaiting);
  daemon.executor.End(daemon.Attempt(job), Exited{0});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(third).state, JobState::kRunning);
}

// F1: a daemon that dies with the end in its hands, and one that dies after it was stored.
TEST(Retry, IsTheSameHoweverOftenTheDaemonDies) {
  ADaemon daemon(Retrying(2));
  const JobId job = daemon.Submit(Asking(kGiB));
  daemon.Tick();
  RunOut(daemon, job, 2 * kGiB);
  daemon.Crash();  // begins with a cycle that starts nothing
  EXPECT_EQ(daemon.Job(job).state, JobState::kWaiting);
  EXPECT_EQ(daemon.Job(job).oom_retries, 1);
  daemon.Crash();
  EXPECT_EQ(daemon.Job(job).oom_retries, 1);
  daemon.Tick();
  EXPECT_EQ(daemon.Attempt(job), (AttemptId{job, 2}));
  EXPECT_EQ(daemon.Job(job).reserved->memory_bytes, 2 * kGiB);
  EXPECT_THAT(daemon.executor.launched, SizeIs(2));
}

}  // namespace
}  // namespace headroom
