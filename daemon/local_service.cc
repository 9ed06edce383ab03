#include "daemon/local_service.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "admission/json/policy_json.h"
#include "base/units.h"
#include "daemon/event_detail.h"
#include "daemon/policy_use.h"

namespace headroom {
namespace {

constexpr std::size_t kHoldersShown = 5;
constexpr std::size_t kAheadShown = 10;
constexpr int64_t kMostWaiting = 100'000;
// How often starts are foretold to be scored. A plan takes up to 40 ms, so this is below 0.4 % of a
// core.
constexpr Duration kForetellEvery = std::chrono::seconds(10);

bool Owns(const Caller& caller, const JobRecord& job) {
  return caller.admin || caller.uid == job.submission.uid;
}

Error Unavailable(const Error& inner) {
  return {ErrorCode::kUnavailable, "not stored, try again: " + inner.message, inner.os_error};
}

}  // namespace

LocalService::LocalService(ServiceOptions options, ControlLoop& loop, JobBook& book,
                           NativeExecutor& executor, Metrics& metrics, const Clock& clock,
                           Hooks hooks)
    : options_(std::move(options)),
      loop_(loop),
      book_(book),
      executor_(executor),
      metrics_(metrics),
      clock_(clock),
      hooks_(std::move(hooks)),
      planner_(loop) {}

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

void LocalService::CountWhenStored(JobOutcome outcome) {
  book_.OnCommit([this, outcome](const Status& committed) {
    if (committed) metrics_.JobFinished(outcome, std::nullopt);
  });
}

Result<JobRecord> LocalService::Known(const Caller& caller, JobId id) {
  std::optional<JobRecord> job;
  if (const JobRecord* unfinished = book_.Find(id)) {
    job = *unfinished;
  } else {
    auto found = book_.store().Find(id);
    if (!found) return tl::unexpected(Unavailable(found.error()));
    job = *std::move(found);
  }
  if (!job)
    return Fail(ErrorCode::kNotFound, fmt::format("job {}: there is no such job", id.value));
  if (!Owns(caller, *job)) {
    return Fail(ErrorCode::kDenied, fmt::format("job {}: belongs to another user", id.value));
  }
  return *std::move(job);
}

Result<JobView> LocalService::Show(const Caller& caller, JobId id) {
  return Known(caller, id).map([this](const JobRecord& job) { return ViewOf(job); });
}

Result<std::vector<KeyView>> LocalService::Keys(const Caller& caller, const std::string& key) {
  HistoryQuery query;
  query.key = key;
  if (!caller.admin) query.uid = caller.uid;
  auto views = ViewKeys(book_.store(), query);
  if (!views) return tl::unexpected(Unavailable(views.error()));
  if (views->empty() && !key.empty())
    return Fail(ErrorCode::kNotFound, fmt::format("key {}: no attempt of it is known", key));
  for (KeyView& view : *views) {
    JobRecord next;
    next.submission.key = view.key;
    next.submission.tenant = view.tenant;
    next.submission.request.memory_bytes = view.asked.memory_bytes;
    next.submission.request.cpu_millis = view.asked.cpu_millis;
    view.next = book_.Resolve(next, loop_.policy(), loop_.capacity(), loop_.foresight());
  }
  return views;
}

Result<std::vector<JobView>> LocalService::List(const Caller& caller, const JobQuery& query) {
  JobQuery own = query;
  if (!caller.admin) own.uid = caller.uid;
  const auto records = book_.store().List(own);
  if (!records) return tl::unexpected(Unavailable(records.error()));
  std::vector<JobView> views;
  views.reserve(records->size());
  for (const JobRecord& job : *records) views.push_back(ViewOf(job));
  return views;
}

JobView LocalService::ViewOf(const JobRecord& job) {
  JobView view{job, {}, {}, {}, {}, {}};
  if (job.state == JobState::kFinished) return view;
  view.resolved = book_.Resolve(job, loop_.policy(), loop_.capacity(), loop_.foresight());
  if (job.state == JobState::kWaiting) {
    int64_t position = 0;
    if (const Decision* decision = DecisionOf(job.id, &position)) {
      view.decision = *decision;
      view.position = position;
      view.explanation = Explain(*decision, loop_.last().snapshot, loop_.policy());
    }
    if (const auto pause = loop_.RetriesIn(job.id)) {
      view.explanation =
          fmt::format("waits: {}; next try in {}", job.message, FormatDuration(*pause));
    }
    return view;
  }
  view.observed = ObservedOf(job);
  return view;
}

ObservedUse LocalService::ObservedOf(const JobRecord& job) const {
  const auto& attempts = loop_.last().observation.attempts;
  const auto observed = attempts.find(ToString(AttemptId{job.id, job.attempt}));
  return observed == attempts.end() ? ObservedUse{} : observed->second;
}

std::optional<ResourceVector> LocalService::ObservedOfAll() const {
  if (!loop_.last().snapshot.host) return std::nullopt;
  ResourceVector sum;
  for (const auto& [id, job] : book_.unfinished()) {
    if (job.state == JobState::kWaiting) continue;
    const ObservedUse use = ObservedOf(job);
    sum += {use.memory_bytes.value_or(0), use.cpu_millis.value_or(0), use.pids.value_or(0), {}};
  }
  return sum;
}

const Decision* LocalService::DecisionOf(JobId id, int64_t* position) {
  const auto& decisions = loop_.last().decisions.jobs;
  if (!index_is_current_) {
    decision_index_.clear();
    decision_index_.reserve(decisions.size());
    int64_t waiting = 0;
    for (const Decision& decision : decisions) {
      if (decision.verdict == Verdict::kWait) ++waiting;
      decision_index_.emplace(decision.job.value, PlaceInLine{&decision, waiting});
    }
    index_is_current_ = true;
  }
  const auto found = decision_index_.find(id.value);
  if (found == decision_index_.end()) return nullptr;
  *position = found->second.position;
  return found->second.decision;
}

Result<WhyView> LocalService::Why(const Caller& caller, JobId id) {
  auto job = Show(caller, id);
  if (!job) return tl::unexpected(job.error());
  const ControlLoop::View& last = loop_.last();
  WhyView why{*std::move(job),
              {},
              {},
              last.decisions.head,
              last.snapshot.gate,
              last.decisions.account,
              ObservedOfAll(),
              {},
              {},
              {}};
  if (!why.job.decision) return why;
  why.holders = HoldersOf(*why.job.decision);
  const Planner::Standing& standing = planner_.StandingOf(id);
  why.needs = standing.needs;
  why.changes = standing.changes;
  why.planned = standing.planned;
  for (const Decision& decision : last.decisions.jobs) {
    if (decision.job == id || why.ahead.size() >= kAheadShown) break;
    if (decision.verdict == Verdict::kWait) why.ahead.push_back(decision.job);
  }
  return why;
}

std::vector<HolderView> LocalService::HoldersOf(const Decision& decision) {
  if (!decision.axis) return {};
  const Snapshot& snapshot = loop_.last().snapshot;
  const std::vector<Holder> holders =
      decision.reason == Reason::kOverCeiling
          ? TopPeakHolders(snapshot, *decision.axis, kHoldersShown)
          : TopHolders(snapshot, loop_.policy(), *decision.axis, kHoldersShown);
  std::vector<HolderView> views;
  views.reserve(holders.size());
  for (const Holder& holder : holders) views.push_back({holder, planner_.EndOf(holder.job)});
  return views;
}

Result<PlanView> LocalService::GetPlan(const Caller&) {
  const Plan& plan = planner_.Current();
  PlanView view{{}, plan.beyond};
  view.jobs.reserve(plan.jobs.size());
  for (const PlannedJob& planned : plan.jobs) {
    const JobRecord* job = book_.Find(planned.now.job);
    if (job == nullptr) continue;
    const JobSubmission& asked = job->submission;
    view.jobs.push_back({planned, asked.name, asked.user, asked.uid});
  }
  return view;
}

Result<TrialView> LocalService::Try(const Caller&, JobSubmission submission) {
  JobRecord job;
  job.submission = std::move(submission);
  job.submitted_at = clock_.WallNow();
  job.submitted_boottime = clock_.Now();
  WaitingJob waiting = book_.ToWaiting(job, loop_.policy(), loop_.capacity(), loop_.foresight());
  waiting.id = {std::numeric_limits<int64_t>::max()};  // behind all others of its age
  std::optional<KeyOutlook> outlook;
  if (!job.submission.request.memory_bytes && !job.submission.key.empty()) {
    outlook = loop_.foresight().OutlookOf(job.submission.key, job.submission.tenant);
    waiting.outlook = &*outlook;
  }
  std::optional<Planner::Trial> trial = planner_.Try(waiting);
  if (!trial) {
    return Fail(ErrorCode::kExhausted,
                "too many questions at once: this one can be answered after the next cycle");
  }
  TrialView view{{job, trial->decision, trial->position, {}, {}, {}},
                 std::move(trial->standing.needs),
                 std::move(trial->standing.changes),
                 std::move(trial->standing.planned)};
  view.job.resolved = book_.Resolve(job, loop_.policy(), loop_.capacity(), loop_.foresight());
  view.job.explanation = Explain(trial->decision, loop_.last().snapshot, loop_.policy());
  return view;
}

Result<StatusView> LocalService::GetStatus(const Caller&) {
  const ControlLoop::View& last = loop_.last();
  StatusView status;
  status.now = clock_.Now();
  if (last.snapshot.host) status.measurement_age = status.now - last.snapshot.host->measured_at;
  status.account = last.decisions.account;
  status.measurements = last.observation.measurements;
  status.gate = last.snapshot.gate;
  status.policy = loop_.policy();
  status.policy_generation = loop_.policy_generation();
  status.enforcement = executor_.enforcement();
  const std::size_t armed = loop_.triggers() == nullptr ? 0 : loop_.triggers()->armed();
  status.degraded = Degradations(status.policy, status.measurements, status.enforcement, armed);
  if (const auto& failing = book_.failing()) {
    status.store_failure = {status.now - failing->since, failing->error.message};
  }
  for (const char* state : {"waiting", "starting", "running", "stopping"})
    status.jobs_by_state[state] = 0;

  for (const auto& [id, job] : book_.unfinished()) {
    status.jobs_by_state[ToString(job.state)] += 1;
    if (job.state != JobState::kWaiting) status.running.push_back(ViewOf(job));
  }
  status.observed = ObservedOfAll();
  return status;
}

Result<EventPage> LocalService::Events(const Caller& caller, int64_t after, std::size_t limit) {
  auto events = book_.store().EventsAfter(after, limit);
  if (!events) return tl::unexpected(Unavailable(events.error()));
  if (events->empty()) {
    const auto last = book_.store().LastEvent();
    if (!last) return tl::unexpected(Unavailable(last.error()));
    if (after > *last) {
      return Fail(ErrorCode::kInvalid,
                  fmt::format("after: {} is beyond the newest event, {}: it was read from another "
                              "state directory; start again from 0",
                              after, *last));
    }
  }
  EventPage page{*std::move(events), after};
  if (!page.events.empty()) page.last = page.events.back().sequence;
  if (caller.admin) return page;
  // What cannot be looked up now must not be taken for another's: it would be missed for ever.
  Status looked_up;
  std::erase_if(page.events, [&](const Event& event) {
    if (!event.job) return false;
    const auto job = Known(caller, *event.job);
    if (!job && job.error().code == ErrorCode::kUnavailable)
      looked_up = tl::unexpected(job.error());
    return !job;
  });
  if (!looked_up) return tl::unexpected(looked_up.error());
  return page;
}

void LocalService::OnNextEvent(std::function<void()> wake) {
  event_waiters_.push_back(std::move(wake));
}

void LocalService::EventsCommitted() {
  for (const auto& wake : std::exchange(event_waiters_, {})) wake();
}

Result<std::string> LocalService::LogPath(const Caller& caller, JobId id, bool want_stderr) {
  const auto job = Known(caller, id);
  if (!job) return tl::unexpected(job.error());
  if (job->attempt == 0) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("job {}: has not started, so it has no output", id.value));
  }
  const AttemptId attempt{job->id, job->attempt};
  return want_stderr ? StderrPath(options_.state_dir, attempt)
                     : StdoutPath(options_.state_dir, attempt);
}

Result<PolicyReload> LocalService::ReloadPolicy(const Caller& caller) {
  if (!caller.admin) return Fail(ErrorCode::kDenied, "only an administrator may reload the policy");
  auto loaded = LoadPolicy(options_.policy_path);
  const bool good = std::holds_alternative<Policy>(loaded);
  metrics_.PolicyReloaded(good, clock_.WallNow());
  if (!good) {
    auto problems = std::get<std::vector<PolicyProblem>>(std::move(loaded));
    for (const PolicyProblem& problem : problems) {
      spdlog::error("policy refused, the old one stays in force: {}", Located(problem));
    }
    static_cast<void>(book_.Note("policy_refused", std::nullopt, RefusalDetail(problems)));
    hooks_.commit_soon();
    return PolicyReload{options_.policy_path, std::move(problems)};
  }
  loop_.SetPolicy(std::get<Policy>(std::move(loaded)));
  hooks_.use_policy();
  spdlog::info("policy generation {} is in force", loop_.policy_generation());
  static_cast<void>(
      book_.Note("policy_reloaded", std::nullopt, PolicyDetail(loop_.policy_generation())));
  hooks_.commit_soon();
  hooks_.cycle_soon();
  return PolicyReload{options_.policy_path, {}};
}

std::vector<std::string> LocalService::NotReady() {
  std::vector<std::string> reasons;
  const ControlLoop::View& last = loop_.last();
  if (!last.snapshot.host) {
    reasons.push_back("the host has not been measured yet");
  } else if (clock_.Now() - last.snapshot.host->measured_at > loop_.policy().stale_after) {
    reasons.push_back("the last measurement is too old");
  }
  if (const auto& failing = book_.failing()) {
    reasons.push_back(fmt::format("nothing can be stored for {}: {}",
                                  FormatDuration(clock_.Now() - failing->since),
                                  failing->error.message));
  }
  return reasons;
}

// Decisions are in queue order, so the first that waits is the head of the line.
Duration LocalService::HeadAge() const {
  for (const Decision& decision : loop_.last().decisions.jobs) {
    const JobRecord* job = decision.verdict == Verdict::kWait ? book_.Find(decision.job) : nullptr;
    if (job != nullptr) return loop_.last().snapshot.now - job->submitted_boottime;
  }
  return {};
}

void LocalService::ScoreEtas() {
  const ControlLoop::View& last = loop_.last();
  for (const ScoredEta& eta : eta_score_.Started(last.decisions, last.snapshot.now))
    metrics_.EtaScored(eta);
  if (last.snapshot.now < foretell_at_) return;
  foretell_at_ = last.snapshot.now + kForetellEvery;
  eta_score_.Forget([this](JobId job) { return book_.Find(job) == nullptr; });
  const auto is_new = [this](const Decision& decision) {
    return decision.verdict == Verdict::kWait && !eta_score_.Knows(decision.job);
  };
  const auto& jobs = last.decisions.jobs;
  const auto front = jobs.begin() + std::min<std::ptrdiff_t>(std::ssize(jobs), kPlannedJobs);
  if (std::any_of(jobs.begin(), front, is_new)) eta_score_.Remember(planner_.Current());
}

void LocalService::Publish() {
  index_is_current_ = false;
  planner_.Forget();
  ScoreEtas();
  const auto status = GetStatus(Caller{0, "", true});
  CycleReport report;
  report.status = status ? &*status : nullptr;
  report.decisions = &loop_.last().decisions;
  report.wall_now = clock_.WallNow();
  report.head_age = HeadAge();
  report.decide_time = loop_.last().decide_time;
  report.cycle_time = loop_.last().cycle_time;
  report.score = loop_.last().score;
  report.store = book_.store().statistics();
  report.armed_triggers = loop_.triggers() == nullptr ? 0 : loop_.triggers()->armed();
  metrics_.Publish(report);
  for (const auto& answer : std::exchange(after_cycle_, {})) answer();
}

}  // namespace headroom
