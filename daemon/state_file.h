#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "daemon/sqlite.h"

// The state file on disk: made whole or not at all, and trusted only after it was looked at.
// docs/durability.md tells the operator what to do with a refused one.
namespace headroom {

enum class Verification {
  kFull,      // every page and index entry is read
  kReadable,  // it was verified before and nothing has failed but a lack of space
};

// Opens the file, for this process alone and ready for writes; makes it if there is none. The error
// names the file and what to do: kCorrupt (damaged, truncated, empty, not ours), kDenied (a
// symlink, another owner, readable by others), kUnsupported (a newer schema; nothing was written),
// kConflict (another process has it open).
Result<std::unique_ptr<Database>> OpenStateFile(const std::string& path);

// The same for a file that was open before: one that is gone now is an error.
Result<std::unique_ptr<Database>> ReopenStateFile(const std::string& path,
                                                  Verification verification);

// Makes a new state file at `path`, where leftovers are removed, with what `fill` writes into it.
// It is closed, verified and synced when this returns, and has no log.
Status BuildStateFile(const std::string& path, const std::function<Status(Database&)>& fill);

}  // namespace headroom
