#include "daemon/store.h"

#include <fmt/format.h>

#include <utility>

#include "daemon/decision_table.h"
#include "daemon/event_table.h"
#include "daemon/history_table.h"
#include "daemon/job_table.h"
#include "daemon/sqlite.h"
#include "daemon/state_file.h"
#include "daemon/wal.h"

namespace headroom {
namespace {

// Beyond so many frames of the log, about 4 MB, they are moved into the file.
constexpr int64_t kLogFrames = 1000;

class SqliteStore final : public Store {
 public:
  SqliteStore(std::string path, std::unique_ptr<Database> db, int64_t page_size)
      : path_(std::move(path)), page_size_(page_size), db_(std::move(db)) {}

  ~SqliteStore() override {
    Rollback();
    if (db_) db_->FoldOnClose();
  }

  Result<JobId> Insert(const JobRecord& record) override {
    return Write("insert job", [&] { return InsertJob(*db_, record); });
  }
  Status Update(const JobRecord& record) override {
    return Write(fmt::format("update job {}", record.id.value),
                 [&] { return UpdateJob(*db_, record); });
  }
  Result<std::optional<JobRecord>> Find(JobId id) override {
    return Read("find job", [&] { return FindJob(*db_, id); });
  }
  Result<std::optional<JobRecord>> FindByIdempotencyKey(uid_t uid,
                                                        const std::string& key) override {
    return Read("find job", [&] { return FindJobByIdempotencyKey(*db_, uid, key); });
  }
  Result<std::optional<JobRecord>> FindBySource(const std::string& source,
                                                const std::string& external_id) override {
    return Read("find job", [&] { return FindJobBySource(*db_, source, external_id); });
  }
  Result<std::vector<JobRecord>> List(const JobQuery& query) override {
    return Read("list jobs", [&] { return ListJobs(*db_, query); });
  }
  Result<std::vector<JobRecord>> Unfinished() override {
    return Read("list unfinished jobs", [&] { return UnfinishedJobs(*db_); });
  }
  Result<std::map<std::string, int64_t>> CountByState() override {
    return Read("count jobs", [&] { return CountJobsByState(*db_); });
  }
  Result<std::optional<KeyHistory>> History(const std::string& key) override {
    return Read("read history", [&] { return ReadHistory(*db_, key); });
  }
  Status Histories(const std::function<void(PastAttemptOfKey)>& take,
                   const HistoryQuery& query) override {
    return Read("read all history", [&] { return ReadHistories(*db_, take, query); });
  }
  Status AddHistory(const PastAttemptOfKey& past) override {
    return Write("add to history", [&] { return AddToHistory(*db_, past); });
  }
  Status Append(const Event& event) override {
    return Write("append event", [&] { return AppendEvent(*db_, event); });
  }
  Result<std::vector<Event>> EventsAfter(int64_t sequence, std::size_t limit) override {
    return Read("read events", [&] { return ReadEventsAfter(*db_, sequence, limit); });
  }
  Result<int64_t> LastEvent() override {
    return Read("read events", [&] { return LastEventSequence(*db_); });
  }
  Status AppendDecisions(const DecisionPart& part) override {
    return Write("append decisions", [&] { return AppendDecisionPart(*db_, part); });
  }
  Result<std::optional<int64_t>> FindDecisions(WallTime at) override {
    return Read("find decisions", [&] { return FindDecisionSpan(*db_, at); });
  }
  Result<std::string> ReadDecisions(int64_t offset, std::size_t limit) override {
    return Read("read decisions", [&] { return ReadDecisionBytes(*db_, offset, limit); });
  }
  Status PruneDecisions(int64_t bytes, WallTime before) override {
    return Write("prune decisions", [&] { return PruneDecisionParts(*db_, bytes, before); });
  }
  Result<std::vector<AttemptId>> Prune(const Retention& keep, std::size_t most_jobs) override {
    return Write("prune", [&]() -> Result<std::vector<AttemptId>> {
      if (Status pruned = PruneEvents(*db_, keep.events); !pruned)
        return tl::unexpected(pruned.error());
      if (Status pruned = PruneHistory(*db_); !pruned) return tl::unexpected(pruned.error());
      return PruneJobs(*db_, keep.jobs, most_jobs);
    });
  }

  Status Commit() override;
  void Rollback() override;
  Statistics statistics() const override { return statistics_; }

 private:
  template <class Body>
  auto Write(std::string_view doing, Body body) -> decltype(body());
  template <class Body>
  auto Read(std::string_view doing, Body body) -> decltype(body());

  Status BeginCall();
  Status EndCall(bool succeeded);
  tl::unexpected<Error> Lose(std::string_view doing, const Error& error);
  void Distrust(const Error& error);
  Status Reopen();

  const std::string path_;
  const int64_t page_size_;
  std::unique_ptr<Database> db_;  // null after a failure, until the file is open again
  int64_t log_bytes_ = 0;         // of the log, when db_ was given up: what was acknowledged
  Verification verification_ = Verification::kReadable;  // that the reopened file needs
  std::optional<Error> lost_;  // why the transaction is gone, until Commit() has said so
  bool wrote_ = false;         // something in the open transaction
  Statistics statistics_;
};

// A call is a savepoint of its own: one that fails by its caller's mistake leaves the others of the
// transaction as they were.
template <class Body>
auto SqliteStore::Write(std::string_view doing, Body body) -> decltype(body()) {
  if (lost_) return Within(doing, *lost_);
  if (Status open = Reopen(); !open) return Within(doing, open.error());
  if (Status begun = BeginCall(); !begun) return Lose(doing, begun.error());
  auto result = body();
  if (!result && !IsMistake(result.error())) return Lose(doing, result.error());
  if (Status ended = EndCall(result.has_value()); !ended) return Lose(doing, ended.error());
  if (!result) return Within(doing, result.error());
  wrote_ = true;
  return result;
}

template <class Body>
auto SqliteStore::Read(std::string_view doing, Body body) -> decltype(body()) {
  if (Status open = Reopen(); !open) return Within(doing, open.error());
  const bool writing = db_->InTransaction();
  auto result = body();
  if (result) return result;
  // SQLite ends a transaction on some errors, even those of a read (lang_transaction.html).
  if (writing && !db_->InTransaction()) return Lose(doing, result.error());
  ++statistics_.errors;
  return Within(doing, result.error());
}

Status SqliteStore::BeginCall() {
  if (!db_->InTransaction()) {
    if (Status begun = db_->Ask("BEGIN IMMEDIATE").Run(); !begun) return begun;
  }
  return db_->Ask("SAVEPOINT call").Run();
}

Status SqliteStore::EndCall(bool succeeded) {
  return succeeded ? db_->Ask("RELEASE call").Run() : db_->Run("ROLLBACK TO call; RELEASE call");
}

Status SqliteStore::Commit() {
  if (lost_) return Within("commit", *std::exchange(lost_, std::nullopt));
  if (!std::exchange(wrote_, false)) {
    Rollback();  // calls that all were mistakes leave a transaction that would be synced for
                 // nothing
    return {};
  }
  const auto start = std::chrono::steady_clock::now();
  if (Status committed = db_->Ask("COMMIT").Run(); !committed) {
    Distrust(committed.error());
    return Within("commit", committed.error());
  }
  // Durable from here on, whatever becomes of the log.
  if (db_->log_frames() >= kLogFrames) {
    if (Status folded = db_->Checkpoint(); !folded) Distrust(folded.error());
  }
  ++statistics_.commits;
  statistics_.last_commit = std::chrono::steady_clock::now() - start;
  return {};
}

void SqliteStore::Rollback() {
  lost_.reset();
  wrote_ = false;
  if (!db_ || !db_->InTransaction()) return;
  if (Status undone = db_->Ask("ROLLBACK").Run(); !undone) Distrust(undone.error());
}

tl::unexpected<Error> SqliteStore::Lose(std::string_view doing, const Error& error) {
  lost_ = error;
  wrote_ = false;
  Distrust(error);
  return Within(doing, error);
}

// After a failed write nobody knows what the log's end looks like: a transaction may lie there
// whole that was reported as failed, and would be back after the next start. So the connection is
// given up, which forgets all that it believed, and the log is cut to what was acknowledged. After
// an I/O error the kernel may have dropped pages that SQLite takes for written (fsync(2)), so then
// all of the file is verified.
void SqliteStore::Distrust(const Error& error) {
  ++statistics_.errors;
  if (error.code != ErrorCode::kExhausted) verification_ = Verification::kFull;
  log_bytes_ = WalBytes(db_->log_frames(), page_size_);
  db_.reset();
  (void)Reopen();  // if it fails, the next call tries again and reports
}

Status SqliteStore::Reopen() {
  if (db_) return {};
  if (Status cut = CutWal(path_, log_bytes_); !cut) return cut;
  auto db = ReopenStateFile(path_, verification_);
  if (!db) return tl::unexpected<Error>(db.error());
  db_ = std::move(*db);
  verification_ = Verification::kReadable;
  return {};
}

}  // namespace

bool IsMistake(const Error& error) {
  return error.code == ErrorCode::kConflict || error.code == ErrorCode::kInvalid ||
         error.code == ErrorCode::kNotFound;
}

Result<std::unique_ptr<Store>> Store::Open(const std::string& path) {
  auto db = OpenStateFile(path);
  if (!db) return Within("open state file", db.error());
  const auto page_size = (*db)->AskInt("PRAGMA page_size");
  if (!page_size) return Within("open state file", page_size.error());
  return std::make_unique<SqliteStore>(path, std::move(*db), *page_size);
}

}  // namespace headroom
