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

class DecisionLog {
 public:
  explicit DecisionLog(JobBook& book) : book_(book) {}

  // Before Foresight::Look(): begins a stretch that can be replayed, if it is time.
  // `idle`: nothing runs or waits.
  void Begin(TimePoint now, const Retention& keep, Foresight& foresight,
             std::span<const Foresight::Attempt> running, bool idle);
  // Whether Note() has to be told what waits, in this version of the list.
  bool Wants(int64_t waiting_version) const { return recorder_.Wants(waiting_version); }
  bool enabled() const { return enabled_; }
  // After Decide(), before anything comes of it.
  void Note(const record::CycleView& cycle);
  // Before the commit.
  Status Store(TimePoint now, WallTime at, const Retention& keep);
  // The cycle was committed, or nothing of it has happened.
  void Settle(bool committed);

  void Remembered(const record::Owner& owner, const FinishedAttempt& attempt);
  void Dropped(JobId job);

 private:
  Status Flush();
  Status Prune(TimePoint now, WallTime at, const Retention& keep);

  JobBook& book_;
  record::Recorder recorder_;
  bool enabled_ = false;
  std::vector<record::Row> rows_;  // not stored yet
  TimePoint flushed_at_{}, prune_at_{};
};

}  // namespace headroom
