#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

// The daemon's directory, held by one daemon at a time.
namespace headroom {

// Makes the directory (0700) if it is missing and takes its lock. The lock goes with the process,
// however it ends. Errors: kConflict when another daemon holds it, naming its process.
Result<UniqueFd> LockStateDir(const std::string& path);

inline constexpr char kDatabaseName[] = "headroom.db";

// Refuses a directory that holds attempts but no database: starting empty would lose every job in
// it.
Status CheckStateIsWhole(const std::string& path);

}  // namespace headroom
