#include "daemon/history_table.h"

#include <vector>

#include "admission/history.h"

namespace headroom {
namespace {

// From its columns duration_ns, peak_memory_bytes, peak_pids, cpu_usec.
FinishedAttempt ReadAttempt(Query& row) {
  FinishedAttempt attempt;
  attempt.duration = Duration(row.Int());
  attempt.peak_memory_bytes = row.MaybeInt();
  attempt.peak_pids = row.MaybeInt();
  attempt.cpu_usec = row.MaybeInt();
  return attempt;
}

}  // namespace

Result<std::optional<KeyHistory>> ReadHistory(Database& db, const std::string& key) {
  Query rows = db.Ask(
      "SELECT duration_ns, peak_memory_bytes, peak_pids, cpu_usec FROM history WHERE key = ?");
  rows.Bind(std::string_view(key));
  std::vector<FinishedAttempt> attempts;
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return Summarise(attempts);
    attempts.push_back(ReadAttempt(rows));
  }
}

Result<std::vector<Store::PastOfKey>> ReadHistories(Database& db) {
  Query rows = db.Ask(
      "SELECT key, duration_ns, peak_memory_bytes, peak_pids, cpu_usec FROM history ORDER BY id");
  std::vector<Store::PastOfKey> past;
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return past;
    std::string key = rows.Text();
    past.push_back({std::move(key), ReadAttempt(rows)});
  }
}

Status AddToHistory(Database& db, const std::string& key, const AttemptUsage& usage,
                    Duration duration) {
  Query insert = db.Ask(
      "INSERT INTO history (key, duration_ns, peak_memory_bytes, peak_pids, cpu_usec)"
      " VALUES (?, ?, ?, ?, ?)");
  insert.Bind(std::string_view(key)).Bind(int64_t{duration.count()});
  insert.Bind(usage.peak_memory_bytes).Bind(usage.peak_pids).Bind(usage.cpu_usec);
  if (Status added = insert.Run(); !added) return added;
  return db
      .Ask(
          "DELETE FROM history WHERE key = ?1 AND id <= (SELECT id FROM history WHERE key = ?1"
          " ORDER BY id DESC LIMIT 1 OFFSET ?2)")
      .Bind(std::string_view(key))
      .Bind(kHistoryPerKey)
      .Run();
}

}  // namespace headroom
