#pragma once

#include <optional>
#include <vector>

#include "admission/growth.h"
#include "admission/past.h"
#include "admission/request.h"
#include "base/clock.h"

// What a key's finished attempts say about its next job. Pure.
namespace headroom {

// Whether it was killed for want of memory, and of whose.
enum class MemoryKill {
  kNone,
  kOwnLimit,
  kWithOthers,  // of the pool or the host: it says how far it had come, not that it asked for too
                // little
};

// What one finished attempt used. Absent: not measured.
struct FinishedAttempt {
  Duration duration{};
  std::optional<int64_t> peak_memory_bytes;
  std::optional<int64_t> peak_pids;
  std::optional<int64_t> cpu_usec;  // time on CPU
  std::optional<WallTime> started;  // absent: before all of which it is known
  std::optional<int64_t> request_memory_bytes, request_cpu_millis;  // that it ran with
  MemoryKill memory_kill = MemoryKill::kNone;
  std::optional<Growth> growth;  // absent: nobody saw it grow

  bool operator==(const FinishedAttempt&) const = default;
};

// What the key's next job is to have, if this one ran out of memory at its own limit.
std::optional<int64_t> RaisedMemory(const FinishedAttempt& attempt);

// As forecasts use it: of which no growth was seen counts as flat at its peak. Absent: nothing of
// it is known but that it was there.
std::optional<PastAttempt> ToPast(const FinishedAttempt& attempt);

// Time on CPU by duration, rounded up, so that use is never zero.
std::optional<int64_t> AverageCpuMillis(const FinishedAttempt& attempt);

// Of attempts in the order in which they started; absent without any. CPU is the largest of the
// attempts' averages, time on CPU by duration: the kernel keeps no peak of it.
std::optional<KeyHistory> Summarise(const std::vector<FinishedAttempt>& attempts);

}  // namespace headroom
