#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "admission/decision.h"
#include "admission/foresight.h"
#include "base/result.h"
#include "record/cycle_reader.h"

// Decides again what was decided, with the very same Foresight and Decide, from records
// (recorder.h).
namespace headroom::record {

// A cycle as it was. Forecasts in it hold until the next Take().
struct Played {
  WallTime at{};
  int64_t generation = 0;  // of the policy
  Snapshot snapshot;
  std::vector<WaitingJob> waiting;  // as Decide() was shown them
  std::vector<JobId> held_back;     // in line, and not shown: after a launch that failed
  Decisions decisions;
};

// Not safe for concurrent use. Fails as CycleReader does, and with kConflict for a cycle that comes
// out other than it was decided: another version of the core, or not all that decided was recorded.
class Replay {
 public:
  // The next record. Absent: it was no cycle. A replay starts with a base, then a checkpoint;
  // until that, of the cycles only what they remember is taken up.
  Result<std::optional<Played>> Take(const Frame& frame);
  // That was in force in the last cycle. REQUIRES: there was one.
  const Policy& policy() const { return reader_.policy(); }

 private:
  void Begin(Base base);
  void GoOnFrom(Checkpoint checkpoint);
  Result<std::optional<Played>> Decided(Cycle cycle);
  void TakeUp(std::vector<Ended> ends);
  void Look(const Cycle& cycle, Snapshot& snapshot);
  std::vector<WaitingJob> Shown(const Cycle& cycle);

  CycleReader reader_;
  Foresight foresight_;
  std::map<JobId, const KeyOutlook*> outlooks_;
  PastUse past_use_;  // as the last cycle handed it on
};

// Plays `bytes`, which begin with a base, up to `at`, and hands `replay`'s last cycle on. Only what
// follows the last checkpoint before `at` is decided again. kNotFound: there is no cycle until
// then.
Result<Played> PlayUntil(std::string_view bytes, WallTime at, Replay& replay);

}  // namespace headroom::record
