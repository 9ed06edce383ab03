#include "daemon/salvage_find.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "daemon/job_table.h"
#include "daemon/schema.h"
#include "executor/attempt_files.h"

namespace headroom {
namespace {

// Columns of the tables as schema.cc has them. Rows from before a column was added are shorter.
constexpr std::size_t kJobColumnCounts[] = {24, 26, 28}, kFinishOrderColumn = 23;
constexpr std::size_t kSubmissionColumnCount = 22, kEventColumnCount = 5;
constexpr std::size_t kHistoryColumnCount = 20, kFirstHistoryColumnCount = 6;

using Type = RawValue::Type;

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
  constexpr std::size_t kCommandColumn = 20, kMostEmptyArguments = 3, kGrowthColumn = 19;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const bool is_growth = row.values.size() == kHistoryColumnCount && i == kGrowthColumn;
    if (is_growth) continue;  // has a checksum of its own, and zeros
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

void TakeJob(SalvagedRows& rows, RawRow row) {
  const auto known = rows.jobs.find(row.rowid);
  if (known == rows.jobs.end()) {
    rows.jobs.emplace(row.rowid, std::move(row));
  } else if (IsFurther(row, known->second)) {
    known->second = std::move(row);
  }
}

void TakeSubmission(SalvagedRows& rows, RawRow row) {
  const auto [known, is_new] = rows.submissions.try_emplace(row.rowid, row);
  if (!is_new && known->second.values != row.values) rows.doubtful_submissions.insert(row.rowid);
}

void TakeCounter(SalvagedRows& rows, const RawRow& row) {
  const int64_t value = row.values[1].number;
  if (row.values[1].type != Type::kInteger || value < 0 || value > kLargestId) return;
  if (IsText(row.values[0], "jobs")) rows.last_job = std::max(rows.last_job.value_or(0), value);
  if (IsText(row.values[0], "events"))
    rows.last_event = std::max(rows.last_event.value_or(0), value);
}

// As many columns as an event has, and a blob at the end. It is not kept: a log with a gap is none.
bool IsOfDecisionLog(const RawRow& row) {
  return row.values.size() == kEventColumnCount && row.values.back().type == Type::kBlob;
}

void Sort(SalvagedRows& rows, RawRow row) {
  const std::size_t columns = row.values.size();
  if (columns == 2) return TakeCounter(rows, row);
  if (IsOfDecisionLog(row)) return;
  if (row.values[0].type != Type::kNull || row.rowid <= 0 || row.rowid > kLargestId) return;
  if (IsZeroed(row)) {
    ++rows.zeroed;
    return;
  }
  if (std::ranges::find(kJobColumnCounts, columns) != std::end(kJobColumnCounts)) {
    row.values.resize(std::end(kJobColumnCounts)[-1]);
    return TakeJob(rows, std::move(row));
  }
  if (columns == kSubmissionColumnCount) return TakeSubmission(rows, std::move(row));
  const bool is_history = columns == kHistoryColumnCount || columns == kFirstHistoryColumnCount;
  if (!is_history && columns != kEventColumnCount) return;
  if (is_history) row.values.resize(kHistoryColumnCount);
  auto& others = is_history ? rows.history : rows.events;
  const int64_t id = row.rowid;
  others.insert_or_assign(id, std::move(row));
}

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
  } else if (*claim != Claim::kShim) {
    trace.found = Trace::Found::kGivenUp;
  }
  return trace;
}

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

}  // namespace

Result<SalvagedRows> ReadRows(const std::string& path) {
  SalvagedRows rows;
  const auto report = ReadRawRows(path, [&](RawRow row) { Sort(rows, std::move(row)); });
  if (!report) return tl::unexpected<Error>(report.error());
  rows.report = *report;
  for (const int64_t id : rows.doubtful_submissions) rows.submissions.erase(id);
  return rows;
}

Result<std::map<int64_t, Trace>> ReadTraces(const std::string& state_dir) {
  std::map<int64_t, int32_t> latest;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(AttemptsDirectory(state_dir), error)) {
    const auto id = ParseAttemptId(entry.path().filename().string());
    if (!id || id->job.value > kLargestId || !entry.is_directory()) continue;
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

Result<JobParser> JobParser::Make() {
  auto db = Database::Open(":memory:");
  if (!db) return tl::unexpected<Error>(db.error());
  if (Status made = Migrate(**db, ":memory:", Schema()); !made)
    return tl::unexpected<Error>(made.error());
  const Status open = (*db)->Run(
      "DROP TRIGGER finished_jobs_never_change; DROP TRIGGER only_finished_jobs_are_removed");
  if (!open) return tl::unexpected<Error>(open.error());
  return JobParser(*std::move(db));
}

FoundJob JobParser::Parse(JobId id, const RawRow* job, const RawRow* submission) {
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

std::optional<JobRecord> JobParser::Read(JobId id, const RawRow* job, const RawRow* submission) {
  const bool staged = db_->Run("DELETE FROM jobs; DELETE FROM submissions") &&
                      InsertJobAs(*db_, Unknown(id)) && Replace("jobs", job) &&
                      Replace("submissions", submission);
  if (!staged) return std::nullopt;
  auto record = FindJob(*db_, id);
  if (!record || !*record || (*record)->attempt < 0) return std::nullopt;
  if ((*record)->submission.command.empty()) return std::nullopt;
  return *std::move(record);
}

bool JobParser::Replace(const char* table, const RawRow* row) {
  if (row == nullptr) return true;
  return db_->Run(fmt::format("DELETE FROM {}", table)) && InsertRaw(*db_, table, *row);
}

}  // namespace headroom
