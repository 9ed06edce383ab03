#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "admission/decide.h"
#include "admission/plan.h"
#include "tests/support/admission_builders.h"

// A band is worth what its name promises: half of the starts come before p50, nine in ten before
// p90. Played on worlds whose durations are drawn from what the plan was told.
namespace headroom {
namespace {

using namespace test;

constexpr uint64_t kKey = 7;
constexpr int64_t kJobs = 40;

// From ten seconds to ten minutes, most of them short.
std::vector<Duration> SomeDurations(std::mt19937_64& random, std::size_t count) {
  std::vector<Duration> durations;
  for (std::size_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(random() % 1000) / 1000;
    durations.push_back(seconds(10 + static_cast<int64_t>(600 * share * share * share)));
  }
  return durations;
}

struct World {
  Snapshot host;
  std::vector<WaitingJob> waiting;
  Policy policy = HalfTheHost();
};

World AWorld() {
  World world;
  world.host = AHost().Memory(1000);
  world.policy.resume = world.policy.target;
  for (int64_t id = 1; id <= kJobs; ++id) {
    WaitingJob job = AJob(id).Memory(id % 9 == 0 ? 300 : 90);
    job.key = kKey;
    world.waiting.push_back(job);
  }
  return world;
}

// When each job starts if it lasts as long as it does.
std::map<int64_t, Duration> Play(World world, const std::vector<Duration>& lasts) {
  std::map<int64_t, Duration> starts;
  std::multimap<TimePoint, JobId> ends;
  while (!world.waiting.empty()) {
    world.host.host->measured_at = world.host.now;
    const Decisions decisions = Decide(world.host, world.waiting, world.policy);
    for (const Decision& decision : decisions.jobs) {
      if (decision.verdict != Verdict::kAdmit) continue;
      const auto job = std::ranges::find(world.waiting, decision.job, &WaitingJob::id);
      RunningJob running;
      running.id = job->id;
      running.request = job->request;
      running.admitted_at = world.host.now;
      running.key = kKey;
      world.host.running.push_back(running);
      ends.emplace(world.host.now + lasts[static_cast<std::size_t>(job->id.value)], job->id);
      starts[job->id.value] = world.host.now - kNow;
      world.waiting.erase(job);
    }
    if (ends.empty()) break;
    world.host.now = ends.begin()->first;
    std::erase_if(world.host.running,
                  [&](const RunningJob& running) { return running.id == ends.begin()->second; });
    ends.erase(ends.begin());
  }
  return starts;
}

TEST(PlanCalibration, HalfOfTheStartsComeBeforeP50AndNineInTenBeforeP90) {
  int waited = 0, by_p50 = 0, by_p90 = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::seed_seq sequence{seed, uint64_t{0x9E3779B9}};
    std::mt19937_64 random(sequence);
    KeyPast past;
    for (const Duration duration : SomeDurations(random, 60)) {
      PastAttempt attempt;
      attempt.duration = duration;
      past.Add(attempt);
    }
    past.Weigh({});
    Lifetimes lifetimes([&](uint64_t) { return &past; });
    const World world = AWorld();
    const Plan plan =
        MakePlan(world.host, world.waiting, Decide(world.host, world.waiting, world.policy),
                 world.policy, lifetimes);
    const auto starts = Play(world, SomeDurations(random, kJobs + 1));
    for (const PlannedJob& job : plan.jobs) {
      if (job.foretold != Foretold::kExpected) continue;
      const Duration start = starts.at(job.now.job.value);
      ++waited;
      by_p50 += start <= *job.p50 ? 1 : 0;
      by_p90 += start <= job.p90.value_or(Duration::max()) ? 1 : 0;
    }
  }
  ASSERT_GT(waited, 1000);
  const double half = static_cast<double>(by_p50) / waited,
               most = static_cast<double>(by_p90) / waited;
  RecordProperty("share_before_p50", std::to_string(half));
  RecordProperty("share_before_p90", std::to_string(most));
  EXPECT_NEAR(half, 0.5, 0.1);
  EXPECT_NEAR(most, 0.9, 0.07);
}

}  // namespace
}  // namespace headroom
