#include "daemon/salvage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
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
#include "daemon/salvage_find.h"
#include "daemon/salvage_settle.h"
#include "daemon/sqlite.h"
#include "daemon/state_dir.h"
#include "daemon/state_file.h"

namespace headroom {
namespace {

// How far new ids keep from the highest one seen when the counter itself cannot be read.
constexpr int64_t kIdsToSkip = 1000;
constexpr std::size_t kRangesShown = 20;

class Salvage {
 public:
  Salvage(SalvagedRows rows, std::map<int64_t, Trace> traces, const Instant& now)
      : rows_(std::move(rows)), traces_(std::move(traces)), now_(now) {}

  Status SettleJobs() {
    auto parser = JobParser::Make();
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

  SalvagedRows rows_;
  std::map<int64_t, Trace> traces_;
  const Instant now_;
  std::vector<JobRecord> live_;
  std::vector<std::pair<int64_t, JobRecord>> finished_;  // by the order in which they finished
  std::vector<Event> ends_;
  std::vector<std::string> told_;
  int64_t refused_ = 0, last_job_ = 0, last_event_ = 0;
};

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
                                  : "there was no file; jobs that had not started left no trace");
  return lines;
}

Result<bool> FinishSalvage(const std::string& state_dir) {
  const std::string path = state_dir + "/" + kDatabaseName;
  if (!Exists(Salvaged(path))) return false;
  return PutInPlace(path).map([](const std::string&) { return true; });
}

}  // namespace headroom
