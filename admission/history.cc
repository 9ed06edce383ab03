#include "admission/history.h"

#include <algorithm>
#include <cmath>

#include "admission/nearest_rank.h"
#include "admission/oom.h"

namespace headroom {
namespace {

void Raise(std::optional<int64_t>& peak, std::optional<int64_t> value) {
  if (value) peak = std::max(peak.value_or(*value), *value);
}

}  // namespace

std::optional<int64_t> RaisedMemory(const FinishedAttempt& attempt) {
  if (attempt.memory_kill != MemoryKill::kOwnLimit) return std::nullopt;
  return RaisedAfterOom(attempt.request_memory_bytes.value_or(0), attempt.peak_memory_bytes);
}

namespace {

// What the next one is foreseen to reach at least. Absent: nothing is said of that.
std::optional<int64_t> LeastOfNext(const FinishedAttempt& attempt, const Use& peak) {
  if (attempt.memory_kill == MemoryKill::kWithOthers) return std::llround(peak.memory_bytes);
  return RaisedMemory(attempt);
}

}  // namespace

std::optional<PastAttempt> ToPast(const FinishedAttempt& attempt) {
  if (!attempt.growth && !attempt.peak_memory_bytes) return std::nullopt;
  PastAttempt past{attempt.duration, {}, {}, {}, attempt.started};
  if (attempt.growth) {
    past.growth = *attempt.growth;
    // Not what the kernel calls the peak: page cache that nobody needs is in that.
    past.peak = past.growth.MostOver(Duration{}, Duration::max());
    past.raised_memory_bytes = LeastOfNext(attempt, past.peak);
    return past;
  }
  past.peak = {static_cast<double>(*attempt.peak_memory_bytes),
               static_cast<double>(AverageCpuMillis(attempt).value_or(0))};
  past.growth.Record(Duration{}, past.peak);
  past.growth.Record(attempt.duration, past.peak);
  past.raised_memory_bytes = LeastOfNext(attempt, past.peak);
  return past;
}

std::optional<int64_t> AverageCpuMillis(const FinishedAttempt& attempt) {
  const int64_t duration_usec = attempt.duration.count() / 1000;
  if (!attempt.cpu_usec || duration_usec <= 0) return std::nullopt;
  constexpr int64_t kMillis = 1000;
  const int64_t whole = *attempt.cpu_usec / duration_usec, rest = *attempt.cpu_usec % duration_usec;
  return whole * kMillis + (rest * kMillis + duration_usec - 1) / duration_usec;
}

std::optional<KeyHistory> Summarise(const std::vector<FinishedAttempt>& attempts) {
  if (attempts.empty()) return std::nullopt;
  KeyHistory history;
  history.attempts = static_cast<int64_t>(attempts.size());
  std::vector<Duration> durations;
  durations.reserve(attempts.size());
  OomFloor floor;
  for (const FinishedAttempt& attempt : attempts) {
    durations.push_back(attempt.duration);
    floor.Add(RaisedMemory(attempt));
    Raise(history.peak_memory_bytes, attempt.peak_memory_bytes);
    Raise(history.peak_pids, attempt.peak_pids);
    Raise(history.peak_cpu_millis, AverageCpuMillis(attempt));
  }
  history.duration = NearestRank(durations, 90);
  history.duration_p50 = NearestRank(durations, 50);
  history.memory_floor_bytes = floor.bytes();
  return history;
}

}  // namespace headroom
