#pragma once

#include "admission/policy.h"
#include "admission/snapshot.h"

// Forecasts are wrong by a little, mostly to one side. While jobs wait for the expected line of
// memory, the target is moved until use is where it was meant to be.
namespace headroom {

enum class HeldBackBy { kNothing, kTarget, kSomethingElse };

// The trim for the next pass. It stands still while something else holds jobs back, and may then
// only lose what it had gained: use would not follow it. Bounded: a sixth of the target down,
// five twelfths up.
Trim NextTrim(const Snapshot& snapshot, const Policy& policy, HeldBackBy held_back);

}  // namespace headroom
