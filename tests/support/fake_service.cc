#include "tests/support/fake_service.h"

#include <algorithm>
#include <utility>

namespace headroom {
namespace {

constexpr WallTime kThen{std::chrono::milliseconds(1'795'493'018'123)};

StatusView AStatus() {
  StatusView status;
  status.now = TimePoint(std::chrono::hours(1));
  status.measurement_age = std::chrono::milliseconds(250);
  status.account = Account{{1000, 4000, 400, {}}, {100, 50, 20, {}},    {300, 1000, 40, {}},
                           {400, 2000, 80, {}},   {200, 1350, 260, {}}, {400, 1550, 260, {}}};
  status.observed = ResourceVector{250, 900, 30, {}};
  status.jobs_by_state = {{"waiting", 1}, {"starting", 0}, {"running", 1}, {"stopping", 0}};
  status.enforcement = {"unified", {}};
  status.measurements.pool.memory.anon = 250;
  status.measurements.pool.pressure.memory = Psi{PsiLine{1.5, 0.5, 0.1, 1234}, std::nullopt};
  status.measurements.attempts["1-1"].taken_at = status.now;
  status.measurements.failures = {{"psi", "open /proc/pressure/io: ENOENT"}};
  return status;
}

}  // namespace

FakeService::FakeService() : status(AStatus()) {}

JobView& FakeService::Add(uid_t uid, JobState state) {
  JobView job;
  job.record.id = JobId{static_cast<int64_t>(jobs.size()) + 1};
  job.record.submission.command = {"sleep", "60"};
  job.record.submission.uid = uid;
  job.record.submission.user = "uid" + std::to_string(uid);
  job.record.state = state;
  job.record.attempt = state == JobState::kWaiting ? 0 : 1;
  job.record.submitted_at = kThen;
  if (state == JobState::kFinished) job.record.outcome = JobOutcome::kSucceeded;
  return jobs[job.record.id] = job;
}

void FakeService::Happen(std::string kind, std::optional<JobId> job, std::string detail) {
  events.push_back(
      {static_cast<int64_t>(events.size()) + 1, kThen, std::move(kind), job, std::move(detail)});
  for (const auto& wake : std::exchange(wakes_, {})) wake();
}

void FakeService::Release() {
  hold = false;
  for (const auto& answer : std::exchange(held_, {})) answer();
}

bool FakeService::MaySee(const Caller& caller, JobId id) const {
  const auto job = jobs.find(id);
  return caller.admin || (job != jobs.end() && job->second.record.submission.uid == caller.uid);
}

void FakeService::Submit(const Caller& caller, JobSubmission submission, SubmitDone done) {
  last_caller = caller;
  if (failure) return done(tl::unexpected(*failure), false);
  submitted.push_back(submission);
  for (const auto& [id, job] : jobs) {
    const JobSubmission& known = job.record.submission;
    if (submission.idempotency_key.empty() || known.idempotency_key != submission.idempotency_key) {
      continue;
    }
    if (known == submission) return done(job, false);
    return done(Fail(ErrorCode::kConflict, "idempotency_key: used before"), false);
  }
  JobView& job = Add(submission.uid);
  job.record.submission = std::move(submission);
  const auto answer = [done = std::move(done), job] { done(job, true); };
  hold ? held_.push_back(answer) : answer();
}

void FakeService::Sync(const Caller& caller, const std::string& source,
                       std::vector<WantedJob> wanted, SyncDone done) {
  last_caller = caller;
  if (failure) return done(tl::unexpected(*failure));
  for (const auto& [id, job] : jobs) {
    if (job.record.submission.source == source && !MaySee(caller, id)) {
      return done(Fail(ErrorCode::kDenied, "source: has jobs of another user"));
    }
  }
  SyncResult result;
  for (auto& [id, job] : jobs) {
    const auto same = [&name = job.record.submission.external_id](const WantedJob& candidate) {
      return candidate.submission.external_id == name;
    };
    if (job.record.submission.source != source || std::ranges::any_of(wanted, same)) continue;
    job.record.state = JobState::kFinished;
    job.record.outcome = JobOutcome::kWithdrawn;
    result.withdrawn.push_back(id);
  }
  for (WantedJob& job : wanted) {
    JobView& added = Add(job.submission.uid);
    added.record.submission = std::move(job.submission);
    result.jobs.push_back(added);
  }
  done(std::move(result));
}

void FakeService::Cancel(const Caller& caller, JobId id, CancelDone done) {
  auto job = Show(caller, id);
  if (!job) return done(std::move(job));
  JobRecord& record = jobs[id].record;
  record.state = record.state == JobState::kWaiting ? JobState::kFinished : JobState::kStopping;
  if (record.state == JobState::kFinished) record.outcome = JobOutcome::kCancelled;
  done(jobs[id]);
}

Result<JobView> FakeService::Show(const Caller& caller, JobId id) {
  last_caller = caller;
  if (failure) return tl::unexpected(*failure);
  if (!jobs.contains(id)) return Fail(ErrorCode::kNotFound, "job: there is no such job");
  if (!MaySee(caller, id)) return Fail(ErrorCode::kDenied, "job: belongs to another user");
  return jobs[id];
}

Result<std::vector<JobView>> FakeService::List(const Caller& caller, const JobQuery& query) {
  last_caller = caller;
  if (failure) return tl::unexpected(*failure);
  std::vector<JobView> found;
  for (const auto& [id, job] : jobs) {
    const JobRecord& record = job.record;
    const bool wanted = MaySee(caller, id) && id > query.after &&
                        (!query.state || record.state == *query.state) &&
                        (!query.uid || record.submission.uid == *query.uid) &&
                        (query.source.empty() || record.submission.source == query.source);
    if (wanted && found.size() < query.limit) found.push_back(job);
  }
  if (query.newest_first) std::ranges::reverse(found);
  return found;
}

Result<WhyView> FakeService::Why(const Caller& caller, JobId id) {
  auto job = Show(caller, id);
  if (!job) return tl::unexpected(job.error());
  WhyView view = why;
  view.job = *std::move(job);
  return view;
}

Result<PlanView> FakeService::GetPlan(const Caller& caller) {
  last_caller = caller;
  if (failure) return tl::unexpected(*failure);
  return plan;
}

Result<TrialView> FakeService::Try(const Caller& caller, JobSubmission submission) {
  last_caller = caller;
  if (failure) return tl::unexpected(*failure);
  tried.push_back(submission);
  TrialView view = trial;
  view.job.record.submission = std::move(submission);
  return view;
}

Result<DecisionPiece> FakeService::ReadDecisions(const Caller& caller,
                                                 std::variant<int64_t, WallTime> from,
                                                 std::size_t limit) {
  last_caller = caller;
  if (failure) return tl::unexpected(*failure);
  if (!caller.admin) return Fail(ErrorCode::kDenied, "only administrators may");
  const auto* offset = std::get_if<int64_t>(&from);
  const auto begin = static_cast<std::size_t>(offset == nullptr ? 0 : *offset);
  std::string bytes = decision_log.substr(begin, limit);
  const bool complete = begin + bytes.size() == decision_log.size();
  return DecisionPiece{std::move(bytes), static_cast<int64_t>(begin), complete};
}

Result<StatusView> FakeService::GetStatus(const Caller& caller) {
  last_caller = caller;
  if (failure) return tl::unexpected(*failure);
  return status;
}

Result<EventPage> FakeService::Events(const Caller& caller, int64_t after, std::size_t limit) {
  if (failure) return tl::unexpected(*failure);
  ++event_reads;
  EventPage page{{}, after};
  for (const Event& event : events) {
    if (event.sequence <= after || page.events.size() >= limit) continue;
    page.last = event.sequence;
    if (!event.job || MaySee(caller, *event.job)) page.events.push_back(event);
  }
  return page;
}

Result<std::vector<std::string>> FakeService::LogPaths(const Caller& caller, JobId id,
                                                       bool want_stderr) {
  const auto job = Show(caller, id);
  if (!job) return tl::unexpected(job.error());
  const std::string first = log_path + (want_stderr ? "/stderr" : "/stdout");
  std::vector<std::string> paths{first};
  for (int attempt = 2; attempt <= job->record.attempt; ++attempt)
    paths.push_back(first + "." + std::to_string(attempt));
  return paths;
}

Result<PolicyReload> FakeService::ReloadPolicy(const Caller& caller) {
  last_caller = caller;
  if (failure) return tl::unexpected(*failure);
  if (policy_problems.empty()) ++generation;
  return PolicyReload{"/etc/headroom/policy.json", policy_problems};
}

}  // namespace headroom
