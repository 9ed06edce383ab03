#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "admission/foresight.h"
#include "admission/job.h"
#include "admission/policy.h"
#include "admission/request.h"
#include "base/clock.h"
#include "base/result.h"
#include "daemon/job_record.h"
#include "daemon/store.h"

// Every job that is not finished, in memory and in the store together: the one place that writes
// jobs.
namespace headroom {

// Whether its forecast counts on both lines, and not its request: it declares no memory, and none
// of its attempts has shown that it needs more than is foreseen.
bool IsForeseen(const JobRecord& job);
// Whether it is tried again, and the policy has that done alone.
bool RunsAlone(const JobRecord& job, const Policy& policy);

// Writes go to the store's open transaction and to memory at once. Whoever asked for them is told
// only after Commit(), by the callback left with OnCommit(): one fsync answers everything of one
// turn. When a write or a commit fails, nothing of the turn has happened: memory is read again from
// the store, and every callback gets the error. A mistake (store.h) fails alone. Threads: the
// loop's only. `store` and `clock` outlive it.
class JobBook {
 public:
  JobBook(Store& store, const Clock& clock, std::string boot_id);

  // Reads everything unfinished. Jobs from before a reboot keep their age by the wall clock.
  Status Load();

  const std::map<JobId, JobRecord>& unfinished() const { return jobs_; }
  const JobRecord* Find(JobId id) const;
  // The unfinished job that a source calls by this name, or null.
  const JobRecord* FindBySource(const std::string& source, const std::string& external_id) const;

  // Adds a job in state waiting with an id of its own. Returns the record as stored.
  Result<JobRecord> Add(JobSubmission submission);

  // Replaces a job's record. A finished one leaves memory.
  Status Save(const JobRecord& job);

  // Remembers what a finished attempt used, for the next request of its key.
  Status Learn(const PastAttemptOfKey& past);

  Status Note(std::string kind, std::optional<JobId> job, std::string detail);

  // Forgets the finished beyond what is kept; returns the last attempt of each job that is gone.
  Result<std::vector<AttemptId>> Prune(const Retention& keep, std::size_t most_jobs);

  // A part of the decision log, and what is too much of it (store.h).
  Status Keep(const Store::DecisionPart& part);
  Status PruneDecisions(int64_t bytes, WallTime before);

  using Acknowledge = std::function<void(const Status&)>;
  void OnCommit(Acknowledge acknowledge) { acknowledgements_.push_back(std::move(acknowledge)); }
  bool HasUncommitted() const { return dirty_ || !acknowledgements_.empty(); }
  // That nothing can be stored: the first write that did not become durable, and why the last did
  // not. Absent once one did again. While it lasts, the loop tries in each cycle.
  struct Failure {
    TimePoint since{};
    Error error;
  };
  const std::optional<Failure>& failing() const { return failing_; }
  // Makes this turn's writes durable and calls back. Never recurses.
  Status Commit();

  // The waiting jobs with their requests resolved, for Decide(), and an outlook for those that do
  // not declare their memory. Kept between calls; made anew when a job, the policy's generation,
  // the capacity or a key's history changed.
  const std::vector<WaitingJob>& Waiting(const Policy& policy, int64_t generation,
                                         const ResourceVector& capacity, Foresight& foresight);
  // The same of a job that nobody has submitted, without an outlook.
  WaitingJob ToWaiting(const JobRecord& job, const Policy& policy, const ResourceVector& capacity,
                       const Foresight& foresight);
  // As Waiting() made it last, whatever has become of the jobs since.
  const std::vector<WaitingJob>& LastWaiting() const { return waiting_; }
  // Grows whenever Waiting() made the list anew.
  int64_t waiting_version() const { return waiting_version_; }
  // What is foreseen of keys has changed without a job: the list is made anew.
  void ForgetWaiting() { waiting_is_current_ = false; }
  std::optional<ResolvedRequest> Resolve(const JobRecord& job, const Policy& policy,
                                         const ResourceVector& capacity,
                                         const Foresight& foresight);

  Store& store() { return store_; }

 private:
  std::optional<KeyHistory> HistoryOf(const std::string& key);
  void Remember(const JobRecord& job);
  Status Checked(Status written, const std::string& doing);
  Status Undo(const Status& failed);
  void Answer(const Status& status);

  Store& store_;
  const Clock& clock_;
  std::string boot_id_;
  std::map<JobId, JobRecord> jobs_;
  std::map<std::pair<std::string, std::string>, JobId> by_source_;
  std::unordered_map<std::string, std::optional<KeyHistory>> histories_;
  std::vector<Acknowledge> acknowledgements_;
  bool dirty_ = false;
  std::optional<Failure> failing_;

  std::vector<WaitingJob> waiting_;
  bool waiting_is_current_ = false;
  int64_t waiting_generation_ = 0, waiting_version_ = 0;
  ResourceVector waiting_capacity_;
};

}  // namespace headroom
