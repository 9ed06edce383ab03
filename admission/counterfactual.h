#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "admission/decision.h"
#include "admission/job.h"
#include "admission/policy.h"
#include "admission/snapshot.h"

// What would have to be different for a waiting job to start at this instant. Each answer was
// tried: Decide() on the changed situation admits the job. Pure.
namespace headroom {

enum class ChangeKind {
  kRequest,   // it asks for less of one dimension
  kDuration,  // it says that it takes no longer than this, and so may pass
  kPriority,  // it stands further ahead
  kEnd,       // running jobs end
  kToken,     // a running job frees some of a token
};

std::string_view ToString(ChangeKind kind);  // "request", "duration", "priority", "end", "token"

struct Change {
  ChangeKind kind = ChangeKind::kEnd;
  Axis axis;  // kRequest: of what; kToken: which
  // kRequest: the most that it may ask for, to the byte. kPriority: the least that is enough.
  // kToken: how many.
  int64_t amount = 0;
  std::optional<Duration> duration;  // kDuration: the longest, to the second
  std::vector<JobId> jobs;           // kEnd: who; kToken: whose

  bool operator==(const Change&) const = default;
};

// All that Decide() is told.
struct Situation {
  Snapshot snapshot;
  std::vector<WaitingJob> waiting;
};

// The same situation with the change made for `job`. A job that declares its memory is foreseen no
// more.
Situation After(Situation before, JobId job, const Change& change);

struct Counterfactuals {
  std::vector<Change> changes;  // at most one of each kind and dimension
  bool searched_all = true;     // false: the budget ended first, there may be more
  int64_t cost = 0;             // what was spent of it

  bool operator==(const Counterfactuals&) const = default;
};

// What one search may cost, in decisions about one job (plan.h).
inline constexpr int64_t kSearchBudget = 150'000;

// For a job that waits by `decisions`, which are those of the same. Of running jobs it looks for
// the one that holds least and is enough, else for a few, none of which can be spared. Empty: no
// single change that is tried would start it. In a queue of more than 1000 jobs it searches among
// those ahead of `job` and tries what it finds on all of them: each answer is true, but not always
// the smallest.
Counterfactuals WhatWouldStart(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
                               const Decisions& decisions, const Policy& policy, JobId job,
                               int64_t budget = kSearchBudget);

// How one dimension stands for a job at its turn: what it would add, and what is free for it.
struct Need {
  enum class Line { kTarget, kCeiling, kCount };  // the expected line, the peak line, tokens

  Axis axis;
  Line line = Line::kTarget;
  int64_t needed = 0, available = 0;  // `available` may be below zero

  int64_t short_by() const { return needed > available ? needed - available : 0; }
  bool operator==(const Need&) const = default;
};

std::string_view ToString(Need::Line line);  // "target", "ceiling", "count"

// Every dimension on every line for one job of the pass that made `decisions`; where a dimension
// rests, what is free is counted below the resume line. Empty without a measurement.
std::vector<Need> NeedsOf(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
                          const Decisions& decisions, const Policy& policy, JobId job);

}  // namespace headroom
