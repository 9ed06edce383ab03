#include "admission/self_score.h"

#include <algorithm>

namespace headroom {
namespace {

bool WaitsForRoom(const Decision& decision) {
  switch (decision.reason) {
    case Reason::kOverTarget:
    case Reason::kOverCeiling:
    case Reason::kResting:
    case Reason::kNewKey:
    case Reason::kBehindHead:
      return decision.verdict == Verdict::kWait;
    default:
      return false;
  }
}

// The target less what is really used. What could not be observed counts as requested.
ResourceVector MeasuredRoom(const Snapshot& snapshot, const Account& account) {
  ResourceVector room = account.expected_free;
  room += account.expected_charge;
  for (const RunningJob& job : snapshot.running) {
    room -= {job.observed.memory_bytes.value_or(job.request.memory_bytes),
             job.observed.cpu_millis.value_or(job.request.cpu_millis),
             job.observed.pids.value_or(job.request.pids), job.request.tokens};
  }
  return room;
}

// The first in line that waits for room; null: nobody does.
const WaitingJob* FirstInLine(const ScoredCycle& cycle) {
  const auto first = std::ranges::find_if(cycle.decisions.jobs, WaitsForRoom);
  if (first == cycle.decisions.jobs.end()) return nullptr;
  const auto job = std::ranges::lower_bound(cycle.waiting, first->job, {}, &WaitingJob::id);
  return job != cycle.waiting.end() && job->id == first->job ? &*job : nullptr;
}

void CountFalseAdmits(SelfScore& score, const ScoredCycle& cycle, const Policy& policy) {
  const TimePoint now = cycle.snapshot.now;
  std::erase_if(score.starts, [&](TimePoint start) { return now - start > policy.warm_up; });
  const GatePosition gate = cycle.snapshot.gate.position;
  const bool closes = gate == GatePosition::kClosed && score.gate != GatePosition::kClosed;
  score.gate = gate;
  if (cycle.memory_kills == 0 && !closes) return;
  auto& count = cycle.memory_kills > 0 ? score.totals.false_admits_by_oom
                                       : score.totals.false_admits_by_pressure;
  count += std::ssize(score.starts);
  score.starts.clear();
}

void AddStarts(SelfScore& score, const ScoredCycle& cycle) {
  const auto started =
      std::ranges::count(cycle.decisions.jobs, Verdict::kAdmit, &Decision::verdict);
  score.starts.insert(score.starts.end(), static_cast<std::size_t>(started), cycle.snapshot.now);
}

void AddUnused(SelfScore& score, Duration passed) {
  const double seconds = std::chrono::duration<double>(passed).count();
  score.totals.unused_memory_byte_seconds +=
      seconds * static_cast<double>(score.unused.memory_bytes);
  score.totals.unused_cpu_core_seconds +=
      seconds * static_cast<double>(score.unused.cpu_millis) / 1000;
}

// `room` stayed unused up to now; whether it goes on is seen anew.
void CountFalseBlock(SelfScore& score, TimePoint now, const Policy& policy) {
  if (!score.room_since || now - *score.room_since < policy.warm_up) return;
  const Duration stayed = now - *score.room_since;
  score.totals.false_block += stayed - score.room_counted;
  score.room_counted = stayed;
}

}  // namespace

SelfScore NextScore(const SelfScore& before, const ScoredCycle& cycle, const Policy& policy) {
  SelfScore score = before;
  const TimePoint now = cycle.snapshot.now;
  CountFalseAdmits(score, cycle, policy);
  AddStarts(score, cycle);
  const auto& account = cycle.decisions.account;
  const bool is_fresh = account && now - cycle.snapshot.host->measured_at <= policy.stale_after;
  const bool goes_on = before.at && now - *before.at <= policy.stale_after;

  const WaitingJob* first = is_fresh ? FirstInLine(cycle) : nullptr;
  const ResourceVector room =
      first != nullptr ? MeasuredRoom(cycle.snapshot, *account) : ResourceVector{};
  const bool fits = first != nullptr && !FirstShortfall(first->request, room);
  if (goes_on) AddUnused(score, now - *before.at);
  if (goes_on && fits) CountFalseBlock(score, now, policy);
  if (!goes_on || !fits) score.room_since.reset();
  if (fits && !score.room_since) {
    score.room_since = now;
    score.room_counted = {};
  }
  score.unused = {std::max<int64_t>(0, room.memory_bytes),
                  std::max<int64_t>(0, room.cpu_millis),
                  std::max<int64_t>(0, room.pids),
                  {}};
  score.at = is_fresh ? std::optional(now) : std::nullopt;
  return score;
}

}  // namespace headroom
