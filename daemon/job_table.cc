#include "daemon/job_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "daemon/job_columns.h"

namespace headroom {
namespace {

// ?1 is the state.
constexpr const char* kFinishOrder =
    "CASE ?1 WHEN 'finished' THEN (SELECT coalesce(max(finish_order), 0) + 1 FROM jobs"
    " WHERE finish_order IS NOT NULL) END";

// An outer join: a job without its submission must be seen as damage, not go missing.
const std::string kByJob =
    fmt::format("SELECT j.id, {}, s.id, {} FROM jobs j LEFT JOIN submissions s ON s.id = j.id ",
                kJobColumns, kSubmissionColumns);
const std::string kByUser =
    fmt::format("SELECT j.id, {}, s.id, {} FROM submissions s CROSS JOIN jobs j ON j.id = s.id ",
                kJobColumns, kSubmissionColumns);

Result<std::vector<JobRecord>> ReadJobs(Query& rows) {
  std::vector<JobRecord> jobs;
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return jobs;
    auto job = ReadJob(rows);
    if (!job) return tl::unexpected<Error>(job.error());
    jobs.push_back(std::move(*job));
  }
}

Result<std::optional<JobRecord>> ReadOne(Query& rows) {
  return ReadJobs(rows).map([](std::vector<JobRecord> jobs) {
    return jobs.empty() ? std::nullopt : std::optional(std::move(jobs.front()));
  });
}

int64_t Bounded(std::size_t limit) {
  return static_cast<int64_t>(
      std::min(limit, static_cast<std::size_t>(std::numeric_limits<int64_t>::max())));
}

Status InsertSubmission(Database& db, JobId id, const JobSubmission& submission) {
  static const std::string kSql = fmt::format("INSERT INTO submissions ({}, id) VALUES ({}, ?)",
                                              kSubmissionColumns, Placeholders(kSubmissionColumns));
  Query query = db.Ask(kSql);
  BindSubmission(query, submission);
  return query.Bind(id.value).Run();
}

// Writes only what differs: nearly always nothing, and a row with its environment can be large.
Status UpdateSubmission(Database& db, JobId id, const JobSubmission& submission) {
  static const std::string kSql =
      fmt::format("UPDATE submissions SET ({0}) = ({1}) WHERE ({0}) IS NOT ({1}) AND id = ?",
                  kSubmissionColumns, Placeholders(kSubmissionColumns));
  Query query = db.Ask(kSql);
  BindSubmission(query, submission);
  return query.Bind(id.value).Run();
}

// Every way to list jobs walks one index in the order of ids, so that reading all pages of a list
// costs one pass and no sort. The unary plus keeps SQLite from preferring the index by source,
// which is in another order (lang_select.html, optoverview.html).
std::string ListSql(const JobQuery& query) {
  const bool few = query.state && *query.state != JobState::kFinished;
  const bool by_user = query.uid && !few;
  std::string sql = by_user ? kByUser : kByJob;
  const char* const id = by_user ? "s.id" : "j.id";
  sql += fmt::format("WHERE {} {} ?", id, query.newest_first ? '<' : '>');
  if (query.state) sql += by_user ? " AND +j.state = ?" : " AND j.state = ?";
  if (query.uid) sql += by_user ? " AND s.uid = ?" : " AND +s.uid = ?";
  if (!query.source.empty()) sql += " AND +s.source = ?";
  return sql + fmt::format(" ORDER BY {}{} LIMIT ?", id, query.newest_first ? " DESC" : "");
}

}  // namespace

Result<JobId> InsertJob(Database& db, const JobRecord& record) {
  static const std::string kSql = fmt::format("INSERT INTO jobs ({}, finish_order) VALUES ({}, {})",
                                              kJobColumns, Placeholders(kJobColumns), kFinishOrder);
  if (Status storable = CheckStorable(record.submission); !storable) {
    return tl::unexpected<Error>(storable.error());
  }
  Query query = db.Ask(kSql);
  BindJob(query, record);
  if (Status ran = query.Run(); !ran) return tl::unexpected<Error>(ran.error());
  const JobId id{db.LastInsertId()};
  return InsertSubmission(db, id, record.submission).map([&] { return id; });
}

Status InsertJobAs(Database& db, const JobRecord& record) {
  static const std::string kSql =
      fmt::format("INSERT INTO jobs ({}, finish_order, id) VALUES ({}, {}, ?)", kJobColumns,
                  Placeholders(kJobColumns), kFinishOrder);
  if (Status storable = CheckStorable(record.submission); !storable) return storable;
  Query query = db.Ask(kSql);
  BindJob(query, record);
  if (Status ran = query.Bind(record.id.value).Run(); !ran) return ran;
  return InsertSubmission(db, record.id, record.submission);
}

Status UpdateJob(Database& db, const JobRecord& record) {
  static const std::string kSql =
      fmt::format("UPDATE jobs SET ({}, finish_order) = ({}, {}) WHERE id = ?", kJobColumns,
                  Placeholders(kJobColumns), kFinishOrder);
  if (Status storable = CheckStorable(record.submission); !storable) return storable;
  Query query = db.Ask(kSql);
  BindJob(query, record);
  if (Status ran = query.Bind(record.id.value).Run(); !ran) return ran;
  if (db.Changes() == 0) return Fail(ErrorCode::kNotFound, "no such job");
  return UpdateSubmission(db, record.id, record.submission);
}

Result<std::optional<JobRecord>> FindJob(Database& db, JobId id) {
  static const std::string kSql = kByJob + "WHERE j.id = ?";
  Query query = db.Ask(kSql);
  return ReadOne(query.Bind(id.value));
}

Result<std::optional<JobRecord>> FindJobByIdempotencyKey(Database& db, uid_t uid,
                                                         const std::string& key) {
  static const std::string kSql = kByJob +
                                  "WHERE j.id = (SELECT id FROM submissions WHERE uid = ?"
                                  " AND idempotency_key = ? AND idempotency_key <> '')";
  Query query = db.Ask(kSql);
  return ReadOne(query.Bind(int64_t{uid}).Bind(std::string_view(key)));
}

Result<std::optional<JobRecord>> FindJobBySource(Database& db, const std::string& source,
                                                 const std::string& external_id) {
  static const std::string kSql = kByJob +
                                  "WHERE j.id = (SELECT max(id) FROM submissions WHERE source = ?"
                                  " AND external_id = ? AND source <> '')";
  Query query = db.Ask(kSql);
  return ReadOne(query.Bind(std::string_view(source)).Bind(std::string_view(external_id)));
}

Result<std::vector<JobRecord>> ListJobs(Database& db, const JobQuery& query) {
  const bool from_the_end = query.newest_first && query.after.value == 0;
  Query rows = db.Ask(ListSql(query));
  rows.Bind(from_the_end ? std::numeric_limits<int64_t>::max() : query.after.value);
  if (query.state) rows.Bind(std::string_view(ToString(*query.state)));
  if (query.uid) rows.Bind(int64_t{*query.uid});
  if (!query.source.empty()) rows.Bind(std::string_view(query.source));
  rows.Bind(Bounded(query.limit));
  return ReadJobs(rows);
}

Result<std::vector<JobRecord>> UnfinishedJobs(Database& db) {
  static const std::string kSql =
      kByJob +
      "WHERE j.id IN (SELECT id FROM jobs WHERE state IN ('waiting', 'starting', 'running',"
      " 'stopping')) ORDER BY j.id";
  Query rows = db.Ask(kSql);
  return ReadJobs(rows);
}

// The finished ones are counted as the rest: SQLite counts a whole table by its pages, one state by
// its rows.
Result<std::map<std::string, int64_t>> CountJobsByState(Database& db) {
  const auto all = db.AskInt("SELECT count(*) FROM jobs");
  if (!all) return tl::unexpected<Error>(all.error());
  std::map<std::string, int64_t> counts = {
      {"waiting", 0}, {"starting", 0}, {"running", 0}, {"stopping", 0}, {"finished", *all}};
  Query rows = db.Ask(
      "SELECT state, count(*) FROM jobs WHERE state IN ('waiting', 'starting', 'running',"
      " 'stopping') GROUP BY state");
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return counts;
    int64_t& count = counts[rows.Text()];
    count = rows.Int();
    counts["finished"] -= count;
  }
}

Result<std::vector<AttemptId>> PruneJobs(Database& db, int64_t keep, std::size_t most) {
  Query rows = db.Ask(
      "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finish_order <="
      " (SELECT finish_order FROM jobs WHERE finish_order IS NOT NULL"
      " ORDER BY finish_order DESC LIMIT 1 OFFSET ?) ORDER BY finish_order LIMIT ?)"
      " RETURNING id, attempt");
  rows.Bind(keep).Bind(static_cast<int64_t>(most));
  std::vector<AttemptId> gone;
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return gone;
    const JobId id{rows.Int()};
    gone.push_back({id, static_cast<int32_t>(rows.Int())});
  }
}

}  // namespace headroom
