#include "daemon/local_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "admission/draw.h"
#include "tests/daemon/a_past_attempt.h"
#include "tests/support/a_daemon.h"

// What clients are promised, on a real store and the real loop.
namespace headroom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Caller kRoot{0, "root", true};
const Caller kAlice{1001, "alice", false};
const Caller kBob{1002, "bob", false};

JobSubmission AskedBy(const Caller& caller, int64_t memory_bytes = kGiB) {
  JobSubmission submission;
  submission.command = {"/bin/true"};
  submission.user = "root";  // whom this host knows, whoever asks
  submission.uid = caller.uid;
  submission.request = {memory_bytes, 10, 1, {}};
  return submission;
}

WantedJob Wanted(const std::string& name, const Caller& caller = kRoot,
                 int64_t memory_bytes = kGiB) {
  WantedJob wanted{AskedBy(caller, memory_bytes)};
  wanted.submission.source = "nightly";
  wanted.submission.external_id = name;
  return wanted;
}

class LocalServiceTest : public testing::Test {
 protected:
  // Each call, and the commit and the cycle that its answer waits for.
  Result<JobView> Submit(const Caller& caller, JobSubmission submission) {
    Result<JobView> answer = Fail(ErrorCode::kUnavailable, "no answer");
    daemon.service().Submit(caller, std::move(submission), [&](Result<JobView> job, bool created) {
      answer = std::move(job);
      was_created = created;
    });
    EXPECT_TRUE(daemon.book().Commit());
    return answer;
  }
  Result<JobView> Cancel(const Caller& caller, JobId id) {
    Result<JobView> answer = Fail(ErrorCode::kUnavailable, "no answer");
    daemon.service().Cancel(caller, id, [&](Result<JobView> job) { answer = std::move(job); });
    EXPECT_TRUE(daemon.book().Commit());
    return answer;
  }
  Result<SyncResult> Sync(const Caller& caller, std::vector<WantedJob> wanted) {
    Result<SyncResult> answer = Fail(ErrorCode::kUnavailable, "no answer");
    daemon.service().Sync(caller, "nightly", std::move(wanted),
                          [&](Result<SyncResult> result) { answer = std::move(result); });
    EXPECT_TRUE(daemon.book().Commit());
    daemon.Tick();
    return answer;
  }
  // A job of the caller's that waits: the host is full.
  JobId AWaitingJobOf(const Caller& caller) {
    if (!full_) {
      daemon.Submit(9 * kGiB);
      daemon.Tick();
      full_ = true;
    }
    const JobId id = Submit(caller, AskedBy(caller))->record.id;
    daemon.Tick();
    return id;
  }
  std::vector<std::string> EventKinds() {
    const EventPage page = *daemon.service().Events(kRoot, 0, 1000);
    std::vector<std::string> kinds;
    for (const Event& event : page.events) kinds.push_back(event.kind);
    return kinds;
  }

  ADaemon daemon;
  bool was_created = false;

 private:
  bool full_ = false;
};

TEST_F(LocalServiceTest, AnswersASubmissionOnlyWhenItIsDurable) {
  bool answered = false;
  daemon.service().Submit(kAlice, AskedBy(kAlice), [&](auto, bool) { answered = true; });
  EXPECT_FALSE(answered);
  ASSERT_TRUE(daemon.book().Commit());
  EXPECT_TRUE(answered);
}

TEST_F(LocalServiceTest, MakesOneJobOfARepeatedSubmission) {
  JobSubmission submission = AskedBy(kAlice);
  submission.idempotency_key = "once";
  const JobId first = Submit(kAlice, submission)->record.id;
  EXPECT_TRUE(was_created);
  EXPECT_EQ(Submit(kAlice, submission)->record.id, first);
  EXPECT_FALSE(was_created);
}

TEST_F(LocalServiceTest, RefusesAnotherSubmissionUnderAnIdempotencyKeyThatWasUsed) {
  JobSubmission submission = AskedBy(kAlice);
  submission.idempotency_key = "once";
  ASSERT_TRUE(Submit(kAlice, submission));
  submission.command = {"/bin/false"};
  const auto refused = Submit(kAlice, submission);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
}

// F35
TEST_F(LocalServiceTest, ShowsAndCancelsToOthersNothingOfAUsersJob) {
  const JobId job = AWaitingJobOf(kAlice);
  EXPECT_EQ(daemon.service().Show(kBob, job).error().code, ErrorCode::kDenied);
  EXPECT_EQ(daemon.service().Why(kBob, job).error().code, ErrorCode::kDenied);
  EXPECT_EQ(daemon.service().LogPaths(kBob, job, false).error().code, ErrorCode::kDenied);
  EXPECT_EQ(Cancel(kBob, job).error().code, ErrorCode::kDenied);
  EXPECT_THAT(*daemon.service().List(kBob, {}), IsEmpty());
  EXPECT_THAT(*daemon.service().List(kAlice, {}), SizeIs(1));
  EXPECT_TRUE(daemon.service().Show(kRoot, job));
  EXPECT_EQ(daemon.Job(job).state, JobState::kWaiting);
}

TEST_F(LocalServiceTest, KnowsNothingOfAJobThatNeverWas) {
  EXPECT_EQ(daemon.service().Show(kRoot, JobId{99}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Cancel(kRoot, JobId{99}).error().code, ErrorCode::kNotFound);
}

TEST_F(LocalServiceTest, CancelsAWaitingJobForGood) {
  const JobId job = AWaitingJobOf(kAlice);
  EXPECT_EQ(Cancel(kAlice, job)->record.outcome, JobOutcome::kCancelled);
  EXPECT_EQ(daemon.Job(job).message, "cancelled by alice");
  EXPECT_THAT(daemon.executor.killed, IsEmpty());
}

TEST_F(LocalServiceTest, KillsARunningJobThatIsCancelledAndWaitsForItsEnd) {
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  EXPECT_EQ(Cancel(kRoot, job)->record.state, JobState::kStopping);
  EXPECT_THAT(daemon.executor.killed, ElementsAre(AttemptId{job, 1}));
  daemon.executor.End({job, 1}, Signaled{9});
  daemon.Tick();
  EXPECT_EQ(daemon.Job(job).outcome, JobOutcome::kCancelled);
}

// The wish is durable before anything is killed.
TEST_F(LocalServiceTest, KillsNothingForACancelThatWasNotStored) {
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  daemon.service().Cancel(kRoot, job, [](auto) {});
  EXPECT_THAT(daemon.executor.killed, IsEmpty());
  daemon.Crash();
  EXPECT_EQ(daemon.Job(job).state, JobState::kRunning);
}

// I4
TEST_F(LocalServiceTest, ChangesNothingOfAFinishedJobThatIsCancelled) {
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  daemon.executor.End({job, 1}, Exited{0});
  daemon.Tick();
  EXPECT_EQ(Cancel(kRoot, job)->record.outcome, JobOutcome::kSucceeded);
}

TEST_F(LocalServiceTest, DecidesAboutAWholeListBeforeItAnswers) {
  const auto answer = Sync(kRoot, {Wanted("small"), Wanted("large", kRoot, 9 * kGiB)});
  ASSERT_TRUE(answer);
  ASSERT_THAT(answer->jobs, SizeIs(2));
  EXPECT_EQ(answer->jobs[0].record.state, JobState::kRunning);
  EXPECT_EQ(answer->jobs[1].record.state, JobState::kWaiting);
  EXPECT_EQ(answer->jobs[1].decision->reason, Reason::kOverTarget);
}

TEST_F(LocalServiceTest, StartsNothingTwiceWhenAListIsHandedOverAgain) {
  const JobId job = Sync(kRoot, {Wanted("a")})->jobs[0].record.id;
  EXPECT_EQ(Sync(kRoot, {Wanted("a")})->jobs[0].record.id, job);
  daemon.executor.End({job, 1}, Exited{0});
  daemon.Tick();
  const auto after_its_end = Sync(kRoot, {Wanted("a")});
  EXPECT_EQ(after_its_end->jobs[0].record.id, job);
  EXPECT_EQ(after_its_end->jobs[0].record.outcome, JobOutcome::kSucceeded);
  EXPECT_THAT(daemon.executor.launched, SizeIs(1));
}

TEST_F(LocalServiceTest, WithdrawsWhatIsNoLongerWantedUnlessItRuns) {
  ASSERT_TRUE(Sync(kRoot, {Wanted("runs"), Wanted("waits", kRoot, 9 * kGiB)}));
  const auto answer = Sync(kRoot, {});
  ASSERT_THAT(answer->withdrawn, SizeIs(1));
  EXPECT_EQ(daemon.Job(answer->withdrawn[0]).outcome, JobOutcome::kWithdrawn);
  EXPECT_EQ(daemon.book().unfinished().size(), 1U);
}

TEST_F(LocalServiceTest, TakesBackAJobThatWasWithdrawnAndIsWantedAgain) {
  AWaitingJobOf(kRoot);
  const JobId withdrawn = Sync(kRoot, {Wanted("a")})->jobs[0].record.id;
  ASSERT_TRUE(Sync(kRoot, {}));
  const auto again = Sync(kRoot, {Wanted("a")});
  EXPECT_NE(again->jobs[0].record.id, withdrawn);
  EXPECT_EQ(again->jobs[0].record.state, JobState::kWaiting);
}

// F35
TEST_F(LocalServiceTest, LetsNoListReachAnotherUsersJobs) {
  AWaitingJobOf(kAlice);
  ASSERT_TRUE(Sync(kAlice, {Wanted("a", kAlice)}));
  const auto refused = Sync(kBob, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
  EXPECT_EQ(daemon.book().unfinished().size(), 3U);
}

TEST_F(LocalServiceTest, SaysWhyAJobWaitsWithNumbersHoldersAndPlace) {
  const JobId first = AWaitingJobOf(kAlice), second = AWaitingJobOf(kAlice);
  const WhyView why = *daemon.service().Why(kAlice, second);
  EXPECT_THAT(why.job.explanation, HasSubstr("free under the target"));
  EXPECT_EQ(why.job.position, 2);
  EXPECT_THAT(why.ahead, ElementsAre(first));
  ASSERT_THAT(why.holders, SizeIs(1));
  EXPECT_EQ(why.holders[0].holder.amount, 9 * kGiB);
  EXPECT_TRUE(why.account);
}

TEST_F(LocalServiceTest, SaysWhatIsShortAndWhatWouldStartIt) {
  daemon.collector.used_bytes["1-1"] = 9 * kGiB;
  const JobId job = AWaitingJobOf(kAlice);  // 1 GiB; 9 of 9.6 are taken
  const WhyView why = *daemon.service().Why(kAlice, job);
  ASSERT_FALSE(why.needs.empty());
  EXPECT_EQ(why.needs[0].needed, kGiB);
  EXPECT_GT(why.needs[0].short_by(), 0);
  EXPECT_EQ(why.changes.changes.front().kind, ChangeKind::kEnd);
  ASSERT_TRUE(why.planned);
  EXPECT_EQ(why.planned->foretold, Foretold::kUnknown);  // nobody said how long the other runs
  EXPECT_EQ(why.holders[0].ends.source, LifetimeSource::kUnknown);
}

TEST_F(LocalServiceTest, PlansStartsFromDeclaredDurations) {
  JobSubmission large = AskedBy(kRoot, 9 * kGiB);
  large.duration = std::chrono::minutes(10);
  daemon.collector.used_bytes["1-1"] = 9 * kGiB;
  daemon.Submit(large);
  daemon.Tick();
  const JobId waiting = Submit(kAlice, AskedBy(kAlice))->record.id;
  daemon.Tick();
  const PlanView plan = *daemon.service().GetPlan(kAlice);
  ASSERT_THAT(plan.jobs, SizeIs(1));
  EXPECT_EQ(plan.jobs[0].planned.now.job, waiting);
  EXPECT_EQ(plan.jobs[0].planned.foretold, Foretold::kExpected);
  EXPECT_GT(plan.jobs[0].planned.p50, std::chrono::minutes(9));
  EXPECT_LT(plan.jobs[0].planned.p50, std::chrono::minutes(11));
}

TEST_F(LocalServiceTest, TriesAJobWithoutStoringIt) {
  AWaitingJobOf(kAlice);
  const std::size_t before = daemon.book().unfinished().size();
  const TrialView small = *daemon.service().Try(kBob, AskedBy(kBob, kMiB));
  const TrialView large = *daemon.service().Try(kBob, AskedBy(kBob, 2 * kGiB));
  EXPECT_EQ(large.job.decision->reason, Reason::kOverTarget);
  EXPECT_EQ(large.job.position, 2);
  EXPECT_EQ(large.job.resolved->memory_source, RequestSource::kDeclared);
  EXPECT_FALSE(large.changes.changes.empty());
  EXPECT_NE(small.job.decision->reason, Reason::kNeverFits);
  EXPECT_EQ(daemon.service().Try(kBob, AskedBy(kBob, 99 * kGiB))->job.decision->verdict,
            Verdict::kReject);
  EXPECT_EQ(daemon.book().unfinished().size(), before);
  EXPECT_FALSE(daemon.book().HasUncommitted());
}

TEST_F(LocalServiceTest, HoldsStartsAgainstWhatWasForetoldFirst) {
  JobSubmission large = AskedBy(kRoot, 9 * kGiB);
  large.duration = std::chrono::seconds(60);
  daemon.collector.used_bytes["1-1"] = 9 * kGiB;
  const JobId holds = daemon.Submit(large);
  daemon.Tick();
  Submit(kAlice, AskedBy(kAlice));
  for (int i = 0; i < 12; ++i) daemon.Tick();  // it is foretold: in less than a minute
  daemon.executor.End(daemon.Attempt(holds), Exited{0});
  daemon.Tick();
  EXPECT_THAT(daemon.service().MetricsText(),
              HasSubstr("headroom_eta_starts_total{fell=\"early\"} 1"));
}

// Questions cannot hold up decisions: between two cycles they have so much work in all.
TEST_F(LocalServiceTest, CutsAnswersShortWhenTooMuchIsAskedBetweenTwoCycles) {
  AWaitingJobOf(kAlice);
  int answered = 0;
  while (daemon.service().Try(kBob, AskedBy(kBob, 2 * kGiB))->changes.searched_all)
    ASSERT_LT(++answered, 100'000);
  EXPECT_GT(answered, 10);
  auto asked = daemon.service().Try(kBob, AskedBy(kBob, 2 * kGiB));
  for (int more = 0; asked && more < 1000; ++more)
    asked = daemon.service().Try(kBob, AskedBy(kBob, 2 * kGiB));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::kExhausted);
  daemon.Tick();
  EXPECT_TRUE(daemon.service().Try(kBob, AskedBy(kBob, 2 * kGiB))->changes.searched_all);
}

TEST_F(LocalServiceTest, SaysWhenAJobThatCouldNotBeStartedIsTriedAgain) {
  daemon.executor.refuse_launch = Error{ErrorCode::kExhausted, "no space", ENOSPC};
  const JobId job = daemon.Submit(kGiB);
  daemon.Tick();
  EXPECT_THAT(daemon.service().Show(kRoot, job)->explanation,
              AllOf(HasSubstr("no space"), HasSubstr("next try in 1")));
}

TEST_F(LocalServiceTest, HasNoOutputOfAJobThatHasNotStarted) {
  const JobId job = AWaitingJobOf(kAlice);
  EXPECT_EQ(daemon.service().LogPaths(kAlice, job, false).error().code, ErrorCode::kNotFound);
}

TEST_F(LocalServiceTest, HidesTheEventsOfOthersJobsAndMovesOnBehindThem) {
  const JobId job = AWaitingJobOf(kAlice);
  ASSERT_TRUE(Cancel(kAlice, job));
  const int64_t last = *daemon.store().LastEvent();
  const EventPage bobs = *daemon.service().Events(kBob, 0, 1000);
  for (const Event& event : bobs.events) EXPECT_FALSE(event.job) << event.kind;
  EXPECT_EQ(bobs.last, last);
}

TEST_F(LocalServiceTest, RefusesToGoOnAfterAnEventOfAnotherStateDirectory) {
  const int64_t last = *daemon.store().LastEvent();
  EXPECT_TRUE(daemon.service().Events(kRoot, last, 10));
  const auto beyond = daemon.service().Events(kRoot, last + 1, 10);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kInvalid);
}

TEST_F(LocalServiceTest, TellsTheLifeOfAJobInOrder) {
  const JobId job = Submit(kRoot, AskedBy(kRoot))->record.id;
  daemon.Tick();
  daemon.executor.End({job, 1}, Exited{0});
  daemon.Tick();
  EXPECT_THAT(EventKinds(),
              ElementsAre("job_submitted", "job_admitted", "job_started", "job_finished"));
}

TEST_F(LocalServiceTest, PutsAReloadedPolicyInForce) {
  std::ofstream(daemon.policy_path()) << R"({"admission": {"target": {"memory": 0.7}}})";
  ASSERT_THAT(daemon.service().ReloadPolicy(kRoot)->problems, IsEmpty());
  EXPECT_EQ(daemon.service().policy().target.memory, 0.7);
  EXPECT_EQ(daemon.service().policy_generation(), 2);
  EXPECT_THAT(EventKinds(), ElementsAre("policy_reloaded"));
}

TEST_F(LocalServiceTest, DecidesTheShadowPolicyBesideTheOneInForce) {
  std::ofstream(daemon.policy_path() + ".bold") << R"({"admission": {"target": {"memory": 0.8}}})";
  std::ofstream(daemon.policy_path())
      << R"({"shadow_policy": ")" << std::filesystem::path(daemon.policy_path()).filename().string()
      << R"(.bold"})";
  EXPECT_FALSE(daemon.service().GetStatus(kRoot)->shadow);
  ASSERT_THAT(daemon.service().ReloadPolicy(kRoot)->problems, IsEmpty());
  AWaitingJobOf(kAlice);
  daemon.Tick();
  const auto shadow = daemon.service().GetStatus(kRoot)->shadow;
  ASSERT_TRUE(shadow);
  EXPECT_EQ(shadow->would_start, 1);
  std::ofstream(daemon.policy_path()) << "{}";
  ASSERT_THAT(daemon.service().ReloadPolicy(kRoot)->problems, IsEmpty());
  EXPECT_FALSE(daemon.service().GetStatus(kRoot)->shadow);
}

// F45
TEST_F(LocalServiceTest, KeepsTheOldPolicyAndSaysWhereTheNewOneIsWrong) {
  std::ofstream(daemon.policy_path()) << R"({"tick": "0s", "admission": {"margin": -1}})";
  EXPECT_THAT(daemon.service().ReloadPolicy(kRoot)->problems, SizeIs(2));
  EXPECT_EQ(daemon.service().policy_generation(), 1);
  EXPECT_THAT(EventKinds(), ElementsAre("policy_refused"));
  EXPECT_THAT(daemon.service().Events(kRoot, 0, 10)->events[0].detail, HasSubstr("/tick"));
}

TEST_F(LocalServiceTest, LetsOnlyAdministratorsReloadThePolicy) {
  EXPECT_EQ(daemon.service().ReloadPolicy(kAlice).error().code, ErrorCode::kDenied);
}

// I10
TEST_F(LocalServiceTest, IsNotReadyWhileTheHostCannotBeMeasured) {
  daemon.Tick();
  EXPECT_THAT(daemon.service().NotReady(), IsEmpty());
  daemon.collector.host_reads = false;
  daemon.Tick(std::chrono::seconds(10));
  EXPECT_THAT(daemon.service().NotReady(), SizeIs(1));
}

TEST_F(LocalServiceTest, SumsUpWhereEverythingStands) {
  AWaitingJobOf(kAlice);
  const StatusView status = *daemon.service().GetStatus(kRoot);
  EXPECT_EQ(status.jobs_by_state.at("waiting"), 1);
  EXPECT_EQ(status.jobs_by_state.at("running"), 1);
  ASSERT_THAT(status.running, SizeIs(1));
  EXPECT_EQ(status.account->expected_charge.memory_bytes, 9 * kGiB);
}

TEST(LocalService, HandsOutTheDecisionLogToAdministratorsOnly) {
  ADaemon daemon;
  Caller root;
  root.admin = true;
  const WallTime now = daemon.clock.WallNow();
  EXPECT_EQ(daemon.service().ReadDecisions(root, now, 100).error().code, ErrorCode::kNotFound);
  daemon.Submit(kGiB);
  daemon.Tick();
  const auto piece = daemon.service().ReadDecisions(root, now, 100);
  ASSERT_TRUE(piece) << piece.error().message;
  EXPECT_EQ(piece->bytes.size(), 100U);
  EXPECT_EQ(piece->offset, 0);
  EXPECT_FALSE(piece->complete);
  const auto rest = daemon.service().ReadDecisions(root, 100, 1 << 20);
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->complete);
  EXPECT_EQ(daemon.service().ReadDecisions({}, now, 100).error().code, ErrorCode::kDenied);
}

TEST(LocalService, ShowsKeysOnlyToThoseWhoRanThem) {
  ADaemon daemon;
  for (const auto& [key, uid] : {std::pair("mine", 1000), std::pair("theirs", 1001)}) {
    PastAttemptOfKey past = APastAttempt(key).Used({kGiB, 1, 1}).Ran(std::chrono::seconds(9));
    past.uid = static_cast<uid_t>(uid);
    past.declared_memory_bytes = 4 * kGiB;
    ASSERT_TRUE(daemon.store().AddHistory(past));
  }
  ASSERT_TRUE(daemon.store().Commit());
  Caller alice;
  alice.uid = 1000;
  const auto own = daemon.service().Keys(alice, "");
  ASSERT_TRUE(own);
  ASSERT_EQ(own->size(), 1);
  EXPECT_EQ(own->front().key, "mine");
  EXPECT_EQ(own->front().next->request.memory_bytes, 4 * kGiB);
  EXPECT_EQ(own->front().next->memory_source, RequestSource::kDeclared);
  EXPECT_EQ(daemon.service().Keys(alice, "theirs").error().code, ErrorCode::kNotFound);
  Caller root = alice;
  root.admin = true;
  EXPECT_EQ(daemon.service().Keys(root, "")->size(), 2);
}

PastAttemptOfKey AnImported(std::string origin, std::string key) {
  PastAttemptOfKey past =
      APastAttempt(std::move(key)).Used({5 * kGiB, 0, 1}).Ran(std::chrono::minutes(10));
  past.origin = std::move(origin);
  past.tenant = "study";
  return past;
}

ImportedHistory Import(ADaemon& daemon, std::vector<PastAttemptOfKey> attempts) {
  std::optional<Result<ImportedHistory>> answer;
  daemon.service().ImportHistory(std::move(attempts), [&](auto imported) { answer = imported; });
  EXPECT_EQ(answer, std::nullopt);  // not before it is durable
  EXPECT_TRUE(daemon.book().Commit());
  return answer->value();
}

JobId SubmitOfKey(ADaemon& daemon, std::string key) {
  JobSubmission submission;
  submission.command = {"/bin/true"};
  submission.key = std::move(key);
  submission.tenant = "study";
  return daemon.Submit(std::move(submission));
}

TEST(LocalService, CountsImportedAttemptsLikeItsOwn) {
  ADaemon daemon;
  const JobId job = SubmitOfKey(daemon, "study:measures");
  EXPECT_EQ(Import(daemon, {AnImported("a", "study:measures"), AnImported("b", "study:measures"),
                            AnImported("c", "study:measures")}),
            (ImportedHistory{3, 0}));
  const JobView view = daemon.service().Show(kRoot, job).value();
  EXPECT_EQ(view.resolved->memory_source, RequestSource::kHistory);
  EXPECT_EQ(view.resolved->request.memory_bytes, 5 * kGiB);
  EXPECT_NE(daemon.loop().foresight().PastOf(KeyNumber("study:measures")), nullptr);
}

TEST(LocalService, RemembersAnImportedAttemptOnce) {
  ADaemon daemon;
  EXPECT_EQ(Import(daemon, {AnImported("a", "k"), AnImported("a", "k")}), (ImportedHistory{1, 1}));
  EXPECT_EQ(Import(daemon, {AnImported("a", "k"), AnImported("b", "k")}), (ImportedHistory{1, 1}));
  daemon.Crash();
  EXPECT_EQ(Import(daemon, {AnImported("a", "k"), AnImported("b", "k")}), (ImportedHistory{0, 2}));
  EXPECT_EQ(daemon.store().History("k").value()->attempts, 2);
  EXPECT_EQ(daemon.loop().foresight().PastOf(KeyNumber("k"))->attempts().size(), 2);
}

TEST(LocalService, ForeseesAWaitingJobFromWhatIsImported) {
  ADaemon daemon;
  daemon.collector.host_reads = false;  // nothing starts
  const JobId job = SubmitOfKey(daemon, "k");
  daemon.Tick();
  std::vector<PastAttemptOfKey> attempts;
  for (int i = 0; i < 40; ++i) attempts.push_back(AnImported("o" + std::to_string(i), "k"));
  Import(daemon, attempts);
  daemon.Tick();
  const auto present = daemon.loop().LookNow();
  ASSERT_EQ(present.waiting.size(), 1);
  EXPECT_EQ(present.waiting.front().id, job);
  EXPECT_EQ(present.waiting.front().outlook->places, std::nullopt);  // no new key any more
}

}  // namespace
}  // namespace headroom
