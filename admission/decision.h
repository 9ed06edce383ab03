#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/charge.h"
#include "admission/job.h"
#include "admission/resources.h"
#include "admission/snapshot.h"

// The answer for one waiting job: a verdict and the one reason that decided it, as values.
// Text is made from them last, by Explain(). docs/decisions.md has a row for every reason.
namespace headroom {

enum class Verdict { kAdmit, kWait, kReject };

std::string_view ToString(Verdict verdict);  // "admit", "wait", "reject"

enum class Reason {
  kFits,       // admit: every dimension fits both lines
  kIdleHost,   // admit: larger than the target, but nothing of ours runs and it fits the capacity
  kNoLimit,    // admit: mode "none", or "count" below max_jobs
  kNeverFits,  // reject: needs more than the capacity, or a token that the policy does not have
  kNoMeasurement,  // wait: the host could not be measured yet
  kStale,          // wait: the last measurement is too old
  kGateClosed,     // wait: pressure
  kGateClosing,    // wait: pressure is rising, one job at a time
  kMaxJobs,        // wait: the fixed count is reached
  kResting,        // wait: the target was reached; use must fall below the resume line first
  kOverTarget,     // wait: the expected line would be passed
  kOverCeiling,    // wait: the peak line would be passed
  kNewKey,         // wait: little is known of its key, and enough jobs of it run
  kBehindHead,     // wait: it would fit, but would delay the blocked job ahead of it
  kAlone,          // wait: it is to run alone and others run, or one that is to run alone does
  kTenantLimit,    // wait: its tenant holds as much as the policy lets it
  kBeyondQuota,    // wait: its tenant would be beyond its quota, and others within theirs wait
  kDrainWindow,    // wait: a drain window is open, or begins before it is expected to end
};

std::string_view ToString(Reason reason);  // "fits", "idle_host", "no_limit", "never_fits", …

struct Decision {
  JobId job;
  Verdict verdict = Verdict::kWait;
  Reason reason = Reason::kNoMeasurement;
  std::optional<Axis> axis;  // which dimension decided; absent where none did
  // In that dimension: bytes, millis, pids, tokens. Jobs for kMaxJobs and kNewKey; for kDrainWindow
  // the seconds that it is taken to run, and those until the window begins.
  int64_t needed = 0;
  int64_t available = 0;  // the same, at this job's turn; may be below zero
  // kBehindHead: the job that must not be delayed. kAlone: the one that runs alone; absent: it is
  // this job that is to.
  std::optional<JobId> head;

  bool operator==(const Decision&) const = default;
};

// The reservation of the first job that is blocked by what others hold (EASY backfill, Lifka 1995).
struct HeadReservation {
  JobId job;
  // When it can start at the latest if every running job ends as expected; absent: some do not say.
  std::optional<TimePoint> starts_by;
  // What others may hold at that moment without delaying it.
  ResourceVector spare;

  bool operator==(const HeadReservation&) const = default;
};

// All that one pass decided, in queue order.
struct Decisions {
  std::vector<Decision> jobs;
  std::optional<HeadReservation> head;
  std::optional<Account> account;  // before the pass; absent without a measurement
  Resting resting;                 // to be handed to the next snapshot
  Trim trim;                       // the same
  PastUse past_use;                // the same

  bool operator==(const Decisions&) const = default;
};

// Who holds a dimension now, largest first.
struct Holder {
  JobId job;
  int64_t amount = 0;

  bool operator==(const Holder&) const = default;
};
std::vector<Holder> TopHolders(const Snapshot& snapshot, const Policy& policy, const Axis& axis,
                               std::size_t at_most);
// The same on the peak line: who may come to hold it.
std::vector<Holder> TopPeakHolders(const Snapshot& snapshot, const Axis& axis, std::size_t at_most);

// One line for people: "waits: needs 3.0 GiB memory, 2.0 GiB free under the 60% target; held by job
// 7 …".
std::string Explain(const Decision& decision, const Snapshot& snapshot, const Policy& policy);

}  // namespace headroom
