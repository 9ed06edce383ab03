#include "admission/advice.h"

#include <algorithm>

#include "admission/nearest_rank.h"
#include "base/units.h"

namespace headroom {
namespace {

constexpr std::size_t kEnough = 3;
constexpr double kOverDeclared = 1.5;

std::optional<UsedAmounts> Used(const std::vector<int64_t>& values) {
  if (values.empty()) return std::nullopt;
  return UsedAmounts{NearestRank(values, 50), NearestRank(values, 95), std::ranges::max(values)};
}

// What it used and the kernel could not have taken back, where that was seen.
std::optional<int64_t> MemoryOf(const FinishedAttempt& attempt) {
  if (!attempt.growth) return attempt.peak_memory_bytes;
  return static_cast<int64_t>(attempt.growth->MostOver(Duration{}, Duration::max()).memory_bytes);
}

double WastedBy(const FinishedAttempt& attempt, int64_t used) {
  const int64_t unused = std::max<int64_t>(0, attempt.request_memory_bytes.value_or(used) - used);
  return static_cast<double>(unused) * std::chrono::duration<double>(attempt.duration).count();
}

int64_t RoundedUp(int64_t bytes) { return (bytes + kMiB - 1) / kMiB * kMiB; }

void Judge(const AskedAmounts& asked, std::optional<int64_t> floor, KeyAdvice& advice) {
  if (!advice.memory_bytes) return;
  const UsedAmounts& used = *advice.memory_bytes;
  const int64_t enough = RoundedUp(std::max(used.most + used.most / 10, floor.value_or(0)));
  const int64_t most = asked.memory_limit_bytes.value_or(enough);
  const int64_t declared = asked.memory_bytes.value_or(0);
  advice.finding = Finding::kFine;
  if (floor && declared < *floor) {
    advice.finding = Finding::kOutOfMemory;
  } else if (advice.attempts < static_cast<int64_t>(kEnough)) {
    advice.finding = Finding::kTooFew;
    return;
  } else if (asked.memory_bytes && declared < used.p95) {
    advice.finding = Finding::kUnderDeclared;
  } else if (used.most > 0 &&
             static_cast<double>(declared) >= kOverDeclared * static_cast<double>(enough)) {
    advice.finding = Finding::kOverDeclared;
    advice.times = static_cast<double>(declared) / static_cast<double>(used.most);
  }
  if (advice.finding == Finding::kFine) return;
  // After a kill at the limit it is the limit that must rise; else nothing above it helps.
  advice.declare_memory_bytes =
      advice.finding == Finding::kOutOfMemory ? enough : std::min(enough, most);
}

}  // namespace

std::string_view ToString(Finding finding) {
  switch (finding) {
    case Finding::kOutOfMemory:
      return "out_of_memory";
    case Finding::kUnderDeclared:
      return "under_declared";
    case Finding::kOverDeclared:
      return "over_declared";
    case Finding::kTooFew:
      return "too_few";
    case Finding::kFine:
      return "fine";
  }
  return "fine";
}

KeyAdvice Advise(const std::vector<FinishedAttempt>& attempts, const AskedAmounts& asked) {
  KeyAdvice advice;
  std::vector<int64_t> memory, cpu;
  for (const FinishedAttempt& attempt : attempts) {
    ++advice.attempts;
    advice.oom_kills += RaisedMemory(attempt) ? 1 : 0;
    if (const auto used = AverageCpuMillis(attempt)) cpu.push_back(*used);
    const auto used = MemoryOf(attempt);
    if (!used) continue;
    memory.push_back(*used);
    advice.wasted_byte_seconds += WastedBy(attempt, *used);
  }
  advice.memory_bytes = Used(memory);
  advice.cpu_millis = Used(cpu);
  const auto summary = Summarise(attempts);
  if (!summary) return advice;
  advice.duration_p50 = summary->duration_p50;
  advice.duration_p90 = summary->duration;
  Judge(asked, summary->memory_floor_bytes, advice);
  return advice;
}

}  // namespace headroom
