#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/bytes.h"
#include "record/cycle.h"
#include "record/frame.h"

// Writes what a replay needs (replay.h) as records that only follow one another. Each cycle is
// written as what is different from the one before; now and then a checkpoint stands between them,
// from which a replay can start, and at the very start and once a day a base: all that is
// remembered of finished attempts. A cycle in which nothing runs, waits or ended is not written.
namespace headroom::record {

struct Row {
  Kind kind = Kind::kCycle;
  WallTime at{};
  std::string bytes;  // framed
};

// Not safe for concurrent use; owned by the control loop. The order of calls is that of the loop.
class Recorder {
 public:
  // A base stands so often that what lies between two is about so many bytes at most, but never so
  // often that bases are most of what is written.
  void set_span_bytes(int64_t bytes) { span_bytes_ = bytes; }

  // Before Foresight::Look(): whether this cycle begins with a checkpoint. If so the caller calls
  // Foresight::ForgetForecasts() and has the waiting list made anew.
  bool Begins(TimePoint now);
  // Whether a cycle in which nothing runs or waits has nothing to be written either.
  bool IsQuiet() const { return ends_count_ == 0 && running_.empty() && waiting_.empty(); }
  // With Begins(); what `foresight` has seen of these jobs.
  void Checkpoint(const Foresight& foresight, std::span<const Foresight::Attempt> running);

  // Whether Cycle() has to be told what waits: this list was not written yet.
  bool Wants(int64_t waiting_version) const { return waiting_version != waiting_version_; }
  // What is to be stored with the cycle. It counts as stored unless Lost() is called.
  std::vector<Row> Cycle(const CycleView& cycle);
  // It was not: the next cycle starts over with a base.
  void Lost();

  // After the cycle: what was remembered or dropped (foresight.h), in order.
  void Remembered(const Owner& owner, const PastAttempt& past);
  void Dropped(JobId job);

 private:
  void PutPastUse(const CycleView& cycle);
  void PutEnds();
  void PutPolicy(const CycleView& cycle);
  void PutRunning(const CycleView& cycle);
  void PutWaiting(const CycleView& cycle);

  int64_t span_bytes_ = 64LL << 20;
  int64_t bytes_ = 0;  // since the base
  int64_t base_bytes_ = 0;
  Writer writer_;
  std::optional<TimePoint> base_at_, checkpoint_at_;
  std::vector<Row> before_;  // what goes before this cycle: base and checkpoint
  Writer ends_;
  uint64_t ends_count_ = 0;
  int64_t generation_ = -1, waiting_version_ = -1;
  std::map<JobId, std::string> running_, waiting_;  // as written last
  std::map<JobId, ObservedUse> observed_;
  std::optional<PastUse> past_use_;  // as the cycle written last handed it on
};

}  // namespace headroom::record
