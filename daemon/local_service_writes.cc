#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/event_detail.h"
#include "daemon/local_service.h"
#include "daemon/local_service_parts.h"

// What changes jobs and what is known of keys: submissions, a source's whole list, cancellations,
// imported history. Each is answered once it is stored.
namespace headroom {
namespace {

constexpr int64_t kMostWaiting = 100'000;

}  // namespace

void LocalService::Submit(const Caller&, JobSubmission submission, SubmitDone done) {
  if (!submission.idempotency_key.empty()) {
    auto known = book_.store().FindByIdempotencyKey(submission.uid, submission.idempotency_key);
    if (!known) return done(tl::unexpected(Unavailable(known.error())), false);
    if (*known) {
      if ((*known)->submission != submission) {
        return done(Fail(ErrorCode::kConflict,
                         fmt::format("idempotency_key: used before by job {} with another request",
                                     (*known)->id.value)),
                    false);
      }
      // It may have been added in this very turn: its first answer has to be true as well.
      const JobId id = (*known)->id;
      book_.OnCommit([this, id, done = std::move(done)](const Status& committed) {
        if (!committed) return done(tl::unexpected(Unavailable(committed.error())), false);
        done(Show(Caller{0, "", true}, id), false);
      });
      return hooks_.commit_soon();
    }
  }
  if (static_cast<int64_t>(book_.unfinished().size()) >= kMostWaiting) {
    return done(Fail(ErrorCode::kExhausted,
                     fmt::format("{} jobs are in line already; try again later", kMostWaiting)),
                false);
  }
  const auto added = book_.Add(std::move(submission));
  if (!added) return done(tl::unexpected(Unavailable(added.error())), false);
  const JobId id = added->id;
  book_.OnCommit([this, id, done = std::move(done)](const Status& committed) {
    if (!committed) return done(tl::unexpected(Unavailable(committed.error())), false);
    metrics_.JobSubmitted();
    done(Show(Caller{0, "", true}, id), true);
    hooks_.cycle_soon();
  });
  static_cast<void>(book_.Note("job_submitted", id, "{}"));
  hooks_.commit_soon();
}

void LocalService::Sync(const Caller& caller, const std::string& source,
                        std::vector<WantedJob> wanted, SyncDone done) {
  if (Status may = MaySync(caller, source); !may) return done(tl::unexpected(may.error()));
  std::vector<JobId> jobs;
  jobs.reserve(wanted.size());
  for (const WantedJob& job : wanted) {
    if (Status synced = SyncOne(job, jobs); !synced)
      return done(tl::unexpected(Unavailable(synced.error())));
  }
  auto withdrawn = WithdrawMissing(source, wanted);
  if (!withdrawn) return done(tl::unexpected(Unavailable(withdrawn.error())));
  book_.OnCommit([this, jobs = std::move(jobs), withdrawn = *std::move(withdrawn),
                  done = std::move(done)](const Status& committed) {
    if (!committed) return done(tl::unexpected(Unavailable(committed.error())));
    after_cycle_.push_back([this, jobs, withdrawn, done] { done(SyncAnswer(jobs, withdrawn)); });
    hooks_.cycle_soon();
  });
  hooks_.commit_soon();
}

// A list withdraws what is not on it, so it must not reach another user's jobs.
Status LocalService::MaySync(const Caller& caller, const std::string& source) const {
  for (const auto& [id, job] : book_.unfinished()) {
    if (job.submission.source != source || Owns(caller, job)) continue;
    return Fail(ErrorCode::kDenied,
                fmt::format("source {}: has jobs of another user (job {})", source, id.value));
  }
  return {};
}

// A name that the source used before is that job, finished or not: handing the list over twice
// starts nothing twice.
Status LocalService::SyncOne(const WantedJob& wanted, std::vector<JobId>& jobs) {
  const JobSubmission& asked = wanted.submission;
  if (const JobRecord* known = book_.FindBySource(asked.source, asked.external_id)) {
    jobs.push_back(known->id);
    return {};
  }
  const auto finished = book_.store().FindBySource(asked.source, asked.external_id);
  if (!finished) return tl::unexpected(finished.error());
  if (*finished && (*finished)->outcome != JobOutcome::kWithdrawn) {
    jobs.push_back((*finished)->id);
    return {};
  }
  const auto added = book_.Add(asked);
  if (!added) return tl::unexpected(added.error());
  book_.OnCommit([this](const Status& committed) {
    if (committed) metrics_.JobSubmitted();
  });
  jobs.push_back(added->id);
  return book_.Note("job_submitted", added->id, "{}");
}

Result<std::vector<JobId>> LocalService::WithdrawMissing(const std::string& source,
                                                         const std::vector<WantedJob>& wanted) {
  std::set<std::string_view> names;
  for (const WantedJob& job : wanted) names.insert(job.submission.external_id);
  std::vector<JobRecord> missing;
  for (const auto& [id, job] : book_.unfinished()) {
    const bool stays = job.submission.source != source || job.state != JobState::kWaiting ||
                       names.contains(job.submission.external_id);
    if (!stays) missing.push_back(job);
  }
  std::vector<JobId> withdrawn;
  for (const JobRecord& job : missing) {
    const JobRecord finished =
        FinishedWithoutRunning(job, JobOutcome::kWithdrawn, "its source no longer wants it",
                               {clock_.Now(), clock_.WallNow()});
    if (Status saved = book_.Save(finished); !saved) return tl::unexpected(saved.error());
    CountWhenStored(JobOutcome::kWithdrawn);
    if (Status noted = book_.Note("job_finished", job.id, FinishDetail(finished)); !noted) {
      return tl::unexpected(noted.error());
    }
    withdrawn.push_back(job.id);
  }
  return withdrawn;
}

Result<SyncResult> LocalService::SyncAnswer(const std::vector<JobId>& jobs,
                                            std::vector<JobId> withdrawn) {
  SyncResult result;
  result.withdrawn = std::move(withdrawn);
  result.jobs.reserve(jobs.size());
  for (const JobId id : jobs) {
    auto view = Show(Caller{0, "", true}, id);
    if (!view) return tl::unexpected(view.error());
    result.jobs.push_back(*std::move(view));
  }
  return result;
}

void LocalService::Cancel(const Caller& caller, JobId id, CancelDone done) {
  const auto job = Known(caller, id);
  if (!job) return done(tl::unexpected(job.error()));
  const bool runs = job->state == JobState::kStarting || job->state == JobState::kRunning;
  if (!runs && job->state != JobState::kWaiting) return done(Show(caller, id));

  const JobRecord next =
      runs ? Stopping(*job)
           : FinishedWithoutRunning(*job, JobOutcome::kCancelled, "cancelled by " + caller.user,
                                    {clock_.Now(), clock_.WallNow()});
  if (Status saved = book_.Save(next); !saved)
    return done(tl::unexpected(Unavailable(saved.error())));
  if (!runs) CountWhenStored(JobOutcome::kCancelled);
  // The wish is durable before anything is killed: a daemon that dies in between kills it later.
  book_.OnCommit([this, next, runs, caller, done = std::move(done)](const Status& committed) {
    if (!committed) return done(tl::unexpected(Unavailable(committed.error())));
    if (runs) loop_.Kill(next);
    hooks_.cycle_soon();
    done(Show(caller, next.id));
  });
  static_cast<void>(book_.Note(runs ? "job_cancelled" : "job_finished", id,
                               runs ? MessageDetail("by " + caller.user) : FinishDetail(next)));
  hooks_.commit_soon();
}

void LocalService::ImportHistory(std::vector<PastAttemptOfKey> attempts, ImportDone done) {
  ImportedHistory imported;
  std::vector<PastAttemptOfKey> added;
  for (PastAttemptOfKey& past : attempts) {
    const Status learned = book_.Learn(past);
    if (!learned && learned.error().code == ErrorCode::kConflict) {
      ++imported.known;
      continue;
    }
    if (!learned) return done(tl::unexpected(Unavailable(learned.error())));
    added.push_back(std::move(past));
  }
  imported.added = std::ssize(added);
  book_.OnCommit(
      [this, imported, added = std::move(added), done = std::move(done)](const Status& committed) {
        if (!committed) return done(tl::unexpected(Unavailable(committed.error())));
        loop_.Remember(added);
        planner_.Forget();
        done(imported);
      });
  static_cast<void>(
      book_.Note("history_imported", std::nullopt, ImportDetail(imported.added, imported.known)));
  hooks_.commit_soon();
}

void LocalService::CountWhenStored(JobOutcome outcome) {
  book_.OnCommit([this, outcome](const Status& committed) {
    if (committed) metrics_.JobFinished(outcome, std::nullopt);
  });
}

}  // namespace headroom
