#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "record/replay.h"
#include "tests/support/a_daemon.h"

namespace headroom {
namespace {

using record::PlayUntil;
using record::Replay;
using record::TakeFrame;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsSupersetOf;

const WallTime kForEver = WallTime(milliseconds(INT64_MAX / 2));

// From the last span that began at `at` or before.
std::string LogFrom(Store& store, WallTime at) {
  const auto begins = store.FindDecisions(at);
  EXPECT_TRUE(begins);
  std::string bytes;
  for (int64_t offset = begins->value_or(0);;) {
    const auto piece = store.ReadDecisions(offset, 10'000);
    EXPECT_TRUE(piece) << piece.error().message;
    if (!piece || piece->empty()) return bytes;
    bytes += *piece;
    offset += std::ssize(*piece);
  }
}

std::string LastSpan(Store& store) { return LogFrom(store, kForEver); }

using ByInstant = std::map<TimePoint, Decisions>;

// All cycles that a replay makes of them, or why it stopped.
Result<ByInstant> Replayed(std::string_view bytes) {
  Replay replay;
  ByInstant decisions;
  while (!bytes.empty()) {
    const auto frame = TakeFrame(bytes);
    if (!frame) return tl::unexpected(frame.error());
    auto played = replay.Take(*frame);
    if (!played) return tl::unexpected(played.error());
    if (*played) decisions[(*played)->snapshot.now] = std::move((*played)->decisions);
  }
  return decisions;
}

JobSubmission OfKey(const std::string& key) {
  JobSubmission submission;
  submission.command = {"/bin/true"};
  submission.key = key;
  submission.name = key;
  return submission;
}

// One tenant has a quota, one a limit, and others neither.
Policy WithTenants() {
  Policy policy;
  TenantPolicy quota, limit;
  quota.name = "tenant-1";
  quota.quota = 0.8;
  limit.name = "tenant-2";
  limit.most_jobs = 1;
  policy.tenants = {quota, limit};
  return policy;
}

// A day in small: many keys of some tenants, jobs that grow, end and run out of memory, and people
// who ask between two cycles.
class ABusyDaemon {
 public:
  explicit ABusyDaemon(Policy policy = WithTenants()) : daemon(std::move(policy)) {}

  ADaemon daemon;
  ByInstant decided;  // in all cycles
  ByInstant busy;     // in which something ran or waited

  void Run(int cycles) {
    for (int i = 0; i < cycles; ++i, ++cycle_) {
      if (cycle_ % 3 == 0) Submit();
      Grow();
      if (cycle_ % 4 == 1) EndOne();
      if (cycle_ % 6 == 0) daemon.loop().LookNow();
      daemon.Tick();
      Note();
    }
  }
  void Restart() {
    // What is written with a later commit is not lost by a start, as nothing came of it.
    Flush();
    daemon.Crash();
    Note();
  }
  void Flush() {
    daemon.Submit(kGiB);
    Run(1);
  }

 private:
  void Note() {
    const auto& view = daemon.loop().last();
    decided[view.snapshot.now] = view.decisions;
    if (!view.snapshot.running.empty() || !view.decisions.jobs.empty())
      busy[view.snapshot.now] = view.decisions;
  }
  void Submit() {
    static constexpr int kKeys = 11;
    JobSubmission submission = OfKey("key-" + std::to_string(cycle_ % kKeys));
    if (cycle_ % 4 != 0) submission.tenant = "tenant-" + std::to_string(cycle_ % 4);
    submission.priority = cycle_ % 2;
    if (cycle_ % 5 == 0) submission.request.memory_bytes = kGiB;
    if (cycle_ % 60 == 45) submission.request.memory_bytes = 9 * kGiB;   // of tenant-1: it waits
    if (cycle_ % 50 == 0) submission.request.memory_bytes = 900 * kGiB;  // is rejected
    daemon.Submit(std::move(submission));
  }
  void Grow() {
    for (const AttemptId& id : daemon.executor.Live()) {
      const int64_t age = ++ages_[id.job.value];
      daemon.collector.used_bytes[ToString(id)] = (100 + 7 * age + id.job.value % 13) * kMiB;
    }
  }
  void EndOne() {
    const auto live = daemon.executor.Live();
    if (live.empty()) return;
    const AttemptId& id = live[static_cast<std::size_t>(cycle_) % live.size()];
    const bool is_full = cycle_ % 20 == 1;
    AttemptUsage usage;
    usage.peak_memory_bytes = daemon.collector.used_bytes[ToString(id)] + 50 * kMiB;
    const TimePoint now = daemon.clock.Now();
    daemon.executor.End(id, Exited{is_full || cycle_ % 7 == 0 ? 1 : 0},
                        is_full ? OomCause::kJobLimit : OomCause::kNone, usage,
                        now - seconds(ages_[id.job.value]));
    daemon.executor.EndedAt(id, now);
  }

  int cycle_ = 0;
  std::map<int64_t, int64_t> ages_;
};

TEST(DecisionLog, ReplaysEveryCycleToTheLastBit) {
  ABusyDaemon busy;
  busy.Run(900);
  busy.Flush();
  const auto replayed = Replayed(LastSpan(busy.daemon.store()));
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_GT(replayed->size(), 100U);
  for (const auto& [now, decisions] : *replayed) EXPECT_EQ(decisions, busy.decided.at(now));
  for (const auto& [now, decisions] : busy.busy)
    EXPECT_TRUE(now < replayed->begin()->first || replayed->contains(now));
}

std::set<Reason> ReasonsIn(const ByInstant& decided) {
  std::set<Reason> reasons;
  for (const auto& [now, decisions] : decided)
    for (const Decision& decision : decisions.jobs) reasons.insert(decision.reason);
  return reasons;
}

TEST(DecisionLog, ReplaysWhatTenantsHoldBack) {
  ABusyDaemon busy;
  busy.Run(300);
  busy.Flush();
  const auto replayed = Replayed(LastSpan(busy.daemon.store()));
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(ReasonsIn(*replayed), ReasonsIn(busy.busy));
  EXPECT_THAT(ReasonsIn(*replayed),
              IsSupersetOf({Reason::kFits, Reason::kTenantLimit, Reason::kBeyondQuota}));
}

TEST(DecisionLog, ReplaysOverARestartAndAReload) {
  ABusyDaemon busy;
  busy.Run(150);
  busy.Restart();
  busy.Run(100);
  Policy other = WithTenants();
  other.tenants.pop_back();
  other.target = {0.4, 0.4, 0.8};
  other.resume = {0.37, 0.37, 0.77};
  busy.daemon.loop().SetPolicy(other);
  busy.Run(100);
  busy.Flush();
  const auto replayed = Replayed(LastSpan(busy.daemon.store()));
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_GE(replayed->size(), 200U);
  for (const auto& [now, decisions] : *replayed) EXPECT_EQ(decisions, busy.decided.at(now));
}

TEST(DecisionLog, NoticesEveryByteThatChanged) {
  ABusyDaemon busy;
  busy.Run(40);
  busy.Flush();
  const std::string bytes = LastSpan(busy.daemon.store());
  ASSERT_TRUE(Replayed(bytes));
  for (std::size_t i = 0; i < bytes.size(); i += 97) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    EXPECT_FALSE(Replayed(changed)) << "byte " << i;
  }
}

// Framed again, so that nothing but the decisions gives it away.
TEST(DecisionLog, NoticesAPolicyThatWasNotTheOneInForce) {
  ABusyDaemon busy;
  busy.Run(60);
  busy.Flush();
  const std::string bytes = LastSpan(busy.daemon.store());
  std::string changed;
  for (std::string_view left = bytes; !left.empty();) {
    const auto frame = TakeFrame(left);
    ASSERT_TRUE(frame);
    std::string payload(frame->payload);
    const std::size_t at = payload.find("\"ceiling\"");
    if (at != payload.npos) payload.replace(payload.find("0.9", at), 3, "0.8");
    changed += record::Framed(frame->kind, payload);
  }
  ASSERT_NE(changed, bytes);
  const auto replayed = Replayed(changed);
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().code, ErrorCode::kConflict);
}

// What a cycle adds while so many jobs run whose use changes all the time.
std::size_t BytesOfACycle(int jobs) {
  Policy policy;
  policy.mode = AdmissionMode::kNone;
  ADaemon daemon(policy);
  for (int i = 0; i < jobs; ++i) {
    JobSubmission submission = OfKey("key-" + std::to_string(i % 40));
    submission.tenant = "tenant-" + std::to_string(i % 25);
    daemon.Submit(std::move(submission));
  }
  daemon.Tick();
  const auto cycles = [&](int count) {
    for (int i = 0; i < count; ++i) {
      for (const AttemptId& id : daemon.executor.Live())
        daemon.collector.used_bytes[ToString(id)] += (1 + (id.job.value * 7 + i) % 40) * 100 * kKiB;
      daemon.Tick();
    }
    return LastSpan(daemon.store()).size();
  };
  const std::size_t before = cycles(20);
  return (cycles(20) - before) / 20;
}

TEST(DecisionLog, TakesFewBytesForACycle) {
  const std::size_t with_50 = BytesOfACycle(50), with_1000 = BytesOfACycle(1000);
  RecordProperty("bytes_of_a_cycle_with_50_jobs", std::to_string(with_50));
  RecordProperty("bytes_of_a_cycle_with_1000_jobs", std::to_string(with_1000));
  EXPECT_LE(with_50, 700U);
  EXPECT_LE(with_1000, 10'000U);
}

TEST(DecisionLog, WritesNothingWhileNothingRunsOrWaits) {
  ADaemon daemon;
  for (int i = 0; i < 100; ++i) daemon.Tick();
  EXPECT_EQ(LastSpan(daemon.store()), "");
}

TEST(DecisionLog, PlaysUntilAnInstantFromTheLastCheckpointBeforeIt) {
  ABusyDaemon busy;
  busy.Run(700);
  const ControlLoop::View then = busy.daemon.loop().last();
  const WallTime at = busy.daemon.clock.WallNow();
  busy.Run(40);
  busy.Flush();
  Replay replay;
  const auto played = PlayUntil(LastSpan(busy.daemon.store()), at + milliseconds(400), replay);
  ASSERT_TRUE(played) << played.error().message;
  EXPECT_EQ(played->at, at);
  EXPECT_EQ(played->decisions, then.decisions);
  EXPECT_EQ(played->snapshot.running.size(), then.snapshot.running.size());
}

TEST(DecisionLog, SaysThatNothingIsKeptFromBeforeIt) {
  ABusyDaemon busy;
  busy.Run(40);
  busy.Flush();
  Replay replay;
  const auto played = PlayUntil(LastSpan(busy.daemon.store()), WallTime(milliseconds(1)), replay);
  ASSERT_FALSE(played);
  EXPECT_EQ(played.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(played.error().message, HasSubstr("1970-01-01T00:00:00.001Z"));
}

TEST(DecisionLog, BeginsWithTheSpanOfAnInstantAndEndsWithTheLast) {
  ABusyDaemon busy;
  busy.Run(150);
  busy.Restart();
  const WallTime second_span = busy.daemon.clock.WallNow();
  busy.Run(50);
  busy.Flush();
  Store& store = busy.daemon.store();
  const std::string all = LogFrom(store, WallTime(milliseconds(1)));
  EXPECT_EQ(LogFrom(store, second_span - seconds(60)), all);
  const std::string last = LogFrom(store, second_span + seconds(10));
  ASSERT_LT(last.size(), all.size());
  EXPECT_TRUE(all.ends_with(last));
  const auto replayed = Replayed(all);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_GE(replayed->size(), 200U);
}

TEST(DecisionLog, RefusesToReadWhatIsNotThere) {
  ABusyDaemon busy;
  busy.Run(20);
  busy.Flush();
  const auto beyond = busy.daemon.store().ReadDecisions(1 << 30, 10);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kNotFound);
}

// It begins anew with all that is remembered: what ends meanwhile needs that room more.
TEST(DecisionLog, WaitsForACommitWithoutItAfterOneThatFailed) {
  const TempDir dir{MemoryBacked()};
  const FakeClock clock;
  const auto store = Store::Open(dir / "headroom.db").value();
  JobBook book(*store, clock, "boot");
  ASSERT_TRUE(book.Load());
  DecisionLog log(book);
  Foresight foresight;
  const Policy policy;
  const auto bytes_after = [&](int second, bool committed) {
    Snapshot snapshot;
    snapshot.now = TimePoint(seconds(second));
    snapshot.running.emplace_back().id = JobId{1};
    const Decisions decisions;
    log.Begin(snapshot.now, policy.retention, foresight, {}, false);
    log.Note({clock.WallNow(), policy, 1, {}, {}, snapshot, {}, decisions});
    EXPECT_TRUE(log.Store(snapshot.now, clock.WallNow(), policy.retention));
    if (committed)
      EXPECT_TRUE(book.Commit());
    else
      store->Rollback();
    log.Settle(committed);
    return LastSpan(*store).size();
  };
  EXPECT_EQ(bytes_after(100, false), 0U);
  EXPECT_EQ(bytes_after(200, true), 0U);
  EXPECT_GT(bytes_after(300, true), 0U);
}

TEST(DecisionLog, IsOffWhereThePolicyKeepsNothingOfIt) {
  Policy policy;
  policy.retention.decision_bytes = 0;
  ADaemon daemon(policy);
  daemon.Submit(kGiB);
  for (int i = 0; i < 30; ++i) daemon.Tick();
  EXPECT_EQ(LastSpan(daemon.store()), "");
}

}  // namespace
}  // namespace headroom
