#include "collectors/observe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace headroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ObservedMemory, LeavesCleanCacheOut) {
  MemorySample memory;
  memory.anon = 1000;
  memory.file = 777'777;
  memory.shmem = 200;
  memory.kernel = 90;
  memory.slab_reclaimable = 30;
  memory.sock = 5;
  memory.dirty = 6;
  memory.writeback = 7;
  memory.swap = 8;
  EXPECT_EQ(ObservedMemory(memory), 1000 + 200 + 60 + 5 + 6 + 7 + 8);
}

TEST(ObservedMemory, IsAbsentWithoutAnonymousMemory) {
  MemorySample memory;
  memory.current = memory.shmem = memory.kernel = 5;
  EXPECT_EQ(ObservedMemory(memory), std::nullopt);
}

TEST(ObservedMemory, LeavesOutWhatTheKernelDoesNotCount) {
  MemorySample memory;
  memory.anon = 1000;
  EXPECT_EQ(ObservedMemory(memory), 1000);
  memory.slab_unreclaimable = 50;
  EXPECT_EQ(ObservedMemory(memory), 1050);
}

TEST(ObservedMemory, NeverTakesOffMoreSlabThanKernelMemory) {
  MemorySample memory;
  memory.anon = 1000;
  memory.kernel = 10;
  memory.slab_reclaimable = 40;
  EXPECT_EQ(ObservedMemory(memory), 1000);
}

TEST(ObservedMemory, StopsAtTheLargestNumber) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  MemorySample memory;
  memory.anon = memory.shmem = memory.sock = kMost;
  EXPECT_EQ(ObservedMemory(memory), kMost);
}

CgroupSample ASample(Duration at, std::optional<int64_t> usage_usec, uint64_t cgroup_id = 7) {
  CgroupSample sample;
  sample.taken_at = TimePoint(at);
  sample.cgroup_id = cgroup_id;
  sample.cpu.usage_usec = usage_usec;
  return sample;
}

TEST(CpuMillisBetween, IsThousandthsOfACore) {
  EXPECT_EQ(CpuMillisBetween(ASample(seconds(10), 1'000'000), ASample(seconds(12), 4'000'000)),
            1500);
  EXPECT_EQ(CpuMillisBetween(ASample(seconds(10), 5), ASample(seconds(12), 5)), 0);
}

// F54
TEST(CpuMillisBetween, IsAbsentAfterAReset) {
  EXPECT_EQ(CpuMillisBetween(ASample(seconds(1), 500), ASample(seconds(2), 499)), std::nullopt);
}

// F54
TEST(CpuMillisBetween, IsAbsentWhenOneSideIs) {
  EXPECT_EQ(CpuMillisBetween(ASample(seconds(1), {}), ASample(seconds(2), 499)), std::nullopt);
  EXPECT_EQ(CpuMillisBetween(ASample(seconds(1), 499), ASample(seconds(2), {})), std::nullopt);
}

// F10: a cgroup made anew under the old name, whose counter has passed the old one already.
TEST(CpuMillisBetween, IsAbsentBetweenTwoCgroupsOfOneName) {
  EXPECT_EQ(CpuMillisBetween(ASample(seconds(1), 100, 7), ASample(seconds(2), 900, 8)),
            std::nullopt);
}

// F25, F26
TEST(CpuMillisBetween, IsAbsentWhenTimeHardlyPassedOrWentBack) {
  EXPECT_EQ(CpuMillisBetween(ASample(milliseconds(0), 0), ASample(milliseconds(9), 9)),
            std::nullopt);
  EXPECT_EQ(CpuMillisBetween(ASample(milliseconds(0), 0), ASample(milliseconds(10), 10'000)), 1000);
  EXPECT_EQ(CpuMillisBetween(ASample(seconds(2), 0), ASample(seconds(1), 5)), std::nullopt);
}

// F54
TEST(CpuMillisBetween, IsAbsentForACounterThatCannotBe) {
  EXPECT_EQ(CpuMillisBetween(ASample(seconds(1), 0),
                             ASample(seconds(2), std::numeric_limits<int64_t>::max())),
            std::nullopt);
}

TEST(Observe, KnowsNoRateAtFirstSight) {
  CgroupSample now = ASample(seconds(2), 5'000'000);
  now.memory.anon = 42;
  now.pids = 3;
  EXPECT_EQ(Observe(nullptr, now), (ObservedUse{42, std::nullopt, 3}));
  const CgroupSample before = ASample(seconds(1), 4'500'000);
  EXPECT_EQ(Observe(&before, now), (ObservedUse{42, 500, 3}));
}

TEST(Observe, IsAbsentWhereTheSampleIs) {
  EXPECT_EQ(Observe(nullptr, CgroupSample()), ObservedUse());
}

Psi Some(double avg10) { return Psi{PsiLine{avg10, 0.0, 0.0, 0}, std::nullopt}; }

std::optional<double> Read(const Measurements& now, PressureResource resource, PressureKind kind,
                           const Measurements* before = nullptr) {
  for (const PressureReading& reading : ReadPressure(before, now)) {
    if (reading.resource == resource && reading.kind == kind) return reading.avg10;
  }
  ADD_FAILURE();
  return std::nullopt;
}

TEST(ReadPressure, TakesTheLargerOfHostAndPool) {
  Measurements now;
  now.host.pressure.memory = Some(3.5);
  now.pool.pressure.memory = Some(7.25);
  now.host.pressure.io = Some(9);
  EXPECT_EQ(Read(now, PressureResource::kMemory, PressureKind::kSome), 7.25);
  EXPECT_EQ(Read(now, PressureResource::kIo, PressureKind::kSome), 9);
}

// F13
TEST(ReadPressure, IsAbsentWithoutPsi) {
  Measurements now;
  now.host.pressure.memory = Some(3.5);
  EXPECT_EQ(ReadPressure(nullptr, now).size(), 6u);
  EXPECT_EQ(Read(now, PressureResource::kMemory, PressureKind::kFull), std::nullopt);
  EXPECT_EQ(Read(now, PressureResource::kCpu, PressureKind::kSome), std::nullopt);
}

// A second of it, `stalled` of which its tasks waited, and so many of its ten periods cut short.
struct Second {
  Measurements before, now;
  Second() { now.started_at = before.started_at + seconds(1); }

  void Pool(double avg10, int64_t stalled_ms) {
    for (auto* sample : {&now.host.pressure, &now.pool.pressure}) sample->cpu = Some(avg10);
    before.pool.pressure.cpu = before.host.pressure.cpu = Some(avg10);
    now.pool.pressure.cpu->some->total_usec = now.host.pressure.cpu->some->total_usec =
        stalled_ms * 1000;
  }
  void Attempt(const std::string& name, int64_t stalled_ms, int64_t throttled) {
    before.attempts[name] = now.attempts[name] = AnAttempt(5'000'000, 500);
    now.attempts[name] = AnAttempt(5'000'000 + stalled_ms * 1000, 500 + throttled);
  }

 private:
  static CgroupSample AnAttempt(int64_t total_usec, int64_t nr_throttled) {
    CgroupSample attempt;
    attempt.pressure.cpu = Some(50);
    attempt.pressure.cpu->some->total_usec = total_usec;
    attempt.cpu.nr_throttled = nr_throttled;
    return attempt;
  }
};

std::optional<double> CpuOf(const Second& second) {
  return Read(second.now, PressureResource::kCpu, PressureKind::kSome, &second.before);
}

TEST(ReadPressure, TakesThrottlingByAJobsOwnLimitOutOfCpuPressure) {
  Second second;
  second.Pool(90, 900);
  second.Attempt("1-1", 900, 10);
  second.Attempt("2-1", 250, 0);
  EXPECT_EQ(CpuOf(second), 25);
  second.Attempt("2-1", 0, 0);
  EXPECT_EQ(CpuOf(second), 0);
}

TEST(ReadPressure, TakesAJobThatWasThrottledLongAgoForAnyOther) {
  Second second;
  second.Pool(90, 900);
  second.Attempt("1-1", 900, 0);
  EXPECT_EQ(CpuOf(second), 90);
}

TEST(ReadPressure, SaysWhenATriggerProvesNothing) {
  Second second;
  second.Pool(90, 900);
  second.Attempt("1-1", 900, 10);
  const auto readings = ReadPressure(&second.before, second.now);
  const auto cpu = std::ranges::find_if(readings, [](const PressureReading& reading) {
    return reading.resource == PressureResource::kCpu && reading.kind == PressureKind::kSome;
  });
  EXPECT_TRUE(cpu->own_limits_taken_out);
  EXPECT_FALSE(readings.front().own_limits_taken_out);
}

TEST(ReadPressure, DoesNotTakeThrottlingForPressureBeforeASecondSweep) {
  Second second;
  second.Pool(90, 900);
  second.Attempt("1-1", 900, 10);
  EXPECT_EQ(Read(second.now, PressureResource::kCpu, PressureKind::kSome), std::nullopt);
  second.before.started_at = second.now.started_at - milliseconds(20);
  EXPECT_EQ(CpuOf(second), std::nullopt);
  second.now.attempts.clear();
  EXPECT_EQ(CpuOf(second), 90);
}

TEST(ReadPressure, DoesNotInventCpuPressureWhereItIsNotMeasured) {
  Second second;
  second.Attempt("1-1", 900, 10);
  EXPECT_EQ(CpuOf(second), std::nullopt);
}

}  // namespace
}  // namespace headroom
