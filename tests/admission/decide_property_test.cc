#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include "admission/decide.h"
#include "admission/draw.h"
#include "admission/ordering.h"
#include "admission/windows.h"
#include "tests/support/admission_builders.h"

// What holds for every host and every queue. Each case is made from its own seed, which the failure
// names.
namespace headroom {
namespace {

using namespace test;

// Seeds that lie side by side give unrelated streams.
std::mt19937_64 RandomFor(uint64_t seed) {
  std::seed_seq sequence{seed, uint64_t{0x9E3779B9}};
  return std::mt19937_64(sequence);
}

class World {
 public:
  explicit World(uint64_t seed) : random_(RandomFor(seed)) {}

  int64_t Up(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }
  bool OneIn(int64_t n) { return Up(n) == 0; }

  ResourceVector Request(int64_t scale) {
    ResourceVector request{OneIn(8) ? 0 : Up(scale), OneIn(8) ? 0 : Up(scale), Up(scale), {}};
    if (OneIn(4)) request += Tokens("db", 1 + Up(3));
    if (OneIn(30)) request += Tokens("unknown", 1);
    return request;
  }
  std::optional<int64_t> Use(int64_t request) {
    if (OneIn(4)) return std::nullopt;
    return request * Up(150) / 100;
  }
  std::optional<Duration> Lasts() {
    if (OneIn(3)) return std::nullopt;
    return seconds(1 + Up(600));
  }

  uint64_t ATenant() { return OneIn(3) ? KeyNumber("ann") : static_cast<uint64_t>(Up(3)); }

  Policy APolicy() {
    Policy policy = HalfTheHost();
    policy.tokens = {{"db", 4}};
    policy.margin = 0.1;
    if (OneIn(3)) policy.max_jobs = Up(12);
    if (OneIn(4)) policy.queue.discipline = QueueDiscipline::kStrict;
    if (OneIn(6)) policy.reserve_memory_bytes = Up(300);
    policy.queue.order = static_cast<QueueOrder>(Up(3));
    policy.queue.reserved = 1 + Up(3);
    if (OneIn(3)) policy.tenants = {{"ann", 2, 0.2, {}, {}, {}, {}}, {"*", 1, 0.1, {}, {}, {}, {}}};
    if (OneIn(3)) policy.windows = {{"db", {}, {}, minutes(1), true, {}, {}}};
    return policy;
  }

  Snapshot AHostInSomeState() {
    Snapshot snapshot;
    snapshot.now = kNow;
    if (!OneIn(12)) {
      const auto age = OneIn(10) ? seconds(60) : seconds(1);
      snapshot.host = HostView{kNow - age, {1000, 1000, 1000, {}}, {Up(400), Up(400), Up(400), {}}};
    }
    for (int64_t id = OneIn(4) ? 0 : Up(8); id > 0; --id) {
      RunningJob job;
      job.id = {id};
      job.request = Request(200);
      job.admitted_at = kNow - seconds(Up(300));
      job.duration = Lasts();
      job.tenant = ATenant();
      job.observed = {Use(job.request.memory_bytes), Use(job.request.cpu_millis),
                      Use(job.request.pids)};
      snapshot.running.push_back(std::move(job));
    }
    snapshot.gate.position = OneIn(8)   ? GatePosition::kClosed
                             : OneIn(8) ? GatePosition::kClosing
                                        : GatePosition::kOpen;
    snapshot.resting = {OneIn(4), OneIn(6), OneIn(8)};
    if (OneIn(2)) snapshot.mean_duration = seconds(1 + Up(100));
    const TimePoint begins = kNow + seconds(Up(400) - 20);
    snapshot.windows = {{0, begins, begins + seconds(60)}};
    return snapshot;
  }

  std::vector<WaitingJob> AQueue() {
    std::vector<WaitingJob> waiting;
    for (int64_t id = 100 + Up(25); id >= 100; --id) {
      WaitingJob job;
      job.id = {id};
      job.priority = static_cast<int32_t>(Up(3));
      job.submitted_at = kNow - seconds(Up(10));
      job.request = Request(OneIn(10) ? 1200 : 300);
      job.duration = Lasts();
      job.tenant = ATenant();
      job.alone = OneIn(12);
      waiting.push_back(std::move(job));
    }
    return waiting;
  }

  template <class T>
  std::vector<T> Shuffled(std::vector<T> values) {
    std::shuffle(values.begin(), values.end(), random_);
    return values;
  }

 private:
  std::mt19937_64 random_;
};

struct Case {
  Policy policy;
  Snapshot snapshot;
  std::vector<WaitingJob> waiting;
  Decisions decisions;
};

constexpr uint64_t kCases = 1500;

template <class Check>
void ForEveryCase(Check check) {
  for (uint64_t seed = 0; seed < kCases && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    Case a{world.APolicy(), world.AHostInSomeState(), world.AQueue(), {}};
    a.decisions = Decide(a.snapshot, a.waiting, a.policy);
    check(a, world);
  }
}

const WaitingJob& JobOf(const Case& a, JobId id) {
  return *std::ranges::find(a.waiting, id, &WaitingJob::id);
}

ResourceVector NotNegative(ResourceVector amounts) {
  amounts.memory_bytes = std::max<int64_t>(0, amounts.memory_bytes);
  amounts.cpu_millis = std::max<int64_t>(0, amounts.cpu_millis);
  amounts.pids = std::max<int64_t>(0, amounts.pids);
  std::erase_if(amounts.tokens, [](const TokenAmount& token) { return token.count < 0; });
  return amounts;
}

TEST(DecideProperty, GivesEveryJobExactlyOneDecisionInQueueOrder) {
  ForEveryCase([](const Case& a, World&) {
    Tenants tenants(a.snapshot, a.policy,
                    a.decisions.account ? a.decisions.account->capacity : ResourceVector{});
    Line line(a.waiting, a.snapshot, a.policy, tenants);
    for (const Decision& decision : a.decisions.jobs) {
      const WaitingJob* next = line.Next();
      ASSERT_NE(next, nullptr);
      ASSERT_EQ(decision.job, next->id);
      if (decision.verdict == Verdict::kAdmit) tenants.Start(next->tenant, next->request);
    }
    ASSERT_EQ(line.Next(), nullptr);
  });
}

TEST(DecideProperty, NeverAdmitsMoreThanIsFreeOnEitherLine) {  // I1
  ForEveryCase([](const Case& a, World&) {
    ResourceVector admitted;
    for (const Decision& decision : a.decisions.jobs) {
      if (decision.reason == Reason::kFits) admitted += JobOf(a, decision.job).request;
    }
    if (admitted == ResourceVector{}) return;
    ASSERT_TRUE(a.decisions.account);
    EXPECT_EQ(FirstShortfall(admitted, NotNegative(a.decisions.account->expected_free)),
              std::nullopt);
    EXPECT_EQ(FirstShortfall(admitted, NotNegative(a.decisions.account->peak_free)), std::nullopt);
  });
}

TEST(DecideProperty, PassesTheTargetOnlyForOneJobOnAnIdleHost) {
  ForEveryCase([](const Case& a, World&) {
    const auto is_large = [](const Decision& d) { return d.reason == Reason::kIdleHost; };
    const auto large = std::ranges::find_if(a.decisions.jobs, is_large);
    if (large == a.decisions.jobs.end()) return;
    EXPECT_TRUE(a.snapshot.running.empty());
    EXPECT_EQ(std::ranges::count_if(a.decisions.jobs, is_large), 1);
    ResourceVector idle = a.decisions.account->capacity;
    idle -= a.decisions.account->unmanaged;
    idle.cpu_millis = a.decisions.account->capacity.cpu_millis;  // shared by weight, so never a bar
    EXPECT_EQ(FirstShortfall(JobOf(a, large->job).request, idle), std::nullopt);
    for (auto before = a.decisions.jobs.begin(); before != large; ++before) {
      EXPECT_NE(before->verdict, Verdict::kAdmit);
    }
  });
}

TEST(DecideProperty, DoesNotDependOnTheOrderOfItsInput) {  // I8
  ForEveryCase([](const Case& a, World& world) {
    Snapshot snapshot = a.snapshot;
    snapshot.running = world.Shuffled(snapshot.running);
    EXPECT_EQ(Decide(snapshot, world.Shuffled(a.waiting), a.policy), a.decisions);
  });
}

TEST(DecideProperty, AdmitsNothingWithoutFreshNumbersOrThroughAClosedGate) {  // I10
  ForEveryCase([](const Case& a, World&) {
    const bool blind =
        !a.snapshot.host || kNow - a.snapshot.host->measured_at > a.policy.stale_after;
    if (!blind && a.snapshot.gate.position != GatePosition::kClosed) return;
    EXPECT_EQ(std::ranges::count(a.decisions.jobs, Verdict::kAdmit, &Decision::verdict), 0);
    EXPECT_EQ(a.decisions.head, std::nullopt);
  });
}

TEST(DecideProperty, KeepsToTheCount) {
  ForEveryCase([](const Case& a, World&) {
    const auto admitted = std::ranges::count(a.decisions.jobs, Verdict::kAdmit, &Decision::verdict);
    if (!a.policy.max_jobs || admitted == 0) return;
    EXPECT_LE(static_cast<int64_t>(a.snapshot.running.size()) + admitted, *a.policy.max_jobs);
  });
}

TEST(DecideProperty, AlwaysUsesAnIdleHost) {  // I7
  ForEveryCase([](const Case& a, World&) {
    const auto& decisions = a.decisions;
    const bool may_start =
        decisions.account && kNow - a.snapshot.host->measured_at <= a.policy.stale_after &&
        a.snapshot.gate.position != GatePosition::kClosed && a.policy.max_jobs != 0 &&
        a.snapshot.running.empty() && a.policy.queue.discipline == QueueDiscipline::kBackfill;
    if (!may_start) return;
    ResourceVector idle = decisions.account->capacity;
    idle -= decisions.account->unmanaged;
    const bool someone_fits = std::ranges::any_of(a.waiting, [&](const WaitingJob& job) {
      return !FirstShortfall(job.request, idle) &&
             DrainInTheWay(a.snapshot, a.policy, kNow, TakenToRun(job, a.snapshot)) == nullptr;
    });
    EXPECT_EQ(std::ranges::count(decisions.jobs, Verdict::kAdmit, &Decision::verdict) > 0,
              someone_fits);
  });
}

TEST(DecideProperty, StartsNothingThatADrainWindowWouldCutShort) {
  ForEveryCase([](const Case& a, World&) {
    for (const Decision& decision : a.decisions.jobs) {
      if (decision.verdict != Verdict::kAdmit) continue;
      const Duration lasts = TakenToRun(JobOf(a, decision.job), a.snapshot);
      EXPECT_EQ(DrainInTheWay(a.snapshot, a.policy, kNow, lasts), nullptr);
    }
  });
}

TEST(DecideProperty, ShowsNumbersThatBearOutTheReason) {
  ForEveryCase([](const Case& a, World&) {
    for (const Decision& decision : a.decisions.jobs) {
      switch (decision.reason) {
        case Reason::kNeverFits:
        case Reason::kOverTarget:
        case Reason::kOverCeiling:
          ASSERT_TRUE(decision.axis);
          EXPECT_EQ(decision.needed, Amount(JobOf(a, decision.job).request, *decision.axis));
          EXPECT_GT(decision.needed, decision.available);
          break;
        case Reason::kResting:
          ASSERT_TRUE(decision.axis);
          EXPECT_GT(decision.needed, 0);
          EXPECT_LE(decision.available, 0);
          break;
        case Reason::kMaxJobs:
        case Reason::kNewKey:
          EXPECT_LE(decision.available, 0);
          break;
        case Reason::kTenantLimit:
          EXPECT_GT(decision.needed, decision.available);
          break;
        case Reason::kBehindHead:
          ASSERT_TRUE(a.decisions.head);
          if (a.policy.queue.reserved == 1) {
            EXPECT_EQ(decision.head, a.decisions.head->job);
          }
          break;
        case Reason::kBeyondQuota:
          EXPECT_FALSE(a.policy.tenants.empty());
          EXPECT_EQ(decision.axis, std::nullopt);
          break;
        case Reason::kDrainWindow:
          EXPECT_GT(decision.needed, decision.available);
          break;
        case Reason::kAlone:
        case Reason::kFits:
        case Reason::kIdleHost:
        case Reason::kNoLimit:
        case Reason::kNoMeasurement:
        case Reason::kStale:
        case Reason::kGateClosed:
        case Reason::kGateClosing:
          EXPECT_EQ(decision.axis, std::nullopt);
          break;
      }
    }
  });
}

TEST(DecideProperty, LetsRunAloneWhatIsToRunAlone) {
  ForEveryCase([](const Case& a, World&) {
    if (a.policy.mode != AdmissionMode::kHeadroom) return;
    std::size_t together = a.snapshot.running.size();
    bool someone_is_alone = false;
    for (const Decision& decision : a.decisions.jobs) {
      if (decision.verdict != Verdict::kAdmit) continue;
      ++together;
      someone_is_alone |= JobOf(a, decision.job).alone;
    }
    EXPECT_TRUE(!someone_is_alone || together == 1U) << together;
  });
}

// A host on which jobs use what they asked for and end when they should. Unknown ends come when the
// test says.
class Simulation {
 public:
  Simulation(ResourceVector capacity, ResourceVector unmanaged, Policy policy)
      : policy_(std::move(policy)) {
    snapshot_.now = kNow;
    snapshot_.host = HostView{kNow, std::move(capacity), std::move(unmanaged)};
  }

  void Submit(const WaitingJob& job, Duration runs_for) {
    waiting_.push_back(job);
    runs_for_[job.id] = runs_for;
  }

  // One pass at this instant.
  const Decisions& Pass() {
    snapshot_.host->measured_at = snapshot_.now;
    last_ = Decide(snapshot_, waiting_, policy_);
    snapshot_.resting = last_.resting;
    for (const Decision& decision : last_.jobs) Apply(decision);
    return last_;
  }

  // Goes to the next end of a job. False: nothing runs.
  bool Advance() {
    if (ends_.empty()) return false;
    snapshot_.now = ends_.begin()->first;
    while (!ends_.empty() && ends_.begin()->first == snapshot_.now) {
      std::erase_if(snapshot_.running,
                    [&](const RunningJob& job) { return job.id == ends_.begin()->second; });
      ends_.erase(ends_.begin());
    }
    return true;
  }

  TimePoint now() const { return snapshot_.now; }
  std::optional<TimePoint> StartOf(JobId job) const {
    const auto found = started_.find(job);
    return found == started_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  void Apply(const Decision& decision) {
    if (decision.verdict == Verdict::kWait) return;
    const auto job = std::ranges::find(waiting_, decision.job, &WaitingJob::id);
    if (decision.verdict == Verdict::kAdmit) {
      snapshot_.running.push_back({job->id, job->request, snapshot_.now, job->duration, {}});
      ends_.emplace(snapshot_.now + runs_for_[job->id], job->id);
      started_[job->id] = snapshot_.now;
    }
    waiting_.erase(job);
  }

  Policy policy_;
  Snapshot snapshot_;
  std::vector<WaitingJob> waiting_;
  std::map<JobId, Duration> runs_for_;
  std::multimap<TimePoint, JobId> ends_;
  std::map<JobId, TimePoint> started_;
  Decisions last_;
};

// Without a band between resume and target: a rest is the target's own hysteresis, not backfill's.
Policy WithoutRest() {
  Policy policy = HalfTheHost();
  policy.resume = policy.target;
  policy.tokens = {{"db", 4}};
  return policy;
}

struct Submitted {
  WaitingJob job;
  Duration runs_for;
};

std::optional<TimePoint> StartOfHead(JobId head, const ResourceVector& unmanaged,
                                     const std::vector<Submitted>& queue) {
  Simulation simulation({1000, 1000, 1000, {}}, unmanaged, WithoutRest());
  for (const auto& [job, runs_for] : queue) simulation.Submit(job, runs_for);
  do {
    simulation.Pass();
  } while (!simulation.StartOf(head) && simulation.Advance());
  return simulation.StartOf(head);
}

// The first head starts no later than if nobody stood behind it. Some ends are known and kept to,
// some are not known.
TEST(BackfillProperty, NeverDelaysTheHead) {
  int heads = 0;
  int passed = 0;
  for (uint64_t seed = 0; seed < 1000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    const bool all_known = world.OneIn(2);
    const ResourceVector unmanaged{world.Up(300), world.Up(100), 0, {}};
    std::vector<Submitted> queue;
    for (int64_t id = 1; id <= 25; ++id) {
      WaitingJob job = AJob(id);
      job.request = world.Request(world.OneIn(6) ? 900 : 250);
      std::erase_if(job.request.tokens, [](const TokenAmount& t) { return t.name == "unknown"; });
      const Duration runs_for = seconds(1 + world.Up(100));
      if (all_known || world.OneIn(2)) job.duration = runs_for;
      queue.push_back({job, runs_for});
    }

    Simulation simulation({1000, 1000, 1000, {}}, unmanaged, WithoutRest());
    for (const auto& [job, runs_for] : queue) simulation.Submit(job, runs_for);
    const Decisions first = simulation.Pass();
    if (!first.head) continue;
    ++heads;
    const auto head =
        std::ranges::find(queue, first.head->job, [](const Submitted& s) { return s.job.id; });
    passed += static_cast<int>(std::count_if(head, queue.end(), [&](const Submitted& s) {
      return simulation.StartOf(s.job.id).has_value();
    }));

    const std::vector<Submitted> ahead(queue.begin(), head + 1);
    const auto alone = StartOfHead(head->job.id, unmanaged, ahead);
    const auto crowded = StartOfHead(head->job.id, unmanaged, queue);
    if (!alone) continue;  // what runs outside leaves no room for it, ever
    ASSERT_TRUE(crowded);
    EXPECT_LE(*crowded, *alone);
    EXPECT_LE(*crowded, first.head->starts_by.value_or(*crowded));
  }
  EXPECT_GT(heads, 300);
  EXPECT_GT(passed, 300);
}

// F50: small jobs arrive for ever; the big one starts by the moment it was promised.
TEST(BackfillProperty, DoesNotStarveABigJobUnderEndlessSmallOnes) {
  for (uint64_t seed = 0; seed < 50 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    Simulation simulation({1000, 1000, 1000, {}}, {}, WithoutRest());
    int64_t next_id = 1;
    const auto submit_small = [&] {
      const Duration runs_for = seconds(1 + world.Up(30));
      simulation.Submit(AJob(next_id++).Memory(20 + world.Up(80)).Takes(runs_for), runs_for);
    };
    for (int i = 0; i < 20; ++i) submit_small();
    simulation.Pass();
    const JobId big{next_id};
    simulation.Submit(AJob(next_id++).Memory(world.OneIn(2) ? 450 : 800).Takes(seconds(60)),
                      seconds(60));
    const TimePoint submitted = simulation.now();
    while (!simulation.StartOf(big) && simulation.now() < submitted + minutes(60)) {
      submit_small();
      simulation.Pass();
      ASSERT_TRUE(simulation.Advance());
    }
    ASSERT_TRUE(simulation.StartOf(big));
    // Everything that ran when it came ends within 30 s; what was ahead of it waits for the same.
    EXPECT_LE(*simulation.StartOf(big), submitted + minutes(5));
  }
}

TEST(DecideProperty, EmptiesEveryQueueOfJobsThatFitTheHost) {  // I7
  for (uint64_t seed = 0; seed < 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    Policy policy = HalfTheHost();
    policy.tokens = {{"db", 4}};
    if (world.OneIn(3)) policy.queue.discipline = QueueDiscipline::kStrict;
    Simulation simulation({1000, 1000, 1000, {}}, {}, policy);
    for (int64_t id = 1; id <= 60; ++id) {
      WaitingJob job = AJob(id);
      job.request = world.Request(1000);
      std::erase_if(job.request.tokens, [](const TokenAmount& t) { return t.name == "unknown"; });
      job.duration = world.Lasts();
      simulation.Submit(job, seconds(1 + world.Up(100)));
    }
    do {
      simulation.Pass();
    } while (simulation.Advance());
    for (int64_t id = 1; id <= 60; ++id) EXPECT_TRUE(simulation.StartOf(JobId{id})) << id;
  }
}

}  // namespace
}  // namespace headroom
