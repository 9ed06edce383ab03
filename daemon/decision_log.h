#pragma once

#include <span>
#include <vector>

#include "admission/foresight.h"
#include "daemon/job_book.h"
#include "record/recorder.h"

// Keeps the record of what was decided in the store. What a decision did and its record become
// durable with one commit; of cycles that did nothing, several wait for one, so that a host at rest
// is not synced every second. Threads: the loop's only. `book` outlives it.
namespace headroom {

// What the loop has decided, and from what. Borrowed.
struct DecidedCycle {
  WallTime at{};
  const Policy& policy;
  int64_t generation = 0;
  Use pool_default, capacity;  // as Foresight::Look() had them
  const Snapshot& snapshot;
  std::span<const WaitingJob> candidates;  // of the book's last list, those shown to Decide()
  const Decisions& decisions;
};

class DecisionLog {
 public:
  explicit DecisionLog(JobBook& book) : book_(book) {}

  // Before Foresight::Look(): begins a stretch that can be replayed, if it is time.
  // `idle`: nothing runs or waits.
  void Begin(TimePoint now, const Retention& keep, Foresight& foresight,
             std::span<const Foresight::Attempt> running, bool idle);
  // After Decide(), before anything comes of it: what is rejected leaves the book.
  void Note(const DecidedCycle& cycle);
  // Before the commit.
  Status Store(TimePoint now, WallTime at, const Retention& keep);
  // The cycle was committed, or nothing of it has happened. After a failure the log waits until a
  // cycle could be stored without it: beginning anew takes room, which the ends of jobs need more.
  void Settle(bool committed);

  void Remembered(const record::Owner& owner, const FinishedAttempt& attempt);
  void Dropped(JobId job);

 private:
  record::CycleView ViewOf(const DecidedCycle& cycle) const;
  Status Flush();
  Status Prune(TimePoint now, WallTime at, const Retention& keep);

  JobBook& book_;
  record::Recorder recorder_;
  bool enabled_ = false, waits_for_room_ = false;
  std::vector<record::Row> rows_;  // not stored yet
  TimePoint flushed_at_{}, prune_at_{};
};

}  // namespace headroom
