#pragma once

#include <functional>
#include <optional>
#include <string>

#include "admission/request.h"
#include "base/result.h"
#include "daemon/past_attempt.h"
#include "daemon/sqlite.h"
#include "daemon/store.h"

// The statements on what finished attempts used. Meaning and errors: store.h.
namespace headroom {

Result<std::optional<KeyHistory>> ReadHistory(Database& db, const std::string& key);
Status ReadHistories(Database& db, const std::function<void(PastAttemptOfKey)>& take,
                     const HistoryQuery& query);
Status PruneHistory(Database& db);
Status AddToHistory(Database& db, const PastAttemptOfKey& past);

}  // namespace headroom
