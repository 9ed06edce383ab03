#include "daemon/job_book.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "admission/draw.h"
#include "admission/past.h"
#include "base/units.h"

namespace headroom {
namespace {

// A job without a key is like none of its tenant's.
std::optional<TenantHistory> TenantOf(const JobSubmission& asked, const Foresight& foresight) {
  return asked.key.empty() ? std::nullopt : foresight.OfTenant(asked.tenant);
}

// What others of its key used is not more than this job may use. What an attempt of its own has
// shown goes before what was declared.
ResolvedRequest Resolved(const JobRecord& job, const std::optional<KeyHistory>& history,
                         const Policy& policy, const ResourceVector& capacity,
                         const Foresight& foresight) {
  const JobSubmission& asked = job.submission;
  ResolvedRequest resolved =
      ResolveRequest(asked.request, history, policy, capacity, TenantOf(asked, foresight));
  int64_t& memory = resolved.request.memory_bytes;
  if (!asked.request.memory_bytes)
    memory = std::min(memory, asked.memory_max_bytes.value_or(memory));
  if (job.raised_memory_bytes && *job.raised_memory_bytes > memory) {
    memory = *job.raised_memory_bytes;
    resolved.memory_source = RequestSource::kRetry;
  }
  return resolved;
}

}  // namespace

bool IsForeseen(const JobRecord& job) {
  return !job.submission.request.memory_bytes && !job.raised_memory_bytes;
}

bool RunsAlone(const JobRecord& job, const Policy& policy) {
  return policy.retry.alone && job.oom_retries > 0;
}

JobBook::JobBook(Store& store, const Clock& clock, std::string boot_id)
    : store_(store), clock_(clock), boot_id_(std::move(boot_id)) {}

Status JobBook::Load() {
  auto records = store_.Unfinished();
  if (!records) return Within("read the unfinished jobs", records.error());
  jobs_.clear();
  by_source_.clear();
  histories_.clear();
  waiting_is_current_ = false;
  for (JobRecord& job : *records) {
    if (job.boot_id != boot_id_) {
      const Duration age = std::max(clock_.WallNow() - job.submitted_at, WallTime::duration(0));
      job.submitted_boottime = clock_.Now() - age;
    }
    Remember(job);
  }
  return {};
}

const JobRecord* JobBook::Find(JobId id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const JobRecord* JobBook::FindBySource(const std::string& source,
                                       const std::string& external_id) const {
  const auto found = by_source_.find({source, external_id});
  return found == by_source_.end() ? nullptr : Find(found->second);
}

Result<JobRecord> JobBook::Add(JobSubmission submission) {
  JobRecord job;
  job.submission = std::move(submission);
  job.submitted_at = clock_.WallNow();
  job.submitted_boottime = clock_.Now();
  job.boot_id = boot_id_;
  const auto id = store_.Insert(job);
  if (!id) return tl::unexpected(Checked(tl::unexpected(id.error()), "store a new job").error());
  job.id = *id;
  Remember(job);
  dirty_ = true;
  return job;
}

Status JobBook::Save(const JobRecord& job) {
  Status updated = Checked(store_.Update(job), "store job " + std::to_string(job.id.value));
  if (updated) Remember(job);
  return updated;
}

void JobBook::Remember(const JobRecord& job) {
  const JobRecord* known = Find(job.id);
  const bool waits = job.state == JobState::kWaiting;
  const bool waited = known != nullptr && known->state == JobState::kWaiting;
  if (waits || waited) waiting_is_current_ = false;

  const std::pair<std::string, std::string> name{job.submission.source, job.submission.external_id};
  if (job.state == JobState::kFinished) {
    jobs_.erase(job.id);
    by_source_.erase(name);
    return;
  }
  jobs_.insert_or_assign(job.id, job);
  if (!name.first.empty()) by_source_.insert_or_assign(name, job.id);
}

Status JobBook::Learn(const PastAttemptOfKey& past) {
  histories_.erase(past.key);
  waiting_is_current_ = false;
  return Checked(store_.AddHistory(past), "store the history of key " + past.key);
}

Status JobBook::Note(std::string kind, std::optional<JobId> job, std::string detail) {
  return Checked(store_.Append(Event{0, clock_.WallNow(), std::move(kind), job, std::move(detail)}),
                 "store an event");
}

Result<std::vector<AttemptId>> JobBook::Prune(const Retention& keep, std::size_t most_jobs) {
  auto gone = store_.Prune(keep, most_jobs);
  const Status pruned = gone ? Status{} : tl::unexpected(gone.error());
  if (Status checked = Checked(pruned, "prune"); !checked) return tl::unexpected(checked.error());
  return gone;
}

Status JobBook::Keep(const Store::DecisionPart& part) {
  return Checked(store_.AppendDecisions(part), "keep decisions");
}

Status JobBook::PruneDecisions(int64_t bytes, WallTime before) {
  return Checked(store_.PruneDecisions(bytes, before), "prune decisions");
}

Status JobBook::Commit() {
  if (!HasUncommitted()) return {};
  const Status committed = store_.Commit();
  if (!committed) return Undo(committed);
  if (failing_) {
    spdlog::info("stored again, after {}", FormatDuration(clock_.Now() - failing_->since));
    failing_.reset();
  }
  dirty_ = false;
  Answer(committed);
  return committed;
}

Status JobBook::Checked(Status written, const std::string& doing) {
  dirty_ = true;
  if (written) return written;
  const Status failed = Within(doing, written.error());
  return IsMistake(written.error()) ? failed : Undo(failed);
}

// After a write that failed, memory must say again what the store says. If even reading fails,
// memory keeps its last state and nothing is admitted, because every later write fails as well.
Status JobBook::Undo(const Status& failed) {
  store_.Rollback();
  static_cast<void>(Load());
  dirty_ = false;
  if (!failing_) spdlog::error("nothing can be stored: {}", failed.error().message);
  failing_ = Failure{failing_ ? failing_->since : clock_.Now(), failed.error()};
  Answer(failed);
  return failed;
}

void JobBook::Answer(const Status& status) {
  for (const Acknowledge& acknowledge : std::exchange(acknowledgements_, {})) acknowledge(status);
}

std::optional<KeyHistory> JobBook::HistoryOf(const std::string& key) {
  if (key.empty()) return std::nullopt;
  const auto known = histories_.find(key);
  if (known != histories_.end()) return known->second;
  // What is asked for once is not kept for ever: as many names as jobs may come.
  if (histories_.size() > static_cast<std::size_t>(kMostKeys) + 2 * jobs_.size())
    histories_.clear();
  auto history = store_.History(key);
  if (!history) return std::nullopt;  // unknown sizes are estimated at the pool's default
  return histories_.emplace(key, *history).first->second;
}

std::optional<ResolvedRequest> JobBook::Resolve(const JobRecord& job, const Policy& policy,
                                                const ResourceVector& capacity,
                                                const Foresight& foresight) {
  return Resolved(job, HistoryOf(job.submission.key), policy, capacity, foresight);
}

WaitingJob JobBook::ToWaiting(const JobRecord& job, const Policy& policy,
                              const ResourceVector& capacity, const Foresight& foresight) {
  const std::optional<KeyHistory> history = HistoryOf(job.submission.key);
  WaitingJob waiting;
  waiting.id = job.id;
  waiting.priority = job.submission.priority;
  waiting.submitted_at = job.submitted_boottime;
  waiting.request = Resolved(job, history, policy, capacity, foresight).request;
  waiting.duration = job.submission.duration;
  waiting.declares_duration = waiting.duration.has_value();
  waiting.key = KeyNumber(job.submission.key);
  waiting.tenant = KeyNumber(job.submission.tenant);
  if (!waiting.duration && history) waiting.duration = history->duration;
  waiting.alone = RunsAlone(job, policy);
  return waiting;
}

const std::vector<WaitingJob>& JobBook::Waiting(const Policy& policy, int64_t generation,
                                                const ResourceVector& capacity,
                                                Foresight& foresight) {
  if (waiting_is_current_ && generation == waiting_generation_ && capacity == waiting_capacity_) {
    return waiting_;
  }
  waiting_.clear();
  foresight.ForgetOutlooks();
  for (const auto& [id, job] : jobs_) {
    if (job.state != JobState::kWaiting) continue;
    waiting_.push_back(ToWaiting(job, policy, capacity, foresight));
    if (IsForeseen(job))
      waiting_.back().outlook = foresight.OfNext(job.submission.key, job.submission.tenant);
  }
  waiting_is_current_ = true;
  ++waiting_version_;
  waiting_generation_ = generation;
  waiting_capacity_ = capacity;
  return waiting_;
}

}  // namespace headroom
