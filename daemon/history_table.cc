#include "daemon/history_table.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

#include "admission/history.h"
#include "admission/past.h"
#include "daemon/job_columns.h"

namespace headroom {
namespace {

constexpr const char* kUseColumns =
    "duration_ns, peak_memory_bytes, peak_pids, cpu_usec, request_memory_bytes, oom";
// Binding and reading follow this order.
constexpr const char* kColumns =
    "key, duration_ns, peak_memory_bytes, peak_pids, cpu_usec, job, uid, tenant, started_at_ms, "
    "outcome, oom, request_memory_bytes, request_cpu_millis, declared_memory_bytes, "
    "declared_cpu_millis, limit_memory_bytes, limit_cpu_millis, origin, growth";

// From the columns that all have in front.
FinishedAttempt ReadUse(Query& row) {
  FinishedAttempt attempt;
  attempt.duration = Duration(row.Int());
  attempt.peak_memory_bytes = row.MaybeInt();
  attempt.peak_pids = row.MaybeInt();
  attempt.cpu_usec = row.MaybeInt();
  return attempt;
}

// A forecast that is less good is no reason not to start: without its growth an attempt counts as
// flat.
std::optional<Growth> ReadGrowth(Query& row, int64_t id) {
  const auto bytes = row.MaybeText();
  if (!bytes) return std::nullopt;
  auto growth = Growth::FromBytes(*bytes);
  if (growth) return *std::move(growth);
  spdlog::warn("row {} of history: {}; it counts as flat at its peak", id, growth.error().message);
  return std::nullopt;
}

// From kColumns.
PastAttemptOfKey ReadPast(Query& row, int64_t id) {
  PastAttemptOfKey past;
  past.key = row.Text();
  past.attempt = ReadUse(row);
  if (const auto job = row.MaybeInt()) past.job = JobId{*job};
  if (const auto uid = row.MaybeInt()) past.uid = static_cast<uid_t>(*uid);
  past.tenant = row.Text();
  if (const auto started = row.MaybeInt())
    past.attempt.started = WallTime(WallTime::duration(*started));
  past.outcome = ParseJobOutcome(row.Text());
  past.oom = ParseOomCause(row.Text()).value_or(OomCause::kNone);
  past.attempt.request_memory_bytes = row.MaybeInt();
  past.attempt.request_cpu_millis = row.MaybeInt();
  past.declared_memory_bytes = row.MaybeInt();
  past.declared_cpu_millis = row.MaybeInt();
  past.limit_memory_bytes = row.MaybeInt();
  past.limit_cpu_millis = row.MaybeInt();
  past.origin = row.MaybeText();
  past.attempt.memory_kill = KillOf(past.oom);
  past.attempt.growth = ReadGrowth(row, id);
  return past;
}

std::optional<std::string_view> View(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

void BindPast(Query& insert, const PastAttemptOfKey& past) {
  const FinishedAttempt& attempt = past.attempt;
  const auto job = past.job ? std::optional(past.job->value) : std::nullopt;
  const auto uid = past.uid ? std::optional<int64_t>(*past.uid) : std::nullopt;
  const auto started = attempt.started
                           ? std::optional<int64_t>(attempt.started->time_since_epoch().count())
                           : std::nullopt;
  const auto outcome =
      past.outcome ? std::optional<std::string_view>(ToString(*past.outcome)) : std::nullopt;
  insert.Bind(std::string_view(past.key)).Bind(int64_t{attempt.duration.count()});
  insert.Bind(attempt.peak_memory_bytes).Bind(attempt.peak_pids).Bind(attempt.cpu_usec);
  insert.Bind(job).Bind(uid).Bind(std::string_view(past.tenant)).Bind(started).Bind(outcome);
  insert.Bind(std::string_view(ToString(past.oom)));
  insert.Bind(attempt.request_memory_bytes).Bind(attempt.request_cpu_millis);
  insert.Bind(past.declared_memory_bytes).Bind(past.declared_cpu_millis);
  insert.Bind(past.limit_memory_bytes).Bind(past.limit_cpu_millis).Bind(View(past.origin));
  if (attempt.growth) {
    insert.BindBlob(attempt.growth->ToBytes());
  } else {
    insert.Bind(std::optional<int64_t>());
  }
}

}  // namespace

Result<std::optional<KeyHistory>> ReadHistory(Database& db, const std::string& key) {
  Query rows = db.Ask(
      fmt::format("SELECT {} FROM history WHERE key = ? ORDER BY started_at_ms, id", kUseColumns));
  rows.Bind(std::string_view(key));
  std::vector<FinishedAttempt> attempts;
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return Summarise(attempts);
    attempts.push_back(ReadUse(rows));
    attempts.back().request_memory_bytes = rows.MaybeInt();
    attempts.back().memory_kill = KillOf(ParseOomCause(rows.Text()).value_or(OomCause::kNone));
  }
}

Status ReadHistories(Database& db, const std::function<void(PastAttemptOfKey)>& take,
                     const HistoryQuery& query) {
  Query rows = db.Ask(fmt::format(
      "SELECT id, {} FROM history WHERE (?1 IS NULL OR uid = ?1) AND (?2 = '' OR key = ?2)"
      " ORDER BY id",
      kColumns));
  rows.Bind(query.uid ? std::optional<int64_t>(*query.uid) : std::nullopt)
      .Bind(std::string_view(query.key));
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return {};
    const int64_t id = rows.Int();
    take(ReadPast(rows, id));
  }
}

Status AddToHistory(Database& db, const PastAttemptOfKey& past) {
  Query insert =
      db.Ask(fmt::format("INSERT INTO history ({}) VALUES ({})", kColumns, Placeholders(kColumns)));
  BindPast(insert, past);
  if (Status added = insert.Run(); !added) return added;
  return db
      .Ask(
          "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE key = ?1"
          " ORDER BY started_at_ms DESC, id DESC LIMIT -1 OFFSET ?2)")
      .Bind(std::string_view(past.key))
      .Bind(kAttemptsPerKey)
      .Run();
}

Status PruneHistory(Database& db) {
  std::vector<std::string> forgotten;
  {
    Query rows = db.Ask("SELECT key, count(*) FROM history GROUP BY key ORDER BY max(id) DESC");
    int64_t keys = 0, attempts = 0;
    for (;;) {
      const auto more = rows.Next();
      if (!more) return tl::unexpected<Error>(more.error());
      if (!*more) break;
      std::string key = rows.Text();
      attempts += rows.Int();
      if (++keys > kMostKeys || attempts > kMostAttempts) forgotten.push_back(std::move(key));
    }
  }
  for (const std::string& key : forgotten) {
    const Status gone =
        db.Ask("DELETE FROM history WHERE key = ?").Bind(std::string_view(key)).Run();
    if (!gone) return gone;
  }
  return {};
}

}  // namespace headroom
