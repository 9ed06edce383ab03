#include <gtest/gtest.h>

#include "base/units.h"
#include "collectors/observe.h"

namespace headroom {
namespace {

using std::chrono::seconds;

// A host of 16 GiB and 8 cores, of which 4 GiB and 2 cores are used, at an instant. Each test
// changes what it is about.
Measurements AHost(int64_t second) {
  Measurements now;
  now.started_at = now.finished_at = now.host.taken_at = now.pool.taken_at =
      TimePoint(seconds(second));
  now.host.memory_total = 16 * kGiB;
  now.host.memory_available = 12 * kGiB;
  now.host.swap_total = now.host.swap_free = 0;
  now.host.online_cpus = 8;
  now.host.cpu_busy_usec = second * 2'000'000;
  now.host.pids = 100;
  now.host.pids_max = 30'000;
  now.capacity.memory_bytes = 16 * kGiB;
  now.capacity.cpu_millis = 8000;
  now.capacity.pids = 30'000;
  return now;
}

CgroupSample Use(const Measurements& at, int64_t memory_bytes, int64_t cpu_millis, int64_t pids) {
  CgroupSample sample;
  sample.taken_at = at.started_at;
  sample.memory.anon = memory_bytes;
  sample.cpu.usage_usec = at.started_at.time_since_epoch() / seconds(1) * cpu_millis * 1000;
  sample.pids = pids;
  return sample;
}

void AddJob(Measurements& at, const std::string& name, int64_t memory_bytes, int64_t cpu_millis,
            int64_t pids) {
  at.attempts[name] = Use(at, memory_bytes, cpu_millis, pids);
}

class ViewHostTest : public ::testing::Test {
 protected:
  ResourceVector Unmanaged() const {
    const auto view = ViewHost(&before, now, {});
    return view ? view->unmanaged : ResourceVector{-1, -1, -1, {}};
  }

  Measurements before = AHost(10);
  Measurements now = AHost(12);
};

TEST_F(ViewHostTest, CountsAllUseAsUnmanagedOnAHostWithoutJobs) {
  const auto view = ViewHost(&before, now, {{"db", 6}});
  ASSERT_TRUE(view);
  EXPECT_EQ(view->measured_at, now.started_at);
  EXPECT_EQ(view->capacity, (ResourceVector{16 * kGiB, 8000, 30'000, {{"db", 6}}}));
  EXPECT_EQ(view->unmanaged, (ResourceVector{4 * kGiB, 2000, 100, {}}));
}

TEST_F(ViewHostTest, TakesOutWhatOurJobsUse) {
  for (Measurements* at : {&before, &now}) {
    AddJob(*at, "1-1", kGiB, 500, 10);
    AddJob(*at, "2-1", kGiB / 2, 250, 5);
  }
  EXPECT_EQ(Unmanaged(), (ResourceVector{4 * kGiB - kGiB - kGiB / 2, 1250, 85, {}}));
}

TEST_F(ViewHostTest, NeverGoesBelowZero) {
  for (Measurements* at : {&before, &now}) AddJob(*at, "1-1", 5 * kGiB, 3000, 500);
  EXPECT_EQ(Unmanaged(), ResourceVector());
}

TEST_F(ViewHostTest, CountsSwappedMemoryAsUsed) {
  now.host.swap_total = 4 * kGiB;
  now.host.swap_free = 3 * kGiB;
  EXPECT_EQ(Unmanaged().memory_bytes, 5 * kGiB);
}

// Their CPU use ended with them; only the pool remembers that it was ours.
TEST_F(ViewHostTest, TakesOutTheCpuTimeOfJobsThatEndedMeanwhile) {
  before.pool = Use(before, 0, 1500, 0);
  now.pool = Use(now, 0, 1500, 0);
  EXPECT_EQ(Unmanaged().cpu_millis, 500);
}

// F20, and every host whose pool is capped: what others use fits beside the pool up to a point.
TEST_F(ViewHostTest, LetsOthersFillTheRoomBesideASmallerPoolFirst) {
  now.capacity.memory_bytes = 13 * kGiB;
  now.capacity.cpu_millis = 5000;
  now.capacity.pids = 29'950;
  EXPECT_EQ(Unmanaged(), (ResourceVector{kGiB, 0, 50, {}}));
}

LimitSample ALimit(const Measurements& at, const std::string& path, int64_t memory_limit,
                   CgroupSample use) {
  LimitSample limit;
  limit.path = path;
  limit.memory_bytes = memory_limit;
  limit.cpu_millis = 4000;
  limit.use = std::move(use);
  limit.use.taken_at = at.started_at;
  return limit;
}

// The incident: Docker sat inside the same cgroup limit as the jobs.
TEST_F(ViewHostTest, CountsWhatOthersUseUnderTheSameLimit) {
  for (Measurements* at : {&before, &now}) {
    at->capacity.memory_bytes = 6 * kGiB;
    at->capacity.cpu_millis = 4000;
    AddJob(*at, "1-1", kGiB, 500, 10);
    at->capacity.limits = {ALimit(*at, "/machine", 6 * kGiB, Use(*at, 3 * kGiB, 1200, 50))};
  }
  EXPECT_EQ(Unmanaged(), (ResourceVector{2 * kGiB, 700, 90, {}}));
}

TEST_F(ViewHostTest, CountsWhatEndedJobsLeftBehindInThePool) {
  for (Measurements* at : {&before, &now}) {
    at->capacity.memory_bytes = 6 * kGiB;
    AddJob(*at, "1-1", kGiB, 0, 1);
    at->capacity.limits = {ALimit(*at, "/headroom/jobs", 6 * kGiB, Use(*at, 3 * kGiB, 0, 1))};
  }
  EXPECT_EQ(Unmanaged().memory_bytes, 2 * kGiB);
}

TEST_F(ViewHostTest, WaitsForTheSecondSweepUnderALimitThatIsNew) {
  now.capacity.limits = {ALimit(now, "/machine", 20 * kGiB, Use(now, 0, 0, 0))};
  EXPECT_FALSE(ViewHost(&before, now, {}));
}

TEST_F(ViewHostTest, IsAbsentAtFirst) { EXPECT_FALSE(ViewHost(nullptr, now, {})); }

// F54
TEST_F(ViewHostTest, IsAbsentAfterTheHostsCounterWentBack) {
  now.host.cpu_busy_usec = *before.host.cpu_busy_usec - 1;
  EXPECT_FALSE(ViewHost(&before, now, {}));
}

// I10: each of these alone makes admission wait.
TEST_F(ViewHostTest, IsAbsentWhenAnyPartIs) {
  const auto without = [this](auto forget) {
    Measurements partial = now;
    forget(partial);
    return ViewHost(&before, partial, {});
  };
  EXPECT_FALSE(without([](Measurements& m) { m.capacity.memory_bytes.reset(); }));
  EXPECT_FALSE(without([](Measurements& m) { m.capacity.cpu_millis.reset(); }));
  EXPECT_FALSE(without([](Measurements& m) { m.capacity.pids.reset(); }));
  EXPECT_FALSE(without([](Measurements& m) { m.host.memory_total.reset(); }));
  EXPECT_FALSE(without([](Measurements& m) { m.host.memory_available.reset(); }));
  EXPECT_FALSE(without([](Measurements& m) { m.host.cpu_busy_usec.reset(); }));
  EXPECT_FALSE(without([](Measurements& m) { m.host.pids.reset(); }));
}

TEST_F(ViewHostTest, IsAbsentWhenUseUnderALimitIs) {
  for (Measurements* at : {&before, &now}) {
    at->capacity.limits = {ALimit(*at, "/machine", 6 * kGiB, CgroupSample())};
  }
  EXPECT_FALSE(ViewHost(&before, now, {}));
}

// What could not be read of a job is not taken out: better too little headroom than too much.
TEST_F(ViewHostTest, LeavesAJobThatCouldNotBeReadInUnmanaged) {
  now.attempts["1-1"] = CgroupSample();
  EXPECT_EQ(Unmanaged(), (ResourceVector{4 * kGiB, 2000, 100, {}}));
}

// F21: MemAvailable above MemTotal, as some hypervisors report after ballooning.
TEST_F(ViewHostTest, SurvivesMoreAvailableThanThereIs) {
  now.host.memory_available = 17 * kGiB;
  now.host.swap_total = 0;
  now.host.swap_free = kGiB;
  EXPECT_EQ(Unmanaged().memory_bytes, 0);
}

}  // namespace
}  // namespace headroom
