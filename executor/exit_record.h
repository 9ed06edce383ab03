#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "executor/attempt.h"

// What a shim leaves behind when its command has ended: the file state_dir/attempts/42-1/exit.
// Plain lines that a person can read, closed by "end", so that a torn one is no record at all.
// Pure.
namespace headroom {

struct ExitRecord {
  std::string boot_id;  // the instants below mean nothing in another boot
  Outcome outcome;
  TimePoint started_at{};
  TimePoint ended_at{};
  DroppedOutput stdout_dropped, stderr_dropped;
  int64_t pool_oom_events = 0;  // what the pool had counted when the attempt was launched

  bool operator==(const ExitRecord&) const = default;
};

// Control characters in messages become '?'.
std::string FormatExitRecord(const ExitRecord& record);

// Total: a record is whole and exact, or it is none. Keys of a later version are skipped.
std::optional<ExitRecord> ParseExitRecord(std::string_view text);

}  // namespace headroom
