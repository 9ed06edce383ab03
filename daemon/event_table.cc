#include "daemon/event_table.h"

#include <algorithm>
#include <limits>

namespace headroom {
namespace {

Event ReadEvent(Query& row) {
  Event event;
  event.sequence = row.Int();
  event.at = WallTime(std::chrono::milliseconds(row.Int()));
  event.kind = row.Text();
  if (const auto job = row.MaybeInt()) event.job = JobId{*job};
  event.detail = row.Text();
  return event;
}

}  // namespace

Status AppendEvent(Database& db, const Event& event) {
  Query insert = db.Ask("INSERT INTO events (at_ms, kind, job, detail) VALUES (?, ?, ?, ?)");
  insert.Bind(int64_t{event.at.time_since_epoch().count()}).Bind(std::string_view(event.kind));
  insert.Bind(event.job ? std::optional(event.job->value) : std::nullopt);
  return insert.Bind(std::string_view(event.detail)).Run();
}

Result<std::vector<Event>> ReadEventsAfter(Database& db, int64_t sequence, std::size_t limit) {
  Query rows = db.Ask(
      "SELECT sequence, at_ms, kind, job, detail FROM events WHERE sequence > ?"
      " ORDER BY sequence LIMIT ?");
  constexpr std::size_t kMost = std::numeric_limits<int64_t>::max();
  rows.Bind(sequence).Bind(static_cast<int64_t>(std::min(limit, kMost)));
  std::vector<Event> events;
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return events;
    events.push_back(ReadEvent(rows));
  }
}

Result<int64_t> LastEventSequence(Database& db) {
  return db.AskInt("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
}

Status PruneEvents(Database& db, int64_t keep) {
  return db
      .Ask(
          "DELETE FROM events WHERE sequence <="
          " (SELECT seq FROM sqlite_sequence WHERE name = 'events') - ?")
      .Bind(keep)
      .Run();
}

}  // namespace headroom
