#include "daemon/schema.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/fd.h"

namespace headroom {
namespace {

// `jobs` is what changes over a job's life and is kept small: a transition writes one short row,
// and many of them share a page of the log. `submissions` is what was asked for; the environment
// comes last, so that nothing else has to read past it. Lists of strings are NUL-separated blobs.
constexpr const char* kTables = R"sql(
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused, not even after pruning
  state TEXT NOT NULL CHECK (state IN ('waiting', 'starting', 'running', 'stopping', 'finished')),
  outcome TEXT CHECK ((outcome IS NOT NULL) = (state = 'finished')),
  attempt INTEGER NOT NULL,
  submitted_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  finished_at_ms INTEGER,
  submitted_boottime_ns INTEGER NOT NULL,
  admitted_boottime_ns INTEGER,
  boot_id TEXT NOT NULL,
  reserved_memory_bytes INTEGER,  -- all three or none
  reserved_cpu_millis INTEGER,
  reserved_pids INTEGER,
  reserved_tokens BLOB,
  exit_code INTEGER,
  signal INTEGER,
  oom TEXT NOT NULL,
  message TEXT NOT NULL,
  peak_memory_bytes INTEGER,
  peak_pids INTEGER,
  cpu_usec INTEGER,
  stdout_dropped_bytes INTEGER NOT NULL,
  stderr_dropped_bytes INTEGER NOT NULL,
  finish_order INTEGER  -- counts up as jobs finish: clocks jump
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_finish ON jobs (finish_order) WHERE finish_order IS NOT NULL;

CREATE TRIGGER finished_jobs_never_change BEFORE UPDATE ON jobs WHEN OLD.state = 'finished'
BEGIN SELECT RAISE(ABORT, 'a finished job never changes'); END;
CREATE TRIGGER only_finished_jobs_are_removed BEFORE DELETE ON jobs WHEN OLD.state <> 'finished'
BEGIN SELECT RAISE(ABORT, 'only a finished job is removed'); END;

CREATE TABLE submissions (
  id INTEGER PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  uid INTEGER NOT NULL,
  user TEXT NOT NULL,
  name TEXT NOT NULL,
  tenant TEXT NOT NULL,
  key TEXT NOT NULL,
  priority INTEGER NOT NULL,
  source TEXT NOT NULL,
  external_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  working_directory TEXT NOT NULL,
  stdin_path TEXT NOT NULL,
  request_memory_bytes INTEGER,
  request_cpu_millis INTEGER,
  request_pids INTEGER,
  request_tokens BLOB NOT NULL,
  limit_memory_bytes INTEGER,
  limit_cpu_millis INTEGER,
  limit_pids INTEGER,
  duration_ns INTEGER,
  command BLOB NOT NULL,
  environment BLOB NOT NULL
) STRICT;
CREATE INDEX submissions_by_uid ON submissions (uid, id);
CREATE INDEX submissions_by_source ON submissions (source, external_id, id) WHERE source <> '';
CREATE UNIQUE INDEX submissions_by_idempotency_key ON submissions (uid, idempotency_key)
  WHERE idempotency_key <> '';

CREATE TABLE history (  -- finished attempts, the newest of each key
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  duration_ns INTEGER NOT NULL,
  peak_memory_bytes INTEGER,
  peak_pids INTEGER,
  cpu_usec INTEGER
) STRICT;
CREATE INDEX history_by_key ON history (key, id);

CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,  -- only grows, pruned or not
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  job INTEGER,
  detail TEXT NOT NULL
) STRICT;
)sql";

// The errno for which output could not be written; null: what was dropped was beyond the limit.
constexpr const char* kOutputErrors = R"sql(
ALTER TABLE jobs ADD COLUMN stdout_error INTEGER;
ALTER TABLE jobs ADD COLUMN stderr_error INTEGER;
)sql";

// What is needed to foresee a key's next job as if the daemon had never stopped, and to say what
// was asked for beside what was used. All of it is null in rows from before, and `job` in imported
// ones. The growth comes last: nothing has to read past it (growth_bytes.cc).
constexpr const char* kGrowth = R"sql(
ALTER TABLE history ADD COLUMN job INTEGER;
ALTER TABLE history ADD COLUMN uid INTEGER;
ALTER TABLE history ADD COLUMN tenant TEXT;
ALTER TABLE history ADD COLUMN started_at_ms INTEGER;
ALTER TABLE history ADD COLUMN outcome TEXT;
ALTER TABLE history ADD COLUMN oom TEXT;
ALTER TABLE history ADD COLUMN request_memory_bytes INTEGER;  -- that it ran with
ALTER TABLE history ADD COLUMN request_cpu_millis INTEGER;
ALTER TABLE history ADD COLUMN declared_memory_bytes INTEGER;
ALTER TABLE history ADD COLUMN declared_cpu_millis INTEGER;
ALTER TABLE history ADD COLUMN limit_memory_bytes INTEGER;
ALTER TABLE history ADD COLUMN limit_cpu_millis INTEGER;
ALTER TABLE history ADD COLUMN origin TEXT;  -- where an imported one is from
ALTER TABLE history ADD COLUMN growth BLOB;
DROP INDEX history_by_key;
CREATE INDEX history_by_key ON history (key, started_at_ms, id);
CREATE UNIQUE INDEX history_by_origin ON history (origin) WHERE origin IS NOT NULL;
)sql";

// The decision log (record/recorder.h) as a stream of bytes, which only grows at its end. `ends`
// counts from the first byte that ever was. A reader can begin where a span begins.
constexpr const char* kDecisions = R"sql(
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  begins_span INTEGER NOT NULL CHECK (begins_span IN (0, 1)),
  ends INTEGER NOT NULL,
  part BLOB NOT NULL
) STRICT;
CREATE INDEX decisions_by_span ON decisions (at_ms, ends) WHERE begins_span = 1;
CREATE UNIQUE INDEX decisions_by_end ON decisions (ends);
)sql";

// Of a job that is tried again because an attempt ran out of memory. Null in rows from before:
// never.
constexpr const char* kRetries = R"sql(
ALTER TABLE jobs ADD COLUMN oom_retries INTEGER;
ALTER TABLE jobs ADD COLUMN raised_memory_bytes INTEGER;
)sql";

constexpr std::array kSteps = {kTables, kOutputErrors, kGrowth, kDecisions, kRetries};

// An empty file that others cannot read; what was left of an earlier try is replaced.
Status MakePrivateFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FailErrno(errno, "remove " + path);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return FailErrno(errno, "create " + path);
  return {};
}

// SQLite does not sync what VACUUM INTO wrote (lang_vacuum.html).
Status Sync(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return FailErrno(errno, "fsync " + path);
  return {};
}

Status CopyTo(Database& db, const std::string& copy) {
  if (Status made = MakePrivateFile(copy); !made) return made;
  if (Status copied = db.Ask("VACUUM INTO ?").Bind(std::string_view(copy)).Run(); !copied) {
    return Within("copy to " + copy, copied.error());
  }
  return Sync(copy);
}

Status Apply(Database& db, int64_t from, SchemaSteps steps) {
  std::string script = "BEGIN IMMEDIATE;";
  for (const char* step : steps.subspan(static_cast<std::size_t>(from))) script += step;
  script += fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;",
                        kApplicationId, steps.size());
  if (Status applied = db.Run(script); !applied) {
    if (db.InTransaction()) (void)db.Run("ROLLBACK");
    return applied;
  }
  return db.Checkpoint();  // so that the version shows in the file itself
}

Result<std::string> Describe(Database& db) {
  return db.AskText(
      "SELECT group_concat(type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, ''), ';')"
      " FROM (SELECT * FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name)");
}

}  // namespace

SchemaSteps Schema() { return kSteps; }

Status Migrate(Database& db, const std::string& path, SchemaSteps steps) {
  const auto version = db.AskInt("PRAGMA user_version");
  if (!version) return tl::unexpected<Error>(version.error());
  if (*version == std::ssize(steps)) return {};
  const std::string doing = fmt::format("migrate {} from version {}", path, *version);
  if (*version > 0) {
    const std::string copy = fmt::format("{}.v{}", path, *version);
    if (Status copied = CopyTo(db, copy); !copied) return Within(doing, copied.error());
  }
  if (Status applied = Apply(db, *version, steps); !applied) return Within(doing, applied.error());
  return {};
}

Status CheckSchema(Database& db, SchemaSteps steps) {
  const auto model = Database::Open(":memory:");
  if (!model) return tl::unexpected<Error>(model.error());
  if (Status built = Apply(**model, 0, steps); !built) return built;
  const auto wanted = Describe(**model), found = Describe(db);
  if (!wanted) return tl::unexpected<Error>(wanted.error());
  if (!found) return tl::unexpected<Error>(found.error());
  if (*wanted == *found) return {};
  return Fail(ErrorCode::kCorrupt, "its tables, indexes or triggers are not those of its version");
}

}  // namespace headroom
