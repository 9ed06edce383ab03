#include "daemon/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "daemon/sqlite.h"
#include "tests/daemon/a_job_record.h"
#include "tests/daemon/a_past_attempt.h"
#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AQuery {
 public:
  AQuery& State(JobState state) { return query_.state = state, *this; }
  AQuery& Uid(uid_t uid) { return query_.uid = uid, *this; }
  AQuery& Source(std::string source) { return query_.source = std::move(source), *this; }
  AQuery& After(int64_t id) { return query_.after = JobId{id}, *this; }
  AQuery& NewestFirst() { return query_.newest_first = true, *this; }
  AQuery& Limit(std::size_t limit) { return query_.limit = limit, *this; }
  operator JobQuery() const { return query_; }  // NOLINT(google-explicit-constructor)

 private:
  JobQuery query_;
};

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Reopen(); }

  void Reopen() {
    store_.reset();
    store_ = Store::Open(path_).value();
  }
  JobId Insert(const JobRecord& record) { return store_->Insert(record).value(); }
  JobRecord Get(JobId id) { return store_->Find(id).value().value(); }
  static std::vector<int64_t> IdsOf(const Result<std::vector<JobRecord>>& jobs) {
    std::vector<int64_t> ids;
    for (const auto& job : jobs.value()) ids.push_back(job.id.value);
    return ids;
  }
  std::vector<int64_t> Ids(const JobQuery& query) { return IdsOf(store_->List(query)); }
  std::vector<PastAttemptOfKey> Histories() {
    std::vector<PastAttemptOfKey> all;
    EXPECT_TRUE(store_->Histories([&](PastAttemptOfKey past) { all.push_back(std::move(past)); }));
    return all;
  }
  void AddAttempt(const std::string& key, const AttemptUsage& usage, Duration duration) {
    ASSERT_TRUE(store_->AddHistory(APastAttempt(key).Used(usage).Ran(duration)));
  }

  TempDir dir_{MemoryBacked()};
  const std::string path_ = dir_ / "headroom.db";
  std::unique_ptr<Store> store_;
};

// Every field another value, none of them a default.
JobRecord EveryField() {
  JobRecord job;
  job.submission.command = {"sh", "-c", "", "a b\n\"'"};
  job.submission.working_directory = "/data";
  job.submission.environment = {{"A", "1=2"}, {"EMPTY", ""}, {"ÄÖ", "\xff\xfe"}};
  job.submission.stdin_path = "/data/in";
  job.submission.user = "alice";
  job.submission.uid = 4000000000;
  job.submission.name = "name";
  job.submission.tenant = "tenant";
  job.submission.key = "key";
  job.submission.priority = -7;
  job.submission.request = {int64_t{1} << 40, 2500, 12, {{"db", 2}, {"licence", 1}}};
  job.submission.memory_max_bytes = int64_t{1} << 41;
  job.submission.cpu_max_millis = 64000;
  job.submission.pids_max = 4096;
  job.submission.duration = std::chrono::minutes(10);
  job.submission.idempotency_key = "once";
  job.submission.source = "jobserver";
  job.submission.external_id = "x-1";
  job.state = JobState::kFinished;
  job.outcome = JobOutcome::kOomKilled;
  job.attempt = 3;
  job.submitted_at = WallTime(std::chrono::milliseconds(1700000000123));
  job.started_at = WallTime(std::chrono::milliseconds(1700000000456));
  job.finished_at = WallTime(std::chrono::milliseconds(1700000000789));
  job.submitted_boottime = TimePoint(Duration(-5));
  job.admitted_boottime = TimePoint(Duration(123456789));
  job.boot_id = "3f2b";
  job.reserved = ResourceVector{1, 2, 3, {{"db", 2}}};
  job.exit_code = 137;
  job.signal = 9;
  job.oom = OomCause::kPoolLimit;
  job.message = "message";
  job.usage = {11, 12, 13};
  job.stdout_dropped = {14, 0};
  job.stderr_dropped = {15, ENOSPC};
  return job;
}

TEST_F(StoreTest, KeepsEveryFieldOfAJob) {
  JobRecord job = EveryField();
  job.id = Insert(job);
  EXPECT_EQ(Get(job.id), job);
  ASSERT_TRUE(store_->Commit());
  Reopen();
  EXPECT_EQ(Get(job.id), job);
}

TEST_F(StoreTest, KeepsAbsentFieldsAbsent) {
  JobRecord job;
  job.id = Insert(job);
  EXPECT_EQ(Get(job.id), job);
}

TEST_F(StoreTest, TellsZeroFromAbsent) {
  JobRecord job;
  job.submission.request = {0, 0, 0, {}};
  job.submission.memory_max_bytes = job.submission.cpu_max_millis = job.submission.pids_max = 0;
  job.submission.duration = Duration(0);
  job.started_at = job.finished_at = WallTime{};
  job.admitted_boottime = TimePoint{};
  job.reserved = ResourceVector{};
  job.exit_code = job.signal = 0;
  job.usage = {0, 0, 0};
  job.submission.command = {""};
  job.submission.environment = {{"", ""}};
  job.id = Insert(job);
  EXPECT_EQ(Get(job.id), job);
}

TEST_F(StoreTest, UpdateReplacesEveryField) {
  const JobId id = Insert(JobRecord());
  JobRecord job = EveryField();
  job.id = id;
  ASSERT_TRUE(store_->Update(job));
  EXPECT_EQ(Get(id), job);
}

TEST_F(StoreTest, UpdateOfAnUnknownJobIsNotFound) {
  JobRecord job;
  job.id = JobId{7};
  EXPECT_EQ(store_->Update(job).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->Find(job.id).value(), std::nullopt);
}

// I4
TEST_F(StoreTest, AFinishedJobNeverChanges) {
  JobRecord job = AJobRecord().Finished();
  job.id = Insert(job);
  JobRecord changed = job;
  changed.outcome = JobOutcome::kFailed;
  EXPECT_EQ(store_->Update(changed).error().code, ErrorCode::kConflict);
  changed.state = JobState::kRunning;
  changed.outcome.reset();
  EXPECT_EQ(store_->Update(changed).error().code, ErrorCode::kConflict);
  changed = job;
  changed.submission.name = "another";
  EXPECT_EQ(store_->Update(changed).error().code, ErrorCode::kConflict);
  EXPECT_EQ(Get(job.id), job);
}

TEST_F(StoreTest, AnOutcomeBelongsToAFinishedJobAndToNoOther) {
  JobRecord job = AJobRecord().Finished();
  job.outcome.reset();
  EXPECT_EQ(store_->Insert(job).error().code, ErrorCode::kInvalid);
  job.state = JobState::kRunning;
  job.outcome = JobOutcome::kFailed;
  EXPECT_EQ(store_->Insert(job).error().code, ErrorCode::kInvalid);
}

// F36
TEST_F(StoreTest, RefusesANulThatWouldSplitAnArgument) {
  JobRecord job = AJobRecord();
  job.submission.command = {"sh", std::string("a\0b", 3)};
  EXPECT_EQ(store_->Insert(job).error().code, ErrorCode::kInvalid);
  job = AJobRecord();
  job.submission.environment = {{"A", std::string("\0B=1", 4)}};
  EXPECT_EQ(store_->Insert(job).error().code, ErrorCode::kInvalid);
  EXPECT_THAT(Ids({}), IsEmpty());
}

// F36
TEST_F(StoreTest, TakesTextAsTextAndNeverAsSql) {
  JobRecord job = AJobRecord("'; DROP TABLE jobs; --");
  job.submission.source = "' OR 1=1 --";
  job.id = Insert(job);
  EXPECT_EQ(Get(job.id), job);
  EXPECT_EQ(store_->FindBySource("x' OR 1=1 --", "").value(), std::nullopt);
}

// I2
TEST_F(StoreTest, AnIdempotencyKeyIsTakenOncePerUser) {
  const JobId first = Insert(AJobRecord().Uid(1).Key("k"));
  EXPECT_EQ(store_->Insert(AJobRecord().Uid(1).Key("k")).error().code, ErrorCode::kConflict);
  const JobId other = Insert(AJobRecord().Uid(2).Key("k"));
  EXPECT_EQ(store_->FindByIdempotencyKey(1, "k").value()->id, first);
  EXPECT_EQ(store_->FindByIdempotencyKey(2, "k").value()->id, other);
  EXPECT_EQ(store_->FindByIdempotencyKey(3, "k").value(), std::nullopt);
}

TEST_F(StoreTest, AnEmptyIdempotencyKeyIsNone) {
  Insert(AJobRecord().Uid(1));
  Insert(AJobRecord().Uid(1));
  EXPECT_EQ(store_->FindByIdempotencyKey(1, "").value(), std::nullopt);
}

TEST_F(StoreTest, ACallersMistakeLeavesTheRestOfTheTransaction) {
  const JobId first = Insert(AJobRecord().Key("k"));
  EXPECT_FALSE(store_->Insert(AJobRecord("twice").Key("k")));
  const JobId second = Insert(AJobRecord());
  ASSERT_TRUE(store_->Commit());
  EXPECT_THAT(Ids({}), ElementsAre(first.value, second.value));
  EXPECT_EQ(store_->statistics().errors, 0);
}

TEST_F(StoreTest, FindsTheLatestJobOfASource) {
  Insert(AJobRecord().From("s", "a").Finished());
  const JobId latest = Insert(AJobRecord().From("s", "a"));
  Insert(AJobRecord().From("s", "b"));
  Insert(AJobRecord().From("t", "a"));
  Insert(AJobRecord());
  EXPECT_EQ(store_->FindBySource("s", "a").value()->id, latest);
  EXPECT_EQ(store_->FindBySource("t", "b").value(), std::nullopt);
  EXPECT_EQ(store_->FindBySource("", "").value(), std::nullopt);
}

TEST_F(StoreTest, ListsByEveryFilterAndTheirCombinations) {
  Insert(AJobRecord().Uid(1).From("s", "a"));                            // 1
  Insert(AJobRecord().Uid(2).From("s", "b").State(JobState::kRunning));  // 2
  Insert(AJobRecord().Uid(1).From("t", "a").Finished());                 // 3
  Insert(AJobRecord().Uid(1).From("s", "c").Finished());                 // 4
  EXPECT_THAT(Ids({}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Ids(AQuery().State(JobState::kFinished)), ElementsAre(3, 4));
  EXPECT_THAT(Ids(AQuery().Uid(1)), ElementsAre(1, 3, 4));
  EXPECT_THAT(Ids(AQuery().Source("s")), ElementsAre(1, 2, 4));
  EXPECT_THAT(Ids(AQuery().State(JobState::kWaiting).Uid(1).Source("s")), ElementsAre(1));
  EXPECT_THAT(Ids(AQuery().State(JobState::kFinished).Uid(1).Source("s")), ElementsAre(4));
  EXPECT_THAT(Ids(AQuery().State(JobState::kRunning).Uid(1)), IsEmpty());
}

TEST_F(StoreTest, ListsPageByPageInBothDirections) {
  for (int i = 1; i <= 5; ++i) Insert(AJobRecord());
  EXPECT_THAT(Ids(AQuery().Limit(2)), ElementsAre(1, 2));
  EXPECT_THAT(Ids(AQuery().After(2).Limit(2)), ElementsAre(3, 4));
  EXPECT_THAT(Ids(AQuery().NewestFirst().Limit(2)), ElementsAre(5, 4));
  EXPECT_THAT(Ids(AQuery().After(4).NewestFirst().Limit(9)), ElementsAre(3, 2, 1));
  EXPECT_THAT(Ids(AQuery().Limit(0)), IsEmpty());
}

TEST_F(StoreTest, UnfinishedAreAllButTheFinishedById) {
  Insert(AJobRecord().State(JobState::kStopping));
  Insert(AJobRecord().Finished());
  Insert(AJobRecord().State(JobState::kRunning));
  Insert(AJobRecord().State(JobState::kStarting));
  Insert(AJobRecord());
  EXPECT_THAT(IdsOf(store_->Unfinished()), ElementsAre(1, 3, 4, 5));
}

TEST_F(StoreTest, CountsEveryStateAlsoThoseWithoutJobs) {
  Insert(AJobRecord());
  Insert(AJobRecord());
  Insert(AJobRecord().Finished());
  const std::map<std::string, int64_t> expected = {
      {"waiting", 2}, {"starting", 0}, {"running", 0}, {"stopping", 0}, {"finished", 1}};
  EXPECT_EQ(store_->CountByState().value(), expected);
}

TEST_F(StoreTest, HistoryOfAnUnknownKeyIsAbsent) {
  AddAttempt("other", {}, std::chrono::seconds(1));
  EXPECT_EQ(store_->History("key").value(), std::nullopt);
}

TEST_F(StoreTest, HistoryIsThePeaksAndThe90thPercentileOfTheDuration) {
  for (int second = 1; second <= 20; ++second) {
    AddAttempt("key", {100 * second, 21 - second, 500000}, std::chrono::seconds(second));
  }
  const KeyHistory expected{20, 2000, 500, 20, std::chrono::seconds(18), std::chrono::seconds(10)};
  EXPECT_EQ(store_->History("key").value(), expected);
}

TEST_F(StoreTest, HistoryKeepsWhatWasNotMeasuredAbsent) {
  AddAttempt("key", {std::nullopt, 3, std::nullopt}, Duration(0));
  const KeyHistory expected{1, std::nullopt, std::nullopt, 3, Duration(0), Duration(0)};
  EXPECT_EQ(store_->History("key").value(), expected);
}

TEST_F(StoreTest, HistoryForgetsAllButTheLast128AttemptsOfAKey) {
  AddAttempt("other", {7, 7, 7}, std::chrono::hours(7));
  AddAttempt("key", {1000, 1000, 1000}, std::chrono::hours(1));
  for (int i = 0; i < 128; ++i) AddAttempt("key", {1, 1, 1000}, std::chrono::milliseconds(1));
  const KeyHistory expected{
      128, 1, 1000, 1, std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
  EXPECT_EQ(store_->History("key").value(), expected);
  EXPECT_EQ(store_->History("other").value()->attempts, 1);
}

TEST_F(StoreTest, HistoryKeepsAllThatIsKnownOfAnAttempt) {
  PastAttemptOfKey past = APastAttempt("key")
                              .Ran(std::chrono::seconds(9))
                              .Used({1 << 30, 5, 8'000'000})
                              .Started(WallTime(std::chrono::hours(400'000)));
  past.job = JobId{42};
  past.outcome = JobOutcome::kOomKilled;
  past.oom = OomCause::kJobLimit;
  past.attempt.memory_kill = MemoryKill::kOwnLimit;
  past.declared_memory_bytes = 3;
  past.declared_cpu_millis = 4;
  past.limit_memory_bytes = 5;
  past.limit_cpu_millis = 6;
  past.origin = "elsewhere: 7";
  past.attempt.request_memory_bytes = 8;
  past.attempt.request_cpu_millis = 9;
  past.attempt.growth.emplace();
  for (int second = 0; second < 100; ++second)
    past.attempt.growth->Record(std::chrono::seconds(second), {second / 3.0, second / 7.0});
  const PastAttemptOfKey barely = APastAttempt("other");
  ASSERT_TRUE(store_->AddHistory(past));
  ASSERT_TRUE(store_->AddHistory(barely));
  EXPECT_EQ(Histories(), (std::vector{past, barely}));
}

// The last 128 by their starts: the long ones of a burst end last, and are as old as the others.
TEST_F(StoreTest, HistoryForgetsThoseThatStartedFirst) {
  for (int i = 1; i <= 128; ++i)
    ASSERT_TRUE(store_->AddHistory(
        APastAttempt("key").Ran(std::chrono::seconds(i)).Started(WallTime(std::chrono::hours(i)))));
  ASSERT_TRUE(
      store_->AddHistory(APastAttempt("key").Ran(std::chrono::seconds(999)).Started(WallTime{})));
  const auto kept = Histories();
  ASSERT_EQ(kept.size(), 128);
  EXPECT_EQ(kept.back().attempt.duration, std::chrono::seconds(128));
  ASSERT_TRUE(store_->AddHistory(
      APastAttempt("key").Ran(std::chrono::seconds(7)).Started(WallTime(std::chrono::hours(999)))));
  EXPECT_EQ(Histories().front().attempt.duration, std::chrono::seconds(2));
}

TEST_F(StoreTest, PruningForgetsTheKeysThatEndedFirstBeyondSoMany) {
  for (int64_t key = 0; key <= kMostKeys; ++key)
    ASSERT_TRUE(store_->AddHistory(APastAttempt("key " + std::to_string(key))));
  ASSERT_TRUE(store_->AddHistory(APastAttempt("key 0")));
  ASSERT_TRUE(store_->Prune({}, 1));
  EXPECT_EQ(store_->History("key 0").value()->attempts, 2);
  EXPECT_EQ(store_->History("key 1").value(), std::nullopt);
  EXPECT_EQ(store_->History("key 2").value()->attempts, 1);
}

TEST_F(StoreTest, HistoryAsksForMoreAfterAnAttemptRanOutOfMemory) {
  PastAttemptOfKey past = APastAttempt("key").Used({5 << 20, 1, 1});
  past.oom = OomCause::kJobLimit;
  past.attempt.request_memory_bytes = 1 << 20;
  ASSERT_TRUE(store_->AddHistory(past));
  EXPECT_EQ(store_->History("key").value()->memory_floor_bytes, 101 << 20);
}

TEST_F(StoreTest, HistoryTakesAGrowthThatMakesNoSenseForNone) {
  PastAttemptOfKey past = APastAttempt("key").Used({1, 2, 3}).Grew({});
  ASSERT_TRUE(store_->AddHistory(past));
  ASSERT_TRUE(store_->Commit());
  store_.reset();
  auto db = Database::Open(path_).value();
  ASSERT_TRUE(db->Run("UPDATE history SET growth = x'00ff'"));
  db.reset();
  store_ = Store::Open(path_).value();
  past.attempt.growth.reset();
  EXPECT_EQ(Histories(), std::vector{past});
}

TEST_F(StoreTest, EventsAreReadInOrderFromWhereAConsumerStopped) {
  const Event first{0, WallTime(std::chrono::milliseconds(5)), "job_submitted", JobId{1}, "{}"};
  const Event second{0, WallTime(std::chrono::milliseconds(4)), "gate_changed", std::nullopt,
                     R"({"to":"closed"})"};
  EXPECT_EQ(store_->LastEvent().value(), 0);
  ASSERT_TRUE(store_->Append(first));
  ASSERT_TRUE(store_->Append(second));
  EXPECT_EQ(store_->LastEvent().value(), 2);
  const auto numbered = [](Event event, int64_t sequence) {
    event.sequence = sequence;
    return event;
  };
  EXPECT_THAT(store_->EventsAfter(0, 10).value(),
              ElementsAre(numbered(first, 1), numbered(second, 2)));
  EXPECT_THAT(store_->EventsAfter(0, 1).value(), ElementsAre(numbered(first, 1)));
  EXPECT_THAT(store_->EventsAfter(1, 10).value(), ElementsAre(numbered(second, 2)));
  EXPECT_THAT(store_->EventsAfter(2, 10).value(), IsEmpty());
}

TEST_F(StoreTest, SequencesAndIdsGoOnAfterEverythingWasPruned) {
  Insert(AJobRecord().Finished());
  ASSERT_TRUE(store_->Append({}));
  ASSERT_TRUE(store_->Prune({0, 0}, 100));
  ASSERT_TRUE(store_->Commit());
  Reopen();
  EXPECT_THAT(store_->EventsAfter(0, 10).value(), IsEmpty());
  EXPECT_EQ(store_->LastEvent().value(), 1);
  ASSERT_TRUE(store_->Append({}));
  EXPECT_EQ(store_->LastEvent().value(), 2);
  EXPECT_EQ(Insert(AJobRecord()), JobId{2});
}

TEST_F(StoreTest, PruneKeepsTheUnfinishedAndThoseThatFinishedLast) {
  JobRecord early = AJobRecord();  // submitted first, finished last
  early.id = Insert(early);
  Insert(AJobRecord().Finished());
  Insert(AJobRecord().Finished());
  const JobId waiting = Insert(AJobRecord());
  early.state = JobState::kFinished;
  early.outcome = JobOutcome::kSucceeded;
  ASSERT_TRUE(store_->Update(early));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store_->Append({}));
  const auto gone = store_->Prune({1, 2}, 100);
  ASSERT_TRUE(gone);
  EXPECT_THAT(*gone, testing::SizeIs(2));
  EXPECT_THAT(Ids({}), ElementsAre(early.id.value, waiting.value));
  EXPECT_EQ(store_->EventsAfter(0, 10).value().front().sequence, 4);
}

TEST_F(StoreTest, PrunesNotMoreJobsThanAskedThoseThatFinishedFirst) {
  for (int i = 0; i < 5; ++i) Insert(AJobRecord().Finished());
  const auto gone = store_->Prune({1, 1000}, 3);
  ASSERT_TRUE(gone);
  EXPECT_THAT(*gone, testing::SizeIs(3));
  EXPECT_THAT(Ids({}), ElementsAre(4, 5));
}

TEST_F(StoreTest, PruneFreesIdempotencyKeys) {
  Insert(AJobRecord().Key("k").Finished());
  ASSERT_TRUE(store_->Prune({0, 0}, 100));
  EXPECT_TRUE(store_->Insert(AJobRecord().Key("k")));
}

TEST_F(StoreTest, ReadsSeeWhatIsNotCommittedAndRollbackUndoesIt) {
  const JobId id = Insert(AJobRecord());
  EXPECT_TRUE(store_->Find(id).value());
  store_->Rollback();
  EXPECT_EQ(store_->Find(id).value(), std::nullopt);
  ASSERT_TRUE(store_->Commit());
  EXPECT_THAT(Ids({}), IsEmpty());
}

TEST_F(StoreTest, WhatIsNotCommittedIsNotThereAfterReopening) {
  Insert(AJobRecord());
  Reopen();
  EXPECT_THAT(Ids({}), IsEmpty());
}

// Of this process, so that a busy machine does not matter.
Duration CpuTime() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

TEST_F(StoreTest, AJobsLifeCostsTheSameHoweverManyWentBefore) {
  std::vector<Duration> costs;
  for (int batch = 0; batch < 8; ++batch) {
    const Duration start = CpuTime();
    for (int i = 0; i < 1000; ++i) {
      JobRecord job = AJobRecord().From("s", std::to_string(i));
      job.id = Insert(job);
      job.state = JobState::kFinished;
      job.outcome = JobOutcome::kSucceeded;
      ASSERT_TRUE(store_->Update(job));
      ASSERT_EQ(store_->FindBySource("s", std::to_string(i)).value()->id, job.id);
      ASSERT_EQ(IdsOf(store_->List(AQuery().Source("s").NewestFirst().Limit(1))).size(), 1U);
      ASSERT_TRUE(store_->Unfinished().value().empty());
      AddAttempt("key", {}, Duration(1));
    }
    costs.push_back(CpuTime() - start);
  }
  EXPECT_LT(costs.back(), 4 * costs.front());
}

TEST_F(StoreTest, CountsCommits) {
  ASSERT_TRUE(store_->Commit());
  EXPECT_EQ(store_->statistics().commits, 0);
  Insert(AJobRecord());
  Insert(AJobRecord());
  ASSERT_TRUE(store_->Commit());
  EXPECT_EQ(store_->statistics().commits, 1);
  EXPECT_GT(store_->statistics().last_commit, Duration(0));
}

}  // namespace
}  // namespace headroom
