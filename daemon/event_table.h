#pragma once

#include <vector>

#include "base/result.h"
#include "daemon/sqlite.h"
#include "daemon/store.h"

// The statements on events. Meaning and errors: store.h.
namespace headroom {

Status AppendEvent(Database& db, const Event& event);
Result<std::vector<Event>> ReadEventsAfter(Database& db, int64_t sequence, std::size_t limit);
// The highest sequence that was ever given out, also when its event was pruned.
Result<int64_t> LastEventSequence(Database& db);
// Removes all but the newest `keep`.
Status PruneEvents(Database& db, int64_t keep);

}  // namespace headroom
