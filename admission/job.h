#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "admission/resources.h"
#include "base/clock.h"

// A job as admission sees it: what it needs and where it stands in line. What it runs is the
// executor's business.
namespace headroom {

// Given by the store in order of submission, never reused.
struct JobId {
  int64_t value = 0;

  auto operator<=>(const JobId&) const = default;
};

// Where a request came from, best first. Shown by `why`.
enum class RequestSource {
  kDeclared,
  kHistory,
  kTenant,
  kDefault,
  kRetry,  // raised, because an attempt of this very job ran out of memory
};

// "declared", "history", "tenant", "default", "retry"
std::string_view ToString(RequestSource source);

struct KeyOutlook;  // forecast.h

struct WaitingJob {
  JobId id;
  int32_t priority = 0;              // higher goes first
  bool declares_duration = false;    // `duration` is what its submitter said, not learned
  TimePoint submitted_at{};          // may lie before the boot, so before zero
  ResourceVector request;            // what it is expected to use at its peak
  std::optional<Duration> duration;  // how long it is expected to run; absent: nobody knows
  uint64_t key = 0;                  // jobs of one key have the same; 0: it has none
  uint64_t tenant = 0;               // KeyNumber (draw.h) of whom it counts for
  // What the jobs of its key may come to use; outlives the decision. Null: its request, all of it,
  // as long as it runs.
  const KeyOutlook* outlook = nullptr;
  bool alone = false;  // starts only when nothing runs, and nothing starts while it runs

  bool operator==(const WaitingJob&) const = default;
};

}  // namespace headroom
