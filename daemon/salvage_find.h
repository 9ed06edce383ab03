#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/job_record.h"
#include "daemon/raw_rows.h"
#include "daemon/sqlite.h"

// What a salvage finds of each job: its rows, wherever they lie, and what its attempts left behind.
namespace headroom {

// Ids beyond this are not ours: JSON cannot carry them exactly.
inline constexpr int64_t kLargestId = int64_t{1} << 53;

// All that could be read, by the table that it looks like. Whether a row is one of ours shows when
// it is written: the new tables check types, and jobs are parsed as always.
struct SalvagedRows {
  std::map<int64_t, RawRow> jobs, submissions, history, events;
  std::set<int64_t> doubtful_submissions;       // two that differ
  std::optional<int64_t> last_job, last_event;  // the file's own counters
  int64_t zeroed = 0;
  RawRowsReport report;
};

Result<SalvagedRows> ReadRows(const std::string& path);

// Writes a row as it was; a constraint of the table refuses one that is none of it.
Status InsertRaw(Database& db, const char* table, const RawRow& row);

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

// By job. An attempt that no shim has claimed so far is given up.
Result<std::map<int64_t, Trace>> ReadTraces(const std::string& state_dir);

// As much of a job as makes sense; what cannot be read is filled with what certainly never runs.
struct FoundJob {
  JobRecord record;
  bool state_is_known = false;
  bool submission_is_known = false;
  bool is_current = false;  // no newer version of its row can have been lost
  int64_t finish_order = 0;
};

// Parses raw rows as the daemon does its own: in a table of this version, in memory.
class JobParser {
 public:
  static Result<JobParser> Make();

  // Null: there is no such row.
  FoundJob Parse(JobId id, const RawRow* job, const RawRow* submission);

 private:
  explicit JobParser(std::unique_ptr<Database> db) : db_(std::move(db)) {}

  std::optional<JobRecord> Read(JobId id, const RawRow* job, const RawRow* submission);
  bool Replace(const char* table, const RawRow* row);

  std::unique_ptr<Database> db_;
};

}  // namespace headroom
