#pragma once

#include <optional>
#include <string>

#include "admission/request.h"
#include "base/result.h"
#include "daemon/sqlite.h"
#include "daemon/store.h"
#include "executor/attempt.h"

// The statements on what finished attempts used. Meaning and errors: store.h.
namespace headroom {

Result<std::optional<KeyHistory>> ReadHistory(Database& db, const std::string& key);
Result<std::vector<Store::PastOfKey>> ReadHistories(Database& db);
Status AddToHistory(Database& db, const std::string& key, const AttemptUsage& usage,
                    Duration duration);

}  // namespace headroom
