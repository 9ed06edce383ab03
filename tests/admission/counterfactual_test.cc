#include "admission/counterfactual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "admission/draw.h"
#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::IsEmpty;

constexpr JobId kJob{10};

std::vector<Change> ChangesOf(const Snapshot& host, const std::vector<WaitingJob>& waiting,
                              const Policy& policy = HalfTheHost()) {
  return WhatWouldStart(host, waiting, Decide(host, waiting, policy), policy, kJob).changes;
}

Change AskFor(Axis axis, int64_t amount) {
  return {ChangeKind::kRequest, std::move(axis), amount, {}, {}};
}
Change Ends(std::vector<JobId> jobs) { return {ChangeKind::kEnd, {}, 0, {}, std::move(jobs)}; }

TEST(Counterfactual, FindsToTheByteHowMuchLessMemoryItMayAskFor) {
  const AHost host = AHost().Running(ARunning(1).Memory(45_GiB));
  EXPECT_THAT(ChangesOf(host, {AJob(10).Memory(8_GiB)}), Contains(AskFor(kMemory, 5_GiB)));
}

TEST(Counterfactual, FindsHowMuchLessOfWhatBlocksItMayAskFor) {
  const AHost host = AHost().Running(ARunning(1).Cpu(49'000));
  EXPECT_THAT(ChangesOf(host, {AJob(10).Cpu(2'000)}), Contains(AskFor(kCpu, 1'000)));
}

TEST(Counterfactual, FindsTheJobThatHoldsLeastAndIsEnough) {
  const AHost host = AHost()
                         .Running(ARunning(1).Memory(2_GiB))
                         .Running(ARunning(2).Memory(38_GiB))
                         .Running(ARunning(3).Memory(10_GiB));
  EXPECT_THAT(ChangesOf(host, {AJob(10).Memory(8_GiB)}), Contains(Ends({{3}})));
}

TEST(Counterfactual, FindsAFewJobsWhereNoneAloneIsEnough) {
  AHost host;
  for (int64_t id = 1; id <= 5; ++id) host.Running(ARunning(id).Memory(10_GiB));
  const std::vector<Change> changes = ChangesOf(host, {AJob(10).Memory(15_GiB)});
  const auto ends = std::ranges::find(changes, ChangeKind::kEnd, &Change::kind);
  ASSERT_NE(ends, changes.end());
  EXPECT_EQ(ends->jobs.size(), 2U);
}

TEST(Counterfactual, FindsWhoseTokenWouldHaveToBeFreed) {
  Policy policy = HalfTheHost();
  policy.tokens = {{"db", 2}};
  const AHost host = AHost().Running(ARunning(1)).Running(ARunning(2).Token("db", 2));
  const Change freed{ChangeKind::kToken, {Dimension::kToken, "db"}, 1, {}, {{2}}};
  EXPECT_THAT(ChangesOf(host, {AJob(10).Token("db", 1)}, policy), Contains(freed));
}

TEST(Counterfactual, FindsTheLeastPriorityThatIsEnough) {
  const AHost host = AHost().Running(ARunning(1).Memory(30_GiB).EndsIn(minutes(5)));
  const std::vector<WaitingJob> waiting{AJob(2).Memory(15_GiB).Priority(3),
                                        AJob(3).Memory(15_GiB).Priority(7),
                                        AJob(10).Memory(20_GiB)};
  // Going before job 2 would leave 5 GiB; only before both there are 20.
  EXPECT_THAT(ChangesOf(host, waiting), Contains(Change{ChangeKind::kPriority, {}, 8, {}, {}}));
}

TEST(Counterfactual, FindsTheLongestDurationWithWhichItIsOverBeforeADrainWindow) {
  Policy policy = HalfTheHost();
  policy.windows = {{"db", {}, {}, std::chrono::hours(1), true, {}, {}}};
  Snapshot host = AHost();
  host.windows = {{0, kNow + minutes(20), kNow + minutes(80)}};
  EXPECT_THAT(ChangesOf(host, {AJob(10).Memory(1_GiB)}, policy),
              ::testing::ElementsAre(Change{ChangeKind::kDuration, {}, 0, minutes(20), {}}));
  host.windows = {{0, kNow - minutes(20), kNow + minutes(40)}};
  EXPECT_THAT(ChangesOf(host, {AJob(10).Memory(1_GiB)}, policy), IsEmpty());
}

TEST(Counterfactual, FindsTheLongestDurationWithWhichItMayPass) {
  const AHost host = AHost().Running(ARunning(1).Memory(40_GiB).EndsIn(minutes(5)));
  const std::vector<WaitingJob> waiting{AJob(2).Memory(50_GiB), AJob(10).Memory(5_GiB)};
  EXPECT_THAT(ChangesOf(host, waiting),
              Contains(Change{ChangeKind::kDuration, {}, 0, minutes(5), {}}));
}

TEST(Counterfactual, SaysThatThereIsNoneBehindAClosedGate) {
  const AHost host = AHost().Gate(GatePosition::kClosed).Running(ARunning(1).Memory(1_GiB));
  EXPECT_THAT(ChangesOf(host, {AJob(10).Memory(1_GiB)}), IsEmpty());
}

TEST(Counterfactual, SaysWhereItStoppedSearching) {
  const AHost host = AHost().Running(ARunning(1).Memory(45_GiB));
  const std::vector<WaitingJob> waiting{AJob(10).Memory(8_GiB)};
  const Decisions decisions = Decide(host, waiting, HalfTheHost());
  EXPECT_FALSE(WhatWouldStart(host, waiting, decisions, HalfTheHost(), kJob, 90).searched_all);
  EXPECT_TRUE(WhatWouldStart(host, waiting, decisions, HalfTheHost(), kJob).searched_all);
}

TEST(Counterfactual, TriesOnAllOfALongQueueWhatItFindsAmongThoseAhead) {
  const AHost host = AHost().Running(ARunning(1).Memory(45_GiB));
  std::vector<WaitingJob> waiting{AJob(10).Memory(8_GiB)};
  for (int64_t id = 11; id < 1511; ++id) waiting.push_back(AJob(id).Memory(8_GiB));
  const auto found =
      WhatWouldStart(host, waiting, Decide(host, waiting, HalfTheHost()), HalfTheHost(), kJob);
  EXPECT_THAT(found.changes, Contains(Ends({{1}})));
  EXPECT_THAT(found.changes, Contains(AskFor(kMemory, 5_GiB)));
}

TEST(Needs, SayForEveryDimensionWhatIsMissing) {
  Policy policy = HalfTheHost();
  policy.tokens = {{"db", 2}};
  const Snapshot host = AHost().Running(ARunning(1).Memory(45_GiB).Cpu(10'000).Token("db", 2));
  const std::vector<WaitingJob> waiting{AJob(2).Cpu(1'000),
                                        AJob(10).Memory(8_GiB).Cpu(2'000).Token("db", 1)};
  const auto needs = NeedsOf(host, waiting, Decide(host, waiting, policy), policy, kJob);
  const Need memory{kMemory, Need::Line::kTarget, 8_GiB, 5_GiB};
  EXPECT_THAT(needs, Contains(memory));
  EXPECT_EQ(memory.short_by(), 3_GiB);
  EXPECT_THAT(needs, Contains(Need{kMemory, Need::Line::kCeiling, 8_GiB, 45_GiB}));
  EXPECT_THAT(needs, Contains(Need{kCpu, Need::Line::kTarget, 2'000, 39'000}));  // after job 2
  EXPECT_THAT(needs, Contains(Need{{Dimension::kToken, "db"}, Need::Line::kCount, 1, 0}));
}

// A host, a queue and a policy in some state, made from rapidcheck's own draws.
int64_t Up(int64_t below) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<int64_t>(0, below));
}
bool OneIn(int64_t n) { return Up(n) == 0; }

ResourceVector ARequest(int64_t scale) {
  ResourceVector request{Up(scale) << 20, Up(scale), Up(scale), {}};
  if (OneIn(4)) request += Tokens("db", 1 + Up(3));
  return request;
}
std::optional<Duration> Lasts() {
  return OneIn(3) ? std::nullopt : std::optional<Duration>(seconds(1 + Up(600)));
}

uint64_t ATenant() { return KeyNumber(OneIn(2) ? "a" : "b"); }

Situation ASituation() {
  Situation some;
  Snapshot& snapshot = some.snapshot;
  snapshot.now = kNow;
  snapshot.host = HostView{kNow, {1000 << 20, 1000, 1000, {}}, {Up(200) << 20, Up(100), 0, {}}};
  for (int64_t id = Up(8); id > 0; --id) {
    RunningJob job;
    job.id = {id};
    job.request = ARequest(200);
    job.admitted_at = kNow - seconds(Up(300));
    job.duration = Lasts();
    job.tenant = ATenant();
    if (OneIn(2)) job.observed = {job.request.memory_bytes / 2, job.request.cpu_millis / 2, 1};
    snapshot.running.push_back(std::move(job));
  }
  snapshot.resting = {OneIn(5), OneIn(8), false};
  for (int64_t id = 100 + Up(12); id >= 100; --id) {
    WaitingJob job = AJob(id).Priority(static_cast<int32_t>(Up(3)));
    job.request = ARequest(300);
    job.duration = Lasts();
    job.tenant = ATenant();
    some.waiting.push_back(std::move(job));
  }
  return some;
}

Policy APolicy() {
  Policy policy = HalfTheHost();
  policy.tokens = {{"db", 4}};
  if (OneIn(4)) policy.max_jobs = Up(10);
  if (OneIn(4)) policy.queue.discipline = QueueDiscipline::kStrict;
  policy.queue.order = static_cast<QueueOrder>(Up(3));
  if (OneIn(3)) policy.queue.due_after = seconds(Up(4000));
  policy.queue.reserved = 1 + Up(3);
  TenantPolicy a, b;
  a.name = "a";
  a.quota = 0.1 * static_cast<double>(Up(5));
  b.name = "b";
  b.most_jobs = 1 + Up(5);
  if (OneIn(3)) policy.tenants.push_back(a);
  if (OneIn(3)) policy.tenants.push_back(b);
  return policy;
}

bool Starts(const Situation& situation, const Policy& policy, JobId job) {
  const Decisions decisions = Decide(situation.snapshot, situation.waiting, policy);
  return std::ranges::find(decisions.jobs, job, &Decision::job)->verdict == Verdict::kAdmit;
}

// Its every answer is true of the whole queue, and no smaller change would do.
RC_GTEST_PROP(CounterfactualProperty, EveryChangeStartsTheJobAndNothingLessDoes, ()) {
  const Situation situation = ASituation();
  const Policy policy = APolicy();
  for (const WaitingJob& job : situation.waiting) {
    if (Starts(situation, policy, job.id)) continue;
    const auto found =
        WhatWouldStart(situation.snapshot, situation.waiting,
                       Decide(situation.snapshot, situation.waiting, policy), policy, job.id);
    RC_ASSERT(found.searched_all);
    for (Change change : found.changes) {
      RC_ASSERT(Starts(After(situation, job.id, change), policy, job.id));
      if (change.kind == ChangeKind::kRequest) {
        change.amount += 1;
        RC_ASSERT(!Starts(After(situation, job.id, change), policy, job.id));
      }
      if (change.kind != ChangeKind::kEnd || change.jobs.size() < 2) continue;
      for (std::size_t i = 0; i < change.jobs.size(); ++i) {
        Change fewer = change;
        fewer.jobs.erase(fewer.jobs.begin() + static_cast<std::ptrdiff_t>(i));
        RC_ASSERT(!Starts(After(situation, job.id, fewer), policy, job.id));
      }
    }
  }
}

}  // namespace
}  // namespace headroom
