#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admission/history.h"
#include "admission/policy.h"
#include "admission/request.h"
#include "base/clock.h"
#include "base/result.h"
#include "daemon/job_record.h"
#include "daemon/past_attempt.h"

// The daemon's memory: one SQLite file (WAL, synchronous=FULL, one connection). What Commit()
// returned success for survives kill -9 and power cuts; what it did not is not there at all.
namespace headroom {

// What happened, for /v1/events and `headroom events`. `sequence` only grows; consumers resume
// after it.
struct Event {
  int64_t sequence = 0;
  WallTime at{};
  std::string kind;  // job_submitted, job_admitted, job_started, job_finished, job_rejected,
                     // job_cancelled, job_requeued, gate_changed, target_lowered, relief_step,
                     // policy_reloaded, policy_refused, daemon_started, daemon_stopped,
                     // store_recovered, history_imported
  std::optional<JobId> job;
  std::string detail;  // a JSON object as text

  bool operator==(const Event&) const = default;
};

struct JobQuery {
  std::optional<JobState> state;
  std::optional<uid_t> uid;
  std::string source;         // empty: any
  JobId after{0};             // ids above this one
  bool newest_first = false;  // then `after` means ids below it (0: no bound)
  std::size_t limit = 100;
};

struct HistoryQuery {
  std::optional<uid_t> uid;
  std::string key;  // empty: any
};

// Whether a store's error is about the one call, which had no effect: its caller's mistake.
bool IsMistake(const Error& error);

// Writes happen inside one open transaction and become durable together at Commit() (group commit:
// one fsync for everything of one turn of the loop). Reads see uncommitted writes of this
// connection. Threads: one at a time.
//
// Errors. kConflict, kInvalid and kNotFound are mistakes (see above): the rest of the transaction
// stands. Anything else (kExhausted: disk full; kCorrupt; kIo) rolls the whole
// transaction back: further writes fail, and Commit() does, too, so that nothing of it is
// acknowledged (F7). After that the store works again by itself as soon as the disk does.
class Store {
 public:
  // Opens the file; makes it if there is none. That is right only for a fresh state directory: the
  // caller looks first whether there are attempts without a file. Refuses what it does not
  // understand: a newer schema (F5), a damaged, truncated or zero-length file, a symlink, another
  // owner, a mode that lets others read (F8), a file that another process has open. The error names
  // the file and what to do. Removes nothing and changes nothing when it refuses.
  static Result<std::unique_ptr<Store>> Open(const std::string& path);
  virtual ~Store() = default;

  // record.id is ignored. kConflict: the user has used that idempotency key.
  virtual Result<JobId> Insert(const JobRecord& record) = 0;
  // Replaces all of the job. kConflict: it is finished, and that never changes (I4).
  virtual Status Update(const JobRecord& record) = 0;
  virtual Result<std::optional<JobRecord>> Find(JobId id) = 0;
  virtual Result<std::optional<JobRecord>> FindByIdempotencyKey(uid_t uid,
                                                                const std::string& key) = 0;
  // The latest job of this name from the source.
  virtual Result<std::optional<JobRecord>> FindBySource(const std::string& source,
                                                        const std::string& external_id) = 0;
  virtual Result<std::vector<JobRecord>> List(const JobQuery& query) = 0;
  // Everything that is not finished, by id: what a new daemon starts from.
  virtual Result<std::vector<JobRecord>> Unfinished() = 0;
  virtual Result<std::map<std::string, int64_t>> CountByState() = 0;

  // What the finished attempts used that are remembered of a key; absent: none. CPU is each
  // attempt's average, its time on CPU by its duration: the kernel keeps no peak.
  virtual Result<std::optional<KeyHistory>> History(const std::string& key) = 0;
  // Hands over all attempts that are remembered, of all keys, in the order in which they ended. A
  // growth that makes no sense is told in the log and left out.
  virtual Status Histories(const std::function<void(PastAttemptOfKey)>& take,
                           const HistoryQuery& query = {}) = 0;
  // Adds one finished attempt to its key's history. Those of the key that started before its last
  // 128 are forgotten.
  virtual Status AddHistory(const PastAttemptOfKey& past) = 0;

  virtual Status Append(const Event& event) = 0;  // event.sequence is ignored
  virtual Result<std::vector<Event>> EventsAfter(int64_t sequence, std::size_t limit) = 0;
  virtual Result<int64_t> LastEvent() = 0;

  // The decision log (record/recorder.h) as a stream of bytes: what it says is not the store's
  // business.
  struct DecisionPart {
    WallTime at{};
    bool begins_span = false;  // a reader can begin here
    std::string bytes;
  };
  virtual Status AppendDecisions(const DecisionPart& part) = 0;
  // Where the last span begins that began at `at` or before; else where the log begins. Absent: it
  // is empty.
  virtual Result<std::optional<int64_t>> FindDecisions(WallTime at) = 0;
  // Of the stream, from `offset` on; none at its end. kNotFound: that is not kept any more, or not
  // there yet.
  virtual Result<std::string> ReadDecisions(int64_t offset, std::size_t limit) = 0;
  // Removes the oldest spans: those beyond `bytes`, and those that end before `before`; a little at
  // a time. The last one stays, unless `bytes` is 0.
  virtual Status PruneDecisions(int64_t bytes, WallTime before) = 0;

  // Makes all writes since the last Commit durable. Nothing to write: returns at once.
  virtual Status Commit() = 0;
  virtual void Rollback() = 0;

  // Removes finished jobs and events beyond the newest `keep` (jobs by when they finished), but not
  // more than `most_jobs`. Returns the last attempt of each job that is gone. Ids and sequences go
  // on from where they were. An idempotency key is forgotten with its job. Of the history, keys go
  // beyond kMostKeys and kMostAttempts (past.h), first those whose last attempt ended first.
  virtual Result<std::vector<AttemptId>> Prune(const Retention& keep, std::size_t most_jobs) = 0;

  struct Statistics {
    int64_t commits = 0;  // that succeeded
    int64_t errors = 0;   // of the disk or the file; a caller's mistakes do not count
    Duration last_commit{};
  };
  virtual Statistics statistics() const = 0;
};

}  // namespace headroom
