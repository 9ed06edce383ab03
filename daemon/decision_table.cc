#include "daemon/decision_table.h"

#include <fmt/format.h>

namespace headroom {
namespace {

// So many parts go at once: a day of them would hold up a cycle.
constexpr int64_t kMostPruned = 500;

int64_t Milliseconds(WallTime at) { return at.time_since_epoch().count(); }

Result<std::optional<int64_t>> OneNumber(Query& row) {
  const auto more = row.Next();
  if (!more) return tl::unexpected(more.error());
  return *more ? row.MaybeInt() : std::nullopt;
}

Result<std::optional<int64_t>> EndOfLog(Database& db) {
  Query row = db.Ask("SELECT max(ends) FROM decisions");
  return OneNumber(row);
}

}  // namespace

Status AppendDecisionPart(Database& db, const Store::DecisionPart& part) {
  return db
      .Ask(
          "INSERT INTO decisions (at_ms, begins_span, ends, part) VALUES (?1, ?2,"
          " coalesce((SELECT max(ends) FROM decisions), 0) + length(?3), ?3)")
      .Bind(Milliseconds(part.at))
      .Bind(int64_t{part.begins_span})
      .BindBlob(part.bytes)
      .Run();
}

Result<std::optional<int64_t>> FindDecisionSpan(Database& db, WallTime at) {
  // By the order in which spans were written, not by a clock that may have been set back.
  Query row = db.Ask(
      "SELECT ends - length(part) FROM decisions WHERE begins_span = 1 AND ends = coalesce("
      "(SELECT max(ends) FROM decisions WHERE begins_span = 1 AND at_ms <= ?1),"
      "(SELECT min(ends) FROM decisions WHERE begins_span = 1))");
  row.Bind(Milliseconds(at));
  return OneNumber(row);
}

Result<std::string> ReadDecisionBytes(Database& db, int64_t offset, std::size_t limit) {
  Query rows = db.Ask(
      "SELECT ends - length(part), part FROM decisions WHERE ends > ?1 ORDER BY ends LIMIT 1000");
  rows.Bind(offset);
  std::string bytes;
  while (bytes.size() < limit) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const int64_t begins = rows.Int();
    if (bytes.empty() && begins > offset)
      return Fail(ErrorCode::kNotFound,
                  fmt::format("byte {} of the decision log is not kept any more", offset));
    const std::string part = rows.Text();
    const auto skipped = static_cast<std::size_t>(bytes.empty() ? offset - begins : 0);
    bytes.append(part, skipped, limit - bytes.size());
  }
  if (!bytes.empty()) return bytes;
  const auto end = EndOfLog(db);
  if (!end) return tl::unexpected(end.error());
  if (offset == end->value_or(0)) return bytes;
  return Fail(ErrorCode::kNotFound,
              fmt::format("byte {} of the decision log is not there yet", offset));
}

Status PruneDecisionParts(Database& db, int64_t bytes, WallTime before) {
  if (bytes == 0) {
    return db
        .Ask("DELETE FROM decisions WHERE id IN (SELECT id FROM decisions ORDER BY ends LIMIT ?1)")
        .Bind(kMostPruned)
        .Run();
  }
  return db
      .Ask(
          "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE ends < coalesce(max("
          "coalesce((SELECT min(ends) FROM decisions WHERE begins_span = 1 AND ends >= (SELECT"
          " max(ends) FROM decisions) - ?1), (SELECT max(ends) FROM decisions WHERE begins_span = "
          "1)),"
          " coalesce((SELECT max(ends) FROM decisions WHERE begins_span = 1 AND at_ms <= ?2), 0)),"
          " 0) ORDER BY ends LIMIT ?3)")
      .Bind(bytes)
      .Bind(Milliseconds(before))
      .Bind(kMostPruned)
      .Run();
}

}  // namespace headroom
