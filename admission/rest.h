#pragma once

#include <optional>

#include "admission/policy.h"
#include "admission/resources.h"
#include "admission/snapshot.h"

// The band between the resume line and the target. Once the target has turned a job away in a
// dimension, that dimension rests: nothing that needs it starts until use falls below the resume
// line. Without it a host at its target would start a small job at every breath.
namespace headroom {

class RestRule {
 public:
  // What rested in the pass before the snapshot and has fallen below the resume line is let go.
  RestRule(const Snapshot& snapshot, const Policy& policy, const ResourceVector& capacity,
           const ResourceVector& expected_free);

  // The first dimension that rests and that `request` needs.
  std::optional<Axis> Blocks(const ResourceVector& request) const;

  // What is free below the resume line; zero or less where use is at it or above.
  ResourceVector BelowResume(ResourceVector expected_free) const;

  // The target turned a job away: from the next pass on the dimension rests, if its use is not
  // below the resume line.
  void TurnedAway(Dimension dimension, const ResourceVector& expected_free);

  // What must be free under the target for `request` to start in a later pass: itself, or as much
  // as ends a rest.
  ResourceVector MustBeFree(const ResourceVector& request) const;

  const Resting& next() const { return next_; }

 private:
  ResourceVector band_;  // target − resume
  Resting now_;
  Resting next_;
};

}  // namespace headroom
