#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "daemon/sqlite.h"

// The tables of the state file, as the steps that lead to them. A file of version n has had the
// first n steps. Steps are only ever added at the end: one that was released never changes.
namespace headroom {

inline constexpr int64_t kApplicationId = 0x48647232;  // "Hdr2", in the file's header

using SchemaSteps = std::span<const char* const>;

SchemaSteps Schema();

// Takes the file from the version that it has to the last one, in one transaction. A file that held
// something is copied to PATH.vN before, where N is its old version (F5).
Status Migrate(Database& db, const std::string& path, SchemaSteps steps);

// Fails with kCorrupt when tables, indexes or triggers are not what the steps make: without them
// jobs could be lost or finished ones change.
Status CheckSchema(Database& db, SchemaSteps steps);

}  // namespace headroom
