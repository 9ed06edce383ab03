#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "admission/decision.h"
#include "admission/job.h"
#include "admission/policy.h"
#include "admission/snapshot.h"

// How good were the decisions? Held against what was measured after them, cycle by cycle. Pure.
namespace headroom {

// Never falls.
struct ScoreTotals {
  // Starts that were followed within the policy's warm-up by a gate that closed, or by a job that
  // was killed because the pool or the host ran out of memory. Each start counts once.
  int64_t false_admits_by_pressure = 0, false_admits_by_oom = 0;
  // How long the first job in line waited for room that was there and stayed unused: measured use
  // and its request together stayed under the target for at least a warm-up. What is younger than
  // that may have been kept for jobs that had not grown yet.
  Duration false_block{};
  // Room under the target that nothing used while jobs waited for room. In byte-seconds and
  // core-seconds.
  double unused_memory_byte_seconds = 0, unused_cpu_core_seconds = 0;

  bool operator==(const ScoreTotals&) const = default;
};

struct SelfScore {
  ScoreTotals totals;

  // What the next cycle needs of this one.
  std::optional<TimePoint> at;  // the last cycle that measured; absent: none yet
  GatePosition gate = GatePosition::kOpen;
  std::vector<TimePoint> starts;        // within a warm-up, not counted yet
  ResourceVector unused;                // under the target, if anybody waits for room
  std::optional<TimePoint> room_since;  // the head would fit what is measured since then
  Duration room_counted{};              // of that

  bool operator==(const SelfScore&) const = default;
};

// What one cycle saw and did.
struct ScoredCycle {
  const Snapshot& snapshot;
  std::span<const WaitingJob> waiting;  // in order of id
  const Decisions& decisions;
  int64_t memory_kills = 0;  // jobs that pool or host killed for want of memory since the last one
};

// Between two cycles what the first one measured holds; over a gap longer than the policy's
// stale_after nobody knows, and nothing is added.
SelfScore NextScore(const SelfScore& before, const ScoredCycle& cycle, const Policy& policy);

}  // namespace headroom
