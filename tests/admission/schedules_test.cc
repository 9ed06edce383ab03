#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "admission/decide.h"
#include "admission/gate.h"
#include "tests/support/admission_builders.h"

// A whole life of a host for each seed: jobs come, run, lie about their size and end, while
// measurements fail, pressure comes and goes, others use the host, policies are reloaded, launches
// fail and the daemon forgets what it only had in memory. At every step the invariants of
// docs/faults.md hold; in the end everybody has run who fits.
namespace headroom {
namespace {

using namespace test;
using std::chrono::seconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSchedulesOfAShard = 400;  // a sanitizer is some thirty times slower
#else
constexpr uint64_t kSchedulesOfAShard = 12'500;
#endif
constexpr uint64_t kShards = 8;

constexpr int64_t kWhole = 1000;
constexpr int kTroubledTicks = 25;

struct LivingJob {
  WaitingJob job;
  ResourceVector truth;  // what it uses
  int64_t length = 1;    // in ticks
  std::optional<TimePoint> started;
  ResourceVector reserved;
};

class Life {
 public:
  explicit Life(uint64_t seed) : random_(SeedOf(seed)), policy_(APolicy()) { gate_.since = now_; }

  void Run() {
    for (int tick = 0; tick < kTroubledTicks; ++tick) {
      if (OneIn(2)) Submit(1 + Up(3));
      Trouble();
      Tick();
      if (::testing::Test::HasFailure()) return;
    }
    Calm();
    const int64_t bound = LongestDrain();
    const JobId first_of_stream{next_id_};
    const auto all_have_run = [&] {
      return jobs_.empty() || jobs_.begin()->first >= first_of_stream;
    };
    for (int64_t tick = 0; tick < bound && !all_have_run(); ++tick) {
      if (policy_.queue.order != QueueOrder::kJobRunner) SubmitASmallOne();
      Tick();
      if (::testing::Test::HasFailure()) return;
    }
    EXPECT_TRUE(all_have_run()) << "job " << jobs_.begin()->first.value << " waits for ever";  // I7
  }

 private:
  static std::mt19937_64 SeedOf(uint64_t seed) {
    std::seed_seq sequence{seed, uint64_t{0xC0FFEE}};
    return std::mt19937_64(sequence);
  }
  int64_t Up(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }
  bool OneIn(int64_t n) { return Up(n) == 0; }

  Policy APolicy() {
    Policy policy = HalfTheHost();
    policy.warm_up = seconds(Up(5));
    policy.gate_quiet = seconds(Up(4));
    policy.tokens = {{"db", 2}};
    policy.queue.order = static_cast<QueueOrder>(Up(3));
    if (OneIn(2)) policy.queue.due_after = seconds(Up(30));
    policy.queue.reserved = 1 + Up(3);
    if (OneIn(2)) policy.queue.ageing.reset();
    if (OneIn(3)) policy.queue.discipline = QueueDiscipline::kStrict;
    if (OneIn(3)) policy.max_jobs = 1 + Up(6);
    if (OneIn(3)) policy.tenants = {{"*", 1, 0.2, {}, {}, 1 + Up(4), {}}};
    return policy;
  }

  void Submit(int64_t count) {
    for (; count > 0; --count) {
      LivingJob living;
      WaitingJob& job = living.job;
      job.id = {next_id_++};
      job.priority = static_cast<int32_t>(Up(3));
      job.submitted_at = now_;
      job.request = {1 + Up(OneIn(8) ? 1100 : 250), 1 + Up(OneIn(8) ? 1100 : 250), 1 + Up(200), {}};
      if (OneIn(4)) job.request += Tokens("db", 1 + Up(OneIn(5) ? 3 : 2));
      job.tenant = static_cast<uint64_t>(Up(3));
      job.key = static_cast<uint64_t>(Up(4));
      living.length = 1 + Up(12);
      if (!OneIn(3)) job.duration = seconds(1 + Up(20));
      const int64_t percent = OneIn(6) ? 200 : 20 + Up(80);  // some use twice what they asked for
      living.truth = {job.request.memory_bytes * percent / 100,
                      job.request.cpu_millis * percent / 100,
                      job.request.pids,
                      {}};
      jobs_.emplace(job.id, std::move(living));
    }
  }

  // One of a stream without end, which keeps the host as busy as it may.
  void SubmitASmallOne() {
    LivingJob living;
    WaitingJob& job = living.job;
    job.id = {next_id_++};
    job.priority = 2;
    job.submitted_at = now_;
    job.request = {40 + Up(60), 40 + Up(60), 1, {}};
    living.length = 2 + Up(8);
    if (OneIn(2)) job.duration = seconds(living.length);
    living.truth = job.request;
    jobs_.emplace(job.id, std::move(living));
  }

  void Trouble() {
    blind_ = OneIn(8);
    stale_ = !blind_ && OneIn(10);
    pressure_ = OneIn(6) ? static_cast<double>(Up(60)) : 0;
    reading_is_missing_ = OneIn(15);
    if (OneIn(10)) outside_ = Up(3) * 300;
    if (OneIn(12)) policy_ = APolicy();
    if (OneIn(12)) Restart();
    unobserved_ = OneIn(8);
    launches_fail_ = OneIn(10);
  }

  // From here on the bound holds: what waits is of one tenant and ages, durations are true.
  void Calm() {
    policy_.tenants.clear();
    policy_.queue.ageing = seconds(1 + Up(20));
    for (auto& [id, living] : jobs_) {
      living.job.tenant = 0;
      if (living.job.duration) living.job.duration = seconds(living.length);
    }
    past_use_ = {};
    blind_ = stale_ = reading_is_missing_ = unobserved_ = launches_fail_ = false;
    pressure_ = 0;
    outside_ = 0;
  }

  // What is only in memory is gone.
  void Restart() {
    resting_ = {};
    trim_ = {};
    past_use_ = {};
    gate_ = {};
    gate_.since = now_;
  }

  // Everybody one after the other, each after what runs when its turn comes; before that as long as
  // they may be passed, and until their priorities are level.
  int64_t LongestDrain() const {
    int64_t ticks = 200;
    for (const auto& [id, living] : jobs_) ticks += living.length + 12;
    return ticks;
  }

  Snapshot Look() {
    Snapshot snapshot;
    snapshot.now = now_;
    if (!blind_) {
      const TimePoint measured_at = stale_ ? now_ - seconds(60) : now_;
      snapshot.host = HostView{
          measured_at, {kWhole, kWhole, kWhole, policy_.tokens}, {outside_, outside_ / 2, 0, {}}};
    }
    const PressureReading reading{PressureResource::kMemory, PressureKind::kSome,
                                  reading_is_missing_ ? std::nullopt : std::optional(pressure_),
                                  false};
    const PressureReading full{PressureResource::kMemory, PressureKind::kFull, 0, false};
    gate_ = NextGate(gate_, {{reading, full}}, policy_.gate, policy_.gate_quiet, now_);
    snapshot.gate = gate_;
    snapshot.resting = resting_;
    snapshot.trim = trim_;
    snapshot.past_use = past_use_;
    snapshot.mean_duration = seconds(4);
    for (const auto& [id, living] : jobs_) {
      if (!living.started) continue;
      RunningJob job;
      job.id = id;
      job.request = living.reserved;
      job.admitted_at = *living.started;
      job.duration = living.job.duration;
      job.key = living.job.key;
      job.tenant = living.job.tenant;
      if (!unobserved_)
        job.observed = {living.truth.memory_bytes, living.truth.cpu_millis, living.truth.pids};
      snapshot.running.push_back(std::move(job));
    }
    return snapshot;
  }

  void Tick() {
    now_ += seconds(1);
    End();
    const Snapshot snapshot = Look();
    std::vector<WaitingJob> waiting;
    for (const auto& [id, living] : jobs_)
      if (!living.started) waiting.push_back(living.job);
    const Decisions decisions = Decide(snapshot, waiting, policy_);
    Check(snapshot, waiting, decisions);
    Apply(decisions);
    resting_ = decisions.resting;
    trim_ = decisions.trim;
    past_use_ = decisions.past_use;
  }

  void End() {
    std::erase_if(jobs_, [&](const auto& entry) {
      const LivingJob& living = entry.second;
      return living.started && now_ - *living.started >= seconds(living.length);
    });
  }

  void Apply(const Decisions& decisions) {
    for (const Decision& decision : decisions.jobs) {
      if (decision.verdict == Verdict::kReject) {
        jobs_.erase(decision.job);
        over_.insert(decision.job);
      }
      if (decision.verdict != Verdict::kAdmit || launches_fail_) continue;
      LivingJob& living = jobs_.at(decision.job);
      living.started = now_;
      living.reserved = living.job.request;
    }
  }

  void Check(const Snapshot& snapshot, const std::vector<WaitingJob>& waiting,
             const Decisions& decisions) {
    ASSERT_EQ(decisions.jobs.size(), waiting.size());
    ResourceVector admitted;
    int64_t starts = 0;
    bool idle_start = false;
    for (const Decision& decision : decisions.jobs) {
      ASSERT_FALSE(over_.contains(decision.job));  // I4
      if (decision.verdict != Verdict::kAdmit) continue;
      ++starts;
      idle_start |= decision.reason == Reason::kIdleHost;
      admitted += jobs_.at(decision.job).job.request;
    }
    if (blind_ || stale_ || gate_.position == GatePosition::kClosed) {
      ASSERT_EQ(starts, 0);  // I10
    }
    if (starts > 0 && !idle_start) {  // I1
      ASSERT_EQ(FirstShortfall(admitted, decisions.account->expected_free), std::nullopt);
      ASSERT_EQ(FirstShortfall(admitted, decisions.account->peak_free), std::nullopt);
    }
    if (policy_.max_jobs && starts > 0) {
      ASSERT_LE(std::ssize(snapshot.running) + starts, *policy_.max_jobs);
    }
    if (OneIn(16)) CheckThatItIsTheSameAgain(snapshot, waiting, decisions);
  }

  void CheckThatItIsTheSameAgain(Snapshot snapshot, std::vector<WaitingJob> waiting,
                                 const Decisions& decisions) {  // I8
    std::ranges::shuffle(snapshot.running, random_);
    std::ranges::shuffle(waiting, random_);
    const Decisions again = Decide(snapshot, waiting, policy_);
    ASSERT_EQ(again, decisions);
    for (std::size_t i = 0; i < decisions.jobs.size(); ++i)
      ASSERT_EQ(Explain(again.jobs[i], snapshot, policy_),
                Explain(decisions.jobs[i], snapshot, policy_));
  }

  std::mt19937_64 random_;
  Policy policy_;
  TimePoint now_ = kNow;
  int64_t next_id_ = 1;
  std::map<JobId, LivingJob> jobs_;
  std::set<JobId> over_;  // rejected
  GateState gate_;
  Resting resting_;
  Trim trim_;
  PastUse past_use_;

  bool blind_ = false, stale_ = false, reading_is_missing_ = false, unobserved_ = false,
       launches_fail_ = false;
  double pressure_ = 0;
  int64_t outside_ = 0;
};

class Schedules : public ::testing::TestWithParam<uint64_t> {};

TEST_P(Schedules, KeepTheInvariantsAndLeaveNobodyWaiting) {  // I1 I4 I7 I8 I10
  for (uint64_t i = 0; i < kSchedulesOfAShard; ++i) {
    const uint64_t seed = GetParam() * kSchedulesOfAShard + i;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life(seed).Run();
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, Schedules, ::testing::Range(uint64_t{0}, kShards));

}  // namespace
}  // namespace headroom
