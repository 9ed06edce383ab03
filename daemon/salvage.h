#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/store.h"

// What `headroomd --recover` does about a state file that is refused as damaged, or is missing
// (F8). docs/durability.md tells the operator what to expect.
namespace headroom {

// Reads every job. Some damage shows only there: a job without its submission, say.
Status CheckEveryJob(Store& store);

// Builds a new, verified state file from every row that can still be read and from the attempts
// that are in the directory, keeps the damaged files beside it under a name of their own
// (headroom.db.damaged-1) and puts the new one in their place. A process that is killed meanwhile
// leaves the old files or the new one, see FinishSalvage.
//
// Never leads to a second run: what may have been started, and can no longer be told, ends as lost.
// An attempt whose shim lives, or that left an exit record, goes to a job that is "starting", so
// that the loop's Recover() adopts it.
//
// Returns what was salvaged, lost and made, a line each. REQUIRES: the directory's lock is held and
// the file is not open.
Result<std::vector<std::string>> SalvageState(const std::string& state_dir, const Clock& clock);

// Ends a salvage that was interrupted between its last two steps. To be called before the file is
// opened; true if there was something to do.
Result<bool> FinishSalvage(const std::string& state_dir);

}  // namespace headroom
