#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admission/foresight.h"
#include "admission/policy.h"
#include "admission/request.h"
#include "base/result.h"
#include "record/bytes.h"
#include "record/frame.h"

// Records (recorder.h) as the values that they were made from.
namespace headroom::record {

// When the cycle of a frame was; kCorrupt: it is none.
Result<WallTime> TimeOf(const Frame& frame);

// What was remembered of each key, in the order in which keys would be forgotten.
struct Base {
  struct OfKey {
    std::string key, tenant;
    std::vector<PastAttempt> attempts;
  };
  std::vector<OfKey> keys;
};

// What was seen until then of the jobs that ran.
struct Checkpoint {
  struct OfJob {
    JobId job;
    std::string key;
    Growth growth;
  };
  std::vector<OfJob> jobs;
};

struct RecordedRunning {
  RunningJob job;  // without a forecast
  std::string key, tenant;
  bool foreseen = false;
};
struct RecordedWaiting {
  WaitingJob job;  // without an outlook
  std::string key, tenant;
  DeclaredRequest declared;
  bool foreseen = false;
};

// An attempt that was remembered, or a job that was dropped, before the cycle (foresight.h).
struct Remembered {
  std::string key, tenant;
  PastAttempt past;
};
using Ended = std::variant<Remembered, JobId>;

struct Cycle {
  WallTime at{};
  Snapshot snapshot;  // without running jobs, past use and mean duration
  Use pool_default, capacity;
  std::optional<PastUse> past_use;  // absent: what the cycle before it handed on
  std::vector<Ended> ends;
  // False before the first checkpoint: what follows is not known.
  bool is_whole = false;
  int64_t generation = 0;
  bool lists_anew = false;  // the waiting list
  std::vector<JobId> held_back;
  uint64_t decided = 0;  // HashOf (cycle.h)
};

using Record = std::variant<Base, Checkpoint, Cycle>;

// Not safe for concurrent use. Records may be anything: a damaged one is kCorrupt, one that does
// not follow the one before is kConflict.
class CycleReader {
 public:
  Result<Record> Take(const Frame& frame);

  // As of the last cycle that is whole.
  const std::map<JobId, RecordedRunning>& running() const { return running_; }
  const std::map<JobId, RecordedWaiting>& waiting() const { return waiting_; }
  // REQUIRES: there was one.
  const Policy& policy() const { return policies_.at(generation_); }

 private:
  Result<Record> TakeBase(std::string_view payload);
  Result<Record> TakeCheckpoint(std::string_view payload);
  Result<Record> TakeCycle(std::string_view payload);
  Status TakePolicy(Reader& reader, Cycle& cycle);
  void TakeRunning(Reader& reader);
  void TakeWaiting(Reader& reader, Cycle& cycle);

  bool has_base_ = false, has_checkpoint_ = false;
  std::map<int64_t, Policy> policies_;
  int64_t generation_ = -1;
  std::map<JobId, RecordedRunning> running_;
  std::map<JobId, RecordedWaiting> waiting_;
};

}  // namespace headroom::record
