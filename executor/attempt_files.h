#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "executor/attempt.h"
#include "executor/exit_record.h"

// The directory of an attempt, state_dir/attempts/42-1/, as the daemon sees it:
//   claim    who owns the attempt: empty, a daemon that gave it up; else "BOOT_ID PID" of its shim
//   exit     how it ended (exit_record.h)
//   stdout, stderr
// Whoever creates the claim first owns the attempt for ever, so it runs once or never. A shim holds
// a lock on its claim while it lives; the kernel frees it with the process.
namespace headroom {

std::string AttemptsDirectory(const std::string& state_dir);
std::string AttemptDirectory(const std::string& state_dir, const AttemptId& id);

// Makes the directory, which must not be there yet.
Status MakeAttemptDirectory(const std::string& directory);
// Removes it and what a failed launch may have left in it.
void RemoveAttemptDirectory(const std::string& directory);

enum class Claim {
  kGivenUp,      // it did not run and never will
  kShim,         // a shim claimed it, and may live or not
  kNoDirectory,  // it was never launched, or somebody has removed what it left
};
// Gives the attempt up unless a shim has claimed it.
Result<Claim> GiveUpOrSeeClaim(const std::string& directory);

// The living shim of a claimed attempt, by its lock: no other process that got the same PID since
// can be mistaken for it (F22). Absent: it is dead or was never there.
Result<std::optional<UniqueFd>> FindShim(const std::string& directory);

// Absent: there is no whole record.
std::optional<ExitRecord> ReadExitRecord(const std::string& directory);
Status WriteExitRecord(const std::string& directory, const ExitRecord& record);
void RemoveExitRecord(const std::string& directory);

}  // namespace headroom
