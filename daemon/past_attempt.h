#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "admission/history.h"
#include "daemon/job_record.h"
#include "executor/attempt.h"

// What the state file remembers of an attempt that has ended, longer than it remembers its job.
namespace headroom {

constexpr MemoryKill KillOf(OomCause cause) {
  if (cause == OomCause::kNone) return MemoryKill::kNone;
  return cause == OomCause::kJobLimit ? MemoryKill::kOwnLimit : MemoryKill::kWithOthers;
}

struct PastAttemptOfKey {
  std::string key;
  std::string tenant;
  std::optional<uid_t> uid;
  std::optional<JobId> job;
  std::optional<JobOutcome> outcome;
  OomCause oom = OomCause::kNone;
  // What was declared for it, and the limits that it named. Absent: nothing.
  std::optional<int64_t> declared_memory_bytes, declared_cpu_millis;
  std::optional<int64_t> limit_memory_bytes, limit_cpu_millis;
  std::optional<std::string> origin;  // where it was imported from; unique
  FinishedAttempt attempt;

  bool operator==(const PastAttemptOfKey&) const = default;
};

}  // namespace headroom
