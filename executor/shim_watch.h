#pragma once

#include <string>
#include <variant>

#include "base/fd.h"
#include "executor/attempt.h"
#include "executor/exit_record.h"
#include "executor/shim_launcher.h"

namespace headroom {

// What can be known of a shim without waiting for it.
struct StillRuns {};
// It is on its way out and left no record so far; its pidfd tells when to look again.
struct Leaving {};
// This is how its attempt ended. It may take a moment more to put its record on the disk.
struct Ended {
  ExitRecord record;
};
// Gone, without a record. `claim_error` is why it could not claim the attempt, 0 if it did not say.
struct EndedSilently {
  int claim_error = 0;
};
using ShimState = std::variant<StillRuns, Leaving, Ended, EndedSilently>;

ShimState LookAt(const Shim& shim, const std::string& attempt_directory);

// Takes the exit status of a shim that is our child. False while it has none yet.
bool WaitWithoutBlocking(const UniqueFd& pidfd);

// Ends a shim at once and takes its status. Only for a start that failed half-way.
void KillShim(const Shim& shim);

}  // namespace headroom
