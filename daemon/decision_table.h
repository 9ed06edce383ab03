#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "daemon/sqlite.h"
#include "daemon/store.h"

// The statements on the decision log. Meaning and errors: store.h.
namespace headroom {

Status AppendDecisionPart(Database& db, const Store::DecisionPart& part);
Result<std::optional<int64_t>> FindDecisionSpan(Database& db, WallTime at);
Result<std::string> ReadDecisionBytes(Database& db, int64_t offset, std::size_t limit);
Status PruneDecisionParts(Database& db, int64_t bytes, WallTime before);

}  // namespace headroom
