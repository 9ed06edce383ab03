#include "daemon/salvage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/file.h"
#include "daemon/event_detail.h"
#include "daemon/event_table.h"
#include "daemon/job_table.h"
#include "daemon/lifecycle.h"
#include "daemon/raw_rows.h"
#include "daemon/schema.h"
#include "daemon/sqlite.h"
#include "daemon/state_dir.h"
#include "daemon/state_file.h"
#include "executor/attempt_files.h"

namespace headroom {
namespace {

// Ids beyond this are not ours: JSON cannot carry them exactly.
constexpr int64_t kLargestId = int64_t{1} << 53;
// How far new ids keep from the highest one seen when the counter itself cannot be read.
constexpr int64_t kIdsToSkip = 1000;
constexpr std::size_t kRangesShown = 20;

// Columns of the tables as schema.cc has them. Rows from before a column was added are shorter.
constexpr std::size_t kJobColumnCount = 26, kFirstJobColumnCount = 24, kFinishOrderColumn = 23;
constexpr std::size_t kSubmissionColumnCount = 22, kHistoryColumnCount = 6, kEventColumnCount = 5;

using Type = RawValue::Type;

// -- Reading --------------------------------------------------------------------------------------

// All that could be read, by the table that it looks like. Whether a row is one of ours shows when
// it is written: the new tables check types, and jobs are parsed as always.
struct Rows {
  std::map<int64_t, RawRow> jobs, submissions, history, events;
  std::set<int64_t> doubtful_submissions;       // two that differ
  std::optional<int64_t> last_job, last_event;  // the file's own counters
  int64_t zeroed = 0;
  RawRowsReport report;
};

bool IsText(const RawValue& value, std::string_view text) {
  return value.type == Type::kText && value.bytes == text;
}

// What a sector of zeros leaves in a row that is otherwise whole. Our texts have no NUL; in a list
// each item ends with one, and only an argument may be empty.
bool HasZeros(const RawValue& value, std::size_t most) {
  return value.type != Type::kInteger &&
         value.bytes.find(std::string(most + 1, '\0')) != std::string::npos;
}

bool IsZeroed(const RawRow& row) {
  constexpr std::size_t kCommandColumn = 20, kMostEmptyArguments = 3;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const bool is_list = row.values[i].type == Type::kBlob;
    const bool is_command = is_list && i == kCommandColumn;
    if (HasZeros(row.values[i], is_command ? kMostEmptyArguments : is_list ? 1 : 0)) return true;
  }
  return false;
}

// Of two versions of a job the one that is further on, for it must not run again.
bool IsFurther(const RawRow& a, const RawRow& b) {
  const auto progress = [](const RawRow& row) {
    static constexpr std::string_view kStates[] = {"waiting", "starting", "running", "stopping",
                                                   "finished"};
    const auto state = std::ranges::find(kStates, std::string_view(row.values[1].bytes));
    const auto rank = state - std::begin(kStates);
    return std::pair(state == std::end(kStates) - 1 ? 1 : 0, std::pair(row.values[3].number, rank));
  };
  return progress(a) > progress(b);
}

void TakeJob(Rows& rows, RawRow row) {
  const auto known = rows.jobs.find(row.rowid);
  if (known == rows.jobs.end()) {
    rows.jobs.emplace(row.rowid, std::move(row));
  } else if (IsFurther(row, known->second)) {
    known->second = std::move(row);
  }
}

void TakeSubmission(Rows& rows, RawRow row) {
  const auto [known, is_new] = rows.submissions.try_emplace(row.rowid, row);
  if (!is_new && known->second.values != row.values) rows.doubtful_submissions.insert(row.rowid);
}

void TakeCounter(Rows& rows, const RawRow& row) {
  const int64_t value = row.values[1].number;
  if (row.values[1].type != Type::kInteger || value < 0 || value > kLargestId) return;
  if (IsText(row.values[0], "jobs")) rows.last_job = std::max(rows.last_job.value_or(0), value);
  if (IsText(row.values[0], "events"))
    rows.last_event = std::max(rows.last_event.value_or(0), value);
}

void Sort(Rows& rows, RawRow row) {
  const std::size_t columns = row.values.size();
  if (columns == 2) return TakeCounter(rows, row);
  if (row.values[0].type != Type::kNull || row.rowid <= 0 || row.rowid > kLargestId) return;
  if (IsZeroed(row)) {
    ++rows.zeroed;
    return;
  }
  if (columns == kJobColumnCount || columns == kFirstJobColumnCount) {
    row.values.resize(kJobColumnCount);
    return TakeJob(rows, std::move(row));
  }
  if (columns == kSubmissionColumnCount) return TakeSubmission(rows, std::move(row));
  const int64_t id = row.rowid;
  if (columns == kHistoryColumnCount) rows.history.insert_or_assign(id, std::move(row));
  if (columns == kEventColumnCount) rows.events.insert_or_assign(id, std::move(row));
}

Result<Rows> ReadRows(const std::string& path) {
  Rows rows;
  const auto report = ReadRawRows(path, [&](RawRow row) { Sort(rows, std::move(row)); });
  if (!report) return tl::unexpected<Error>(report.error());
  rows.report = *report;
  for (const int64_t id : rows.doubtful_submissions) rows.submissions.erase(id);
  return rows;
}

// What a job's latest attempt left in its directory.
struct Trace {
  enum class Found {
    kShim,     // it runs
    kRecord,   // it ended, and how is known
    kClaim,    // it was started and is gone
    kGivenUp,  // it did not run and never will
  };
  int32_t attempt = 0;
  Found found = Found::kGivenUp;
  WallTime at{};  // when the directory was made
};

Result<Trace> LookAt(const std::string& state_dir, const AttemptId& id) {
  const std::string directory = AttemptDirectory(state_dir, id);
  const auto claim = GiveUpOrSeeClaim(directory);
  if (!claim) return tl::unexpected<Error>(claim.error());
  const auto shim = FindShim(directory);
  if (!shim) return tl::unexpected<Error>(shim.error());
  struct stat info {};
  if (::stat((directory + "/claim").c_str(), &info) != 0) {
    return FailErrno(errno, "stat " + directory + "/claim");
  }
  Trace trace{id.number, Trace::Found::kClaim, WallTime(std::chrono::seconds(info.st_mtime))};
  if (*shim) {
    trace.found = Trace::Found::kShim;
  } else if (ReadExitRecord(directory)) {
    trace.found = Trace::Found::kRecord;
  } else if (*claim == Claim::kGivenUp) {
    trace.found = Trace::Found::kGivenUp;
  }
  return trace;
}

Result<std::map<int64_t, Trace>> ReadTraces(const std::string& state_dir) {
  std::map<int64_t, int32_t> latest;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(AttemptsDirectory(state_dir), error)) {
    const auto id = ParseAttemptId(entry.path().filename().string());
    if (!id || id->job.value > kLargestId) continue;
    int32_t& number = latest[id->job.value];
    number = std::max(number, id->number);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return FailErrno(error.value(), "list " + AttemptsDirectory(state_dir));
  }
  std::map<int64_t, Trace> traces;
  for (const auto& [job, number] : latest) {
    const auto trace = LookAt(state_dir, {JobId{job}, number});
    if (!trace) return tl::unexpected<Error>(trace.error());
    traces.emplace(job, *trace);
  }
  return traces;
}

// -- Jobs -----------------------------------------------------------------------------------------

// Stands for what could not be read. It is never run: see Settle.
JobRecord Unknown(JobId id) {
  JobRecord job;
  job.id = id;
  job.state = JobState::kStarting;
  job.submission.name = "salvaged";
  job.submission.command = {"(lost)"};
  job.submission.user = job.submission.tenant = "root";
  return job;
}

struct FoundJob {
  JobRecord record;
  bool state_is_known = false;
  bool submission_is_known = false;
  bool is_current = false;  // no newer version of its row can have been lost
  int64_t finish_order = 0;
};

// Parses raw rows as the daemon does its own: in a table of this version, in memory.
class Parser {
 public:
  static Result<Parser> Make() {
    auto db = Database::Open(":memory:");
    if (!db) return tl::unexpected<Error>(db.error());
    if (Status made = Migrate(**db, ":memory:", Schema()); !made)
      return tl::unexpected<Error>(made.error());
    const Status open = (*db)->Run(
        "DROP TRIGGER finished_jobs_never_change; DROP TRIGGER only_finished_jobs_are_removed");
    if (!open) return tl::unexpected<Error>(open.error());
    return Parser(*std::move(db));
  }

  // As much of the job as makes sense.
  FoundJob Parse(JobId id, const RawRow* job, const RawRow* submission) {
    for (const auto& [first, second] :
         {std::pair(job, submission), std::pair(job, static_cast<const RawRow*>(nullptr)),
          std::pair(static_cast<const RawRow*>(nullptr), submission)}) {
      if (auto record = Read(id, first, second)) {
        FoundJob found{*std::move(record), first != nullptr, second != nullptr, false, 0};
        if (first == nullptr) return found;
        found.is_current = first->current;
        found.finish_order = first->values[kFinishOrderColumn].number;
        return found;
      }
    }
    return {Unknown(id)};
  }

 private:
  explicit Parser(std::unique_ptr<Database> db) : db_(std::move(db)) {}

  std::optional<JobRecord> Read(JobId id, const RawRow* job, const RawRow* submission) {
    const bool staged = db_->Run("DELETE FROM jobs; DELETE FROM submissions") &&
                        InsertJobAs(*db_, Unknown(id)) && Replace("jobs", job) &&
                        Replace("submissions", submission);
    if (!staged) return std::nullopt;
    auto record = FindJob(*db_, id);
    if (!record || !*record || (*record)->attempt < 0) return std::nullopt;
    if ((*record)->submission.command.empty()) return std::nullopt;
    return *std::move(record);
  }

  bool Replace(const char* table, const RawRow* row);

  std::unique_ptr<Database> db_;
};

// Writes a row as it was; a constraint of the table refuses one that is none of it.
Status InsertRaw(Database& db, const char* table, const RawRow& row) {
  std::string places = "?";
  for (std::size_t i = 1; i < row.values.size(); ++i) places += ", ?";
  Query insert = db.Ask(fmt::format("INSERT INTO {} VALUES ({})", table, places));
  insert.Bind(row.rowid);
  for (std::size_t i = 1; i < row.values.size(); ++i) {
    const RawValue& value = row.values[i];
    switch (value.type) {
      case Type::kNull:
        insert.Bind(std::optional<int64_t>());
        break;
      case Type::kInteger:
        insert.Bind(value.number);
        break;
      case Type::kText:
        insert.Bind(std::string_view(value.bytes));
        break;
      case Type::kBlob:
        insert.BindBlob(value.bytes);
        break;
    }
  }
  return insert.Run();
}

bool Parser::Replace(const char* table, const RawRow* row) {
  if (row == nullptr) return true;
  return db_->Run(fmt::format("DELETE FROM {}", table)) && InsertRaw(*db_, table, *row);
}

bool CanBeAdopted(const Trace* trace) {
  return trace != nullptr &&
         (trace->found == Trace::Found::kShim || trace->found == Trace::Found::kRecord);
}

// The loop's Recover() finds out what became of the attempt. Where nobody knows what it may use, it
// is charged for what it is seen to use.
JobRecord Adoptable(const FoundJob& found, const Trace& trace) {
  JobRecord job = found.record;
  if (job.state == JobState::kWaiting) job.state = JobState::kStarting;
  job.attempt = trace.attempt;
  if (!job.started_at) job.started_at = trace.at;
  if (job.submitted_at == WallTime{}) job.submitted_at = trace.at;
  if (!job.reserved) job.reserved = ResourceVector{};
  return job;
}

JobRecord Lose(JobRecord job, const Trace* trace, const std::string& why, const Instant& now) {
  if (trace != nullptr) job.attempt = std::max(job.attempt, trace->attempt);
  if (job.submitted_at == WallTime{}) job.submitted_at = trace != nullptr ? trace->at : now.wall;
  return FinishedWithoutRunning(std::move(job), JobOutcome::kLost,
                                "the state file was damaged: " + why, now);
}

// What becomes of a job. `trace` is null if no directory of it is there. A job goes on waiting only
// if it certainly has not been started, and only a record that is known in both parts ever runs.
JobRecord Settle(const FoundJob& found, const Trace* trace, const Instant& now) {
  const JobRecord& job = found.record;
  if (found.state_is_known && job.state == JobState::kFinished) return job;
  const auto lose = [&](const char* why) { return Lose(job, trace, why, now); };

  const bool waits = found.state_is_known && job.state == JobState::kWaiting;
  const bool has_newer = trace != nullptr && trace->attempt > job.attempt;
  const bool has_own = trace != nullptr && trace->attempt == job.attempt && !waits;
  if ((has_newer || has_own) && CanBeAdopted(trace)) return Adoptable(found, *trace);

  if (!found.state_is_known) return lose("nobody knows whether it was run");
  if (!found.submission_is_known) {
    return lose(waits && !has_newer && found.is_current
                    ? "what it was to run cannot be read; it was not started"
                    : "what it was to run cannot be read, nor what became of it");
  }
  const bool given_up = trace != nullptr && trace->found == Trace::Found::kGivenUp;
  if ((has_newer || has_own) && given_up) return Adoptable(found, *trace);  // to be put in line
  if (has_newer || has_own) return lose("it was started, and nobody knows how it ended");
  if (!found.is_current) return lose("its latest state is lost, so it may have been run");
  if (waits) return job;
  // Started, as it says, without a directory: only a launch that had just begun can be undone.
  if (job.state == JobState::kStarting) return job;
  return lose("it was started, and nothing of it is left");
}

// -- Writing --------------------------------------------------------------------------------------

class Salvage {
 public:
  Salvage(Rows rows, std::map<int64_t, Trace> traces, const Instant& now)
      : rows_(std::move(rows)), traces_(std::move(traces)), now_(now) {}

  Status SettleJobs() {
    auto parser = Parser::Make();
    if (!parser) return tl::unexpected<Error>(parser.error());
    std::set<int64_t> ids;
    for (const auto& [id, row] : rows_.jobs) ids.insert(id);
    for (const auto& [id, row] : rows_.submissions) ids.insert(id);
    for (const auto& [id, trace] : traces_) ids.insert(id);
    for (const int64_t id : ids) {
      const FoundJob found =
          parser->Parse(JobId{id}, At(rows_.jobs, id), At(rows_.submissions, id));
      JobRecord job = Settle(found, At(traces_, id), now_);
      Tell(found, job);
      if (job.state != JobState::kFinished) {
        live_.push_back(std::move(job));
      } else {
        finished_.emplace_back(found.finish_order, std::move(job));
      }
    }
    // Those that end now finished after all others.
    std::ranges::stable_sort(finished_, {}, [](const auto& finished) {
      return finished.first == 0 ? kLargestId : finished.first;
    });
    return {};
  }

  Status Write(Database& db) {
    if (Status begun = db.Run("BEGIN IMMEDIATE"); !begun) return begun;
    for (auto& [order, job] : finished_) {
      if (Status kept = WriteJob(db, job); !kept) return kept;
    }
    for (JobRecord& job : live_) {
      if (Status kept = WriteJob(db, job); !kept) return kept;
    }
    if (Status kept = WriteRaw(db, "history", rows_.history); !kept) return kept;
    if (Status kept = WriteRaw(db, "events", rows_.events); !kept) return kept;
    if (Status set = SetCounters(db); !set) return set;
    for (const Event& event : ends_) {
      if (Status noted = AppendEvent(db, event); !noted) return noted;
    }
    return db.Run("COMMIT");
  }

  std::vector<std::string> Report() const {
    std::vector<std::string> lines = {fmt::format(
        "salvaged {} finished jobs, {} others, {} attempts of history and {} events",
        std::ranges::count_if(finished_, [](const auto& job) { return job.first != 0; }),
        live_.size(), rows_.history.size(), rows_.events.size())};
    const RawRowsReport& file = rows_.report;
    if (const int64_t bad_rows = file.bad_rows + rows_.zeroed + refused_;
        file.bad_pages > 0 || bad_rows > 0) {
      lines.push_back(fmt::format("lost what was on {} of {} pages ({} rows that make no sense)",
                                  file.bad_pages, file.pages, bad_rows));
    }
    if (file.log_is_damaged) lines.emplace_back("lost the newest version of some page in the log");
    if (const std::string gaps = Gaps(); !gaps.empty())
      lines.push_back("no job is there with the ids " + gaps + ": pruned long ago, or lost now");
    lines.insert(lines.end(), told_.begin(), told_.end());
    lines.push_back(
        fmt::format("new jobs go on above {}, new events above {}", last_job_, last_event_));
    return lines;
  }

 private:
  template <class Value>
  static const Value* At(const std::map<int64_t, Value>& map, int64_t id) {
    const auto found = map.find(id);
    return found == map.end() ? nullptr : &found->second;
  }

  void Tell(const FoundJob& found, const JobRecord& job) {
    const bool had_ended = found.state_is_known && found.record.state == JobState::kFinished;
    if (job.state == JobState::kFinished && !had_ended) {
      told_.push_back(fmt::format("job {} ends as lost: {}", job.id.value, job.message));
      ends_.push_back(Event{0, now_.wall, "job_finished", job.id, FinishDetail(job)});
    } else if (!found.state_is_known) {
      told_.push_back(fmt::format("job {} was made for its attempt {}{}", job.id.value,
                                  ToString(AttemptId{job.id, job.attempt}),
                                  found.submission_is_known ? "" : ", which is all that is known"));
    } else if (!found.submission_is_known) {
      told_.push_back(fmt::format("job {}: what it was to run cannot be read", job.id.value));
    } else if (job != found.record) {
      told_.push_back(fmt::format("job {} goes on with its attempt {}", job.id.value,
                                  ToString(AttemptId{job.id, job.attempt})));
    }
  }

  // Two with one idempotency key cannot both be right; the later one does without.
  Status WriteJob(Database& db, JobRecord& job) {
    if (Status marked = db.Run("SAVEPOINT job"); !marked) return marked;
    Status kept = InsertJobAs(db, job);
    if (!kept && kept.error().code == ErrorCode::kConflict) {
      if (Status undone = db.Run("ROLLBACK TO job"); !undone) return undone;
      job.submission.idempotency_key.clear();
      kept = InsertJobAs(db, job);
    }
    return kept ? db.Run("RELEASE job") : kept;
  }

  Status WriteRaw(Database& db, const char* table, std::map<int64_t, RawRow>& rows) {
    for (auto row = rows.begin(); row != rows.end();) {
      const Status kept = InsertRaw(db, table, row->second);
      if (!kept && !IsMistake(kept.error())) return kept;
      refused_ += kept ? 0 : 1;
      row = kept ? std::next(row) : rows.erase(row);
    }
    return {};
  }

  // Above everything that was ever given out, as far as anything tells.
  Status SetCounters(Database& db) {
    for (const auto* ids : {&rows_.jobs, &rows_.submissions}) {
      if (!ids->empty()) last_job_ = std::max(last_job_, ids->rbegin()->first);
    }
    if (!traces_.empty()) last_job_ = std::max(last_job_, traces_.rbegin()->first);
    for (const auto& [sequence, event] : rows_.events) {
      const int64_t job = event.values[3].number;
      if (job <= kLargestId) last_job_ = std::max(last_job_, job);
      last_event_ = std::max(last_event_, sequence);
    }
    last_job_ = std::max(last_job_, rows_.last_job.value_or(0));
    last_event_ = std::max(last_event_, rows_.last_event.value_or(0));
    // Without the file's own counter, or with an old one, more may have been given out.
    const bool old = rows_.report.log_is_damaged;
    if (old || !rows_.last_job) last_job_ += kIdsToSkip;
    if (old || !rows_.last_event) last_event_ += kIdsToSkip;
    return db.Run(
        fmt::format("DELETE FROM sqlite_sequence;"
                    "INSERT INTO sqlite_sequence VALUES ('jobs', {}), ('events', {})",
                    last_job_, last_event_));
  }

  // "3, 40-79": ids between the first and the last job of which nothing was found.
  std::string Gaps() const {
    std::set<int64_t> ids;
    for (const JobRecord& job : live_) ids.insert(job.id.value);
    for (const auto& [order, job] : finished_) ids.insert(job.id.value);
    if (ids.empty()) return {};
    std::vector<std::string> ranges;
    int64_t next = *ids.begin();
    if (rows_.last_job) ids.insert(*rows_.last_job + 1);
    for (const int64_t id : ids) {
      if (id == next + 1) ranges.push_back(fmt::to_string(next));
      if (id > next + 1) ranges.push_back(fmt::format("{}-{}", next, id - 1));
      next = id + 1;
    }
    if (ranges.size() > kRangesShown) {
      ranges.resize(kRangesShown);
      ranges.emplace_back("…");
    }
    return fmt::format("{}", fmt::join(ranges, ", "));
  }

  Rows rows_;
  std::map<int64_t, Trace> traces_;
  const Instant now_;
  std::vector<JobRecord> live_;
  std::vector<std::pair<int64_t, JobRecord>> finished_;  // by the order in which they finished
  std::vector<Event> ends_;
  std::vector<std::string> told_;
  int64_t refused_ = 0, last_job_ = 0, last_event_ = 0;
};

// -- Files ----------------------------------------------------------------------------------------

std::string Salvaged(const std::string& path) { return path + ".salvaged"; }
std::string LogOf(const std::string& path) { return path + "-wal"; }

bool Exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

bool IsSame(const std::string& a, const std::string& b) {
  struct stat of_a {
  }, of_b{};
  return ::lstat(a.c_str(), &of_a) == 0 && ::lstat(b.c_str(), &of_b) == 0 &&
         of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

// The first name under which nothing else is kept. Names that an interrupted salvage has given to
// these very files are theirs.
std::string NameToKeep(const std::string& path) {
  for (int number = 1;; ++number) {
    const std::string kept = fmt::format("{}.damaged-{}", path, number);
    const bool ours = IsSame(path, kept);
    const bool log_is_ours = IsSame(LogOf(path), LogOf(kept)) || (ours && !Exists(LogOf(path)));
    if ((ours || !Exists(kept)) && (log_is_ours || !Exists(LogOf(kept)))) return kept;
  }
}

Status KeepAs(const std::string& from, const std::string& to) {
  if (!Exists(from) || IsSame(from, to)) return {};
  if (::link(from.c_str(), to.c_str()) != 0) return FailErrno(errno, "keep " + from + " as " + to);
  return {};
}

// The new file is whole and durable under its own name, so from here on there is no way back. The
// old ones get a second name before they lose their first. A log that stayed would be taken for the
// new file's.
Result<std::string> PutInPlace(const std::string& path) {
  std::string kept = NameToKeep(path);
  const auto step = [&]() -> Status {
    if (Status linked = KeepAs(path, kept); !linked) return linked;
    if (Status linked = KeepAs(LogOf(path), LogOf(kept)); !linked) return linked;
    if (Status synced = SyncDirectoryOf(path); !synced) return synced;
    if (::unlink(LogOf(path).c_str()) != 0 && errno != ENOENT)
      return FailErrno(errno, "remove " + LogOf(path));
    if (Status synced = SyncDirectoryOf(path); !synced) return synced;
    if (::rename(Salvaged(path).c_str(), path.c_str()) != 0)
      return FailErrno(errno, "rename to " + path);
    return SyncDirectoryOf(path);
  };
  return step().map([&] { return kept; });
}

}  // namespace

Status CheckEveryJob(Store& store) {
  JobQuery page;
  page.limit = 1000;
  for (;;) {
    const auto jobs = store.List(page);
    if (!jobs) return tl::unexpected<Error>(jobs.error());
    if (jobs->empty()) return {};
    page.after = jobs->back().id;
  }
}

Result<std::vector<std::string>> SalvageState(const std::string& state_dir, const Clock& clock) {
  const std::string path = state_dir + "/" + kDatabaseName;
  auto rows = ReadRows(path);
  if (!rows) return Within("salvage", rows.error());
  auto traces = ReadTraces(state_dir);
  if (!traces) return Within("salvage", traces.error());
  Salvage salvage(*std::move(rows), *std::move(traces), {clock.Now(), clock.WallNow()});
  if (Status settled = salvage.SettleJobs(); !settled) return Within("salvage", settled.error());

  const std::string building = path + ".salvaging";
  const Status built = BuildStateFile(building, [&](Database& db) { return salvage.Write(db); });
  if (!built) return Within("build a new state file", built.error());
  if (::rename(building.c_str(), Salvaged(path).c_str()) != 0)
    return FailErrno(errno, "rename to " + Salvaged(path));
  if (Status synced = SyncDirectoryOf(path); !synced) return tl::unexpected<Error>(synced.error());
  const auto kept = PutInPlace(path);
  if (!kept) return tl::unexpected<Error>(kept.error());

  std::vector<std::string> lines = salvage.Report();
  const bool any = Exists(*kept) || Exists(LogOf(*kept));
  lines.insert(lines.begin(), any ? "the damaged file is kept as " + *kept + ", its log beside it"
                                  : "there was no file; this is what the attempts tell");
  return lines;
}

Result<bool> FinishSalvage(const std::string& state_dir) {
  const std::string path = state_dir + "/" + kDatabaseName;
  if (!Exists(Salvaged(path))) return false;
  return PutInPlace(path).map([](const std::string&) { return true; });
}

}  // namespace headroom
