#include "daemon/control_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "admission/decide.h"
#include "admission/draw.h"
#include "admission/windows.h"
#include "daemon/event_detail.h"
#include "daemon/lesson.h"
#include "daemon/local_time.h"

namespace headroom {
namespace {

// An attempt that could not be launched is tried again after 1, 2, 4, … seconds: for ever if it is
// the host that lacks something, so that a queue outlives it; this often if it is the job's fault.
constexpr int kLaunchTries = 5;
constexpr Duration kLongestBackoff = std::chrono::seconds(60);

// What is over is pruned now and then, and not all of it in one cycle: its files cost time.
constexpr Duration kPruneEvery = std::chrono::seconds(60);
constexpr std::size_t kMostPruned = 500;

Duration Backoff(int failures) {
  return std::min<Duration>(std::chrono::seconds(1LL << std::min(failures - 1, 10)),
                            kLongestBackoff);
}

std::optional<double> FullMemoryPressure(const std::vector<PressureReading>& readings) {
  const auto found = std::ranges::find_if(readings, [](const PressureReading& reading) {
    return reading.resource == PressureResource::kMemory && reading.kind == PressureKind::kFull;
  });
  return found == readings.end() ? std::nullopt : found->avg10;
}

constexpr const char* kDirectoryGone =
    "its directory in attempts/ is gone, so nobody knows how the command ended";

// Known from the first sweep on, when use is not known yet.
ResourceVector CapacityOf(const Observation& seen) {
  const CapacitySample& capacity = seen.measurements.capacity;
  return {capacity.memory_bytes.value_or(0),
          capacity.cpu_millis.value_or(0),
          capacity.pids.value_or(0),
          {}};
}

Use UseOf(const ResourceVector& amounts) {
  return {static_cast<double>(amounts.memory_bytes), static_cast<double>(amounts.cpu_millis)};
}

// What a job is taken to need of which nothing is known.
Use DefaultUse(const Policy& policy, const ResourceVector& capacity) {
  return UseOf(ResolveRequest({}, std::nullopt, policy, capacity).request);
}

AttemptId AttemptOf(const JobRecord& job) { return {job.id, job.attempt}; }

// The shim found no room for its claim, so the command certainly never ran and may be tried again.
const LaunchFailed* FoundNoRoom(const AttemptEnd& end) {
  const auto* failed = std::get_if<LaunchFailed>(&end.outcome);
  const bool no_room = failed != nullptr && failed->step == "shim" &&
                       (failed->os_error == ENOSPC || failed->os_error == EDQUOT);
  return no_room ? failed : nullptr;
}

}  // namespace

ControlLoop::ControlLoop(LoopParts parts, Policy policy)
    : clock_(parts.clock),
      book_(parts.book),
      watch_(parts.watch),
      executor_(parts.executor),
      metrics_(parts.metrics),
      policy_(std::move(policy)),
      relief_(book_, executor_, metrics_),
      log_(book_) {
  gate_.since = clock_.Now();
}

void ControlLoop::Tick() {
  now_ = clock_.Now();
  windows_ = WindowsOf(policy_);
  const bool recorded = RecordEnds().has_value();  // 1. what ended
  const Observation seen = Measure();              // 2. what the host says
  MoveGate(seen);
  LookAhead(seen);
  NoteFailure();
  const Snapshot snapshot = BuildSnapshot(seen);  // 3. one instant
  const std::span<const WaitingJob> candidates = Candidates(CapacityOf(seen));
  const TimePoint before = clock_.Now();
  const Decisions decisions = Decide(snapshot, candidates, policy_);  // 4. pure
  const Duration decide_time = clock_.Now() - before;
  relief_.Look({FullMemoryPressure(seen.pressure), gate_.position == GatePosition::kOpen},
               snapshot.running, policy_, now_);
  score_ = NextScore(score_, {snapshot, candidates, decisions, std::exchange(memory_kills_, 0)},
                     policy_);
  view_ = {snapshot, decisions, seen, decide_time, {}, score_.totals};
  LookInShadow(seen, candidates);
  const ResourceVector capacity = CapacityOf(seen);
  log_.Note({clock_.WallNow(), policy_, generation_, DefaultUse(policy_, capacity), UseOf(capacity),
             view_.snapshot, candidates, view_.decisions});
  const bool committed = recorded && Apply(decisions, candidates) && Prune() &&
                         log_.Store(now_, clock_.WallNow(), policy_.retention) && book_.Commit();
  log_.Settle(committed);
  if (committed) {  // 5. reserve, start
    Remember(std::exchange(lessons_, {}));
    for (const AttemptEnd& end : std::exchange(ends_, {})) {
      foresight_.Drop(end.id.job);
      log_.Dropped(end.id.job);
      executor_.Forget(end.id);
    }
    LaunchAdmitted();
  }
  to_launch_.clear();
  RebuildLedger();
  resting_ = decisions.resting;
  trim_ = decisions.trim;
  MoveTarget(decisions);
  past_use_ = decisions.past_use;
  view_.cycle_time = clock_.Now() - now_;
  if (publish_) publish_();  // 6. tell
}

// Ends stay in `ends_` until they are durable: a full disk must not lose an exit status.
Status ControlLoop::RecordEnds() {
  for (AttemptEnd& end : executor_.Reap()) {
    CountEnd(end);
    ends_.push_back(std::move(end));
  }
  lessons_.clear();
  for (const AttemptEnd& end : ends_) {
    if (Status recorded = RecordEnd(end); !recorded) {
      spdlog::error("attempt {} ended but cannot be recorded yet: {}", ToString(end.id),
                    recorded.error().message);
      return recorded;
    }
  }
  return {};
}

Status ControlLoop::RecordEnd(const AttemptEnd& end) {
  const JobRecord* job = book_.Find(end.id.job);
  if (job == nullptr || job->attempt != end.id.number || !HoldsAnAttempt(*job)) return {};
  const LaunchFailed* no_room = FoundNoRoom(end);
  if (no_room != nullptr && job->state != JobState::kStopping) {
    return PutBack(*job, {ErrorCode::kExhausted, no_room->message, no_room->os_error});
  }
  const AfterEnd after = WhatBecomesOf(*job, end, policy_.retry, Now());
  const JobRecord& finished = after.finished;
  auto lesson = LessonOf(*job, finished, end, foresight_.GrowthOf(job->id), Now());
  if (Status saved = book_.Save(after.stored()); !saved) return saved;
  if (ledger_.Holds(finished.id)) ledger_.Release(finished.id);
  if (lesson) {
    if (Status learned = book_.Learn(*lesson); !learned) return learned;
    lessons_.push_back(*std::move(lesson));
  }
  if (after.again)
    return book_.Note("job_requeued", finished.id,
                      RequeueDetail(finished, *after.again, after.cause));
  return book_.Note("job_finished", finished.id, FinishDetail(finished));
}

void ControlLoop::CountEnd(const AttemptEnd& end) {
  const JobRecord* job = book_.Find(end.id.job);
  if (job == nullptr || FoundNoRoom(end) != nullptr) return;
  const AfterEnd after = WhatBecomesOf(*job, end, policy_.retry, Now());
  const bool ran = end.ended_at > end.started_at;
  if (after.again) {
    metrics_.JobRequeued(after.cause);
  } else {
    metrics_.JobFinished(*after.finished.outcome,
                         ran ? std::optional(end.ended_at - end.started_at) : std::nullopt);
  }
  if (end.oom != OomCause::kNone) metrics_.OomKill(end.oom);
  if (end.oom == OomCause::kPoolLimit || end.oom == OomCause::kHost) {
    ++memory_kills_;
    trouble_ = true;
  }
  spdlog::info("job {} {}{}", job->id.value, ToString(*after.finished.outcome),
               after.again ? ", and is tried again" : "");
}

Observation ControlLoop::Measure() {
  std::vector<std::string> attempts;
  for (const AttemptId& id : executor_.Live()) attempts.push_back(ToString(id));
  return watch_.Look(attempts, policy_.tokens, triggers_.get());
}

void ControlLoop::MoveGate(const Observation& seen) {
  for (const PressureReading& reading : seen.pressure) {
    if (reading.triggered) metrics_.PressureTriggered(reading.resource);
  }
  const GateState before =
      std::exchange(gate_, NextGate(gate_, seen.pressure, policy_.gate, policy_.gate_quiet, now_));
  if (before.position == gate_.position) return;
  trouble_ |= gate_.position == GatePosition::kClosed;
  spdlog::warn("gate: {} -> {}", ToString(before.position), ToString(gate_.position));
  static_cast<void>(book_.Note("gate_changed", std::nullopt, GateDetail(before, gate_)));
}

void ControlLoop::MoveTarget(const Decisions& decisions) {
  const OuterSignals signals{std::exchange(trouble_, false), gate_.position == GatePosition::kOpen,
                             TargetUseOf(decisions)};
  const OuterLoop before = std::exchange(outer_, NextOuterLoop(outer_, signals, policy_, now_));
  if (outer_.factor >= before.factor) return;
  spdlog::warn("target: lowered to {:.0f}% of the policy's", 100 * outer_.factor);
  static_cast<void>(book_.Note("target_lowered", std::nullopt, TargetDetail(outer_.factor)));
}

// Something to commit in each cycle, so that a store that failed is seen to work again (F7). It
// becomes durable with what it tells.
void ControlLoop::NoteFailure() {
  const auto& failing = book_.failing();
  if (!failing) return;
  static_cast<void>(book_.Note("store_recovered", std::nullopt,
                               RecoveryDetail(now_ - failing->since, failing->error.message)));
}

// What those that run have shown, and what it says about them and about those that wait.
void ControlLoop::LookAhead(const Observation& seen) {
  std::vector<Foresight::Attempt> attempts;
  for (const auto& [id, reservation] : ledger_.reservations()) {
    const JobRecord* job = book_.Find(id);
    if (job == nullptr) continue;
    const auto observed = seen.attempts.find(ToString(AttemptOf(*job)));
    if (observed == seen.attempts.end()) continue;
    attempts.push_back({id, job->submission.key, job->submission.tenant, reservation.admitted_at,
                        observed->second});
  }
  const ResourceVector capacity = CapacityOf(seen);
  // What a question made between two cycles, the log does not know: the outlooks of that list.
  if (std::exchange(listed_between_, false)) book_.ForgetWaiting();
  log_.Begin(now_, policy_.retention, foresight_, attempts, book_.unfinished().empty());
  foresight_.Look(now_, attempts, DefaultUse(policy_, capacity), UseOf(capacity));
}

// People's time comes in here, once a cycle, and is an instant like others from then on. Where
// somebody sets the clock, windows move with it.
std::vector<OpenWindow> ControlLoop::WindowsOf(const Policy& policy) const {
  if (policy.windows.empty()) return {};
  return UpcomingWindows(policy.windows, LocalTimeAt(clock_.WallNow()), now_);
}

Snapshot ControlLoop::BuildSnapshot(const Observation& seen) const {
  Snapshot snapshot;
  snapshot.now = now_;
  snapshot.host = seen.host;
  snapshot.gate = gate_;
  snapshot.resting = resting_;
  snapshot.trim = trim_;
  snapshot.mean_duration = foresight_.MeanDuration();
  snapshot.past_use = past_use_;
  snapshot.target_factor = outer_.factor;
  snapshot.windows = windows_;
  snapshot.running.reserve(ledger_.size());
  for (const auto& [id, reservation] : ledger_.reservations()) {
    RunningJob running{
        id, reservation.request, reservation.admitted_at, reservation.duration, {}, 0, 0, nullptr};
    const JobRecord* job = book_.Find(id);
    const auto observed =
        job == nullptr ? seen.attempts.end() : seen.attempts.find(ToString(AttemptOf(*job)));
    if (observed != seen.attempts.end()) {
      running.observed = observed->second;
      if (IsForeseen(*job)) running.forecast = foresight_.OfRunning(id);
    }
    if (job != nullptr) {
      running.key = KeyNumber(job->submission.key);
      running.tenant = KeyNumber(job->submission.tenant);
      running.declares_duration = job->submission.duration.has_value();
      running.alone = RunsAlone(*job, policy_);
    }
    snapshot.running.push_back(std::move(running));
  }
  return snapshot;
}

// Everything in line but what is held back after a failed launch, in order of id. Requests in
// shares are taken of this very cycle's capacity: of an older one they could be nothing.
std::span<const WaitingJob> ControlLoop::Candidates(const ResourceVector& capacity) {
  const auto& waiting = book_.Waiting(policy_, generation_, capacity, foresight_);
  std::erase_if(retries_, [&](const auto& retry) { return book_.Find(retry.first) == nullptr; });
  if (retries_.empty()) return waiting;
  candidates_.clear();
  std::ranges::copy_if(waiting, std::back_inserter(candidates_), [&](const WaitingJob& job) {
    const auto retry = retries_.find(job.id);
    return retry == retries_.end() || retry->second.not_before <= now_;
  });
  return candidates_;
}

// The same host and jobs, as the other policy has it.
void ControlLoop::LookInShadow(const Observation& seen, std::span<const WaitingJob> candidates) {
  if (!shadow_) return;
  const Policy& other = shadow_->policy();
  std::vector<WaitingJob> waiting(candidates.begin(), candidates.end());
  for (WaitingJob& job : waiting) {
    const JobRecord* record = book_.Find(job.id);
    if (record == nullptr) continue;
    job.alone = RunsAlone(*record, other);
    if (auto own = book_.Resolve(*record, other, CapacityOf(seen), foresight_))
      job.request = std::move(own->request);
  }
  Snapshot snapshot = view_.snapshot;
  snapshot.windows = WindowsOf(other);
  for (RunningJob& job : snapshot.running) {
    if (const JobRecord* record = book_.Find(job.id)) job.alone = RunsAlone(*record, other);
  }
  shadow_->Look({snapshot, seen.pressure, trouble_, waiting, view_.decisions});
}

Status ControlLoop::Apply(const Decisions& decisions, std::span<const WaitingJob> candidates) {
  for (const Decision& decision : decisions.jobs) {
    Status applied;
    switch (decision.verdict) {
      case Verdict::kWait:
        continue;
      case Verdict::kReject:
        applied = Reject(decision);
        break;
      case Verdict::kAdmit:
        applied = Admit(decision,
                        *std::ranges::lower_bound(candidates, decision.job, {}, &WaitingJob::id));
        break;
    }
    if (!applied) {
      spdlog::error("cycle not applied: {}", applied.error().message);
      return applied;
    }
  }
  return {};
}

// Reserved and recorded as starting before anything of it exists on the host.
Status ControlLoop::Admit(const Decision& decision, const WaitingJob& candidate) {
  const JobRecord admitted = Admitted(*book_.Find(decision.job), candidate.request, Now());
  ledger_.Reserve({admitted.id, candidate.request, now_, candidate.duration});
  to_launch_.push_back(admitted.id);
  if (Status saved = book_.Save(admitted); !saved) return saved;
  const Duration waited = now_ - candidate.submitted_at;
  metrics_.JobAdmitted(decision.reason, waited);
  return book_.Note("job_admitted", admitted.id,
                    AdmissionDetail(decision, candidate.request, waited));
}

Status ControlLoop::Reject(const Decision& decision) {
  const JobRecord& job = *book_.Find(decision.job);
  std::string why = Explain(decision, view_.snapshot, policy_);
  if (job.oom_retries > 0)
    why +=
        "; it asks for that because it ran out of memory in attempt " + std::to_string(job.attempt);
  const JobRecord rejected = FinishedWithoutRunning(job, JobOutcome::kRejected, why, Now());
  if (Status saved = book_.Save(rejected); !saved) return saved;
  metrics_.JobRejected();
  return book_.Note("job_rejected", rejected.id, MessageDetail(why));
}

// The logs go before the jobs: a daemon that dies in between finds the jobs again, and prunes
// again.
Status ControlLoop::Prune() {
  if (now_ < prune_at_) return {};
  const auto gone = book_.Prune(policy_.retention, kMostPruned);
  if (!gone) return tl::unexpected(gone.error());
  for (const AttemptId& last : *gone) {
    for (AttemptId id{last.job, 1}; id.number <= last.number; ++id.number) executor_.Discard(id);
  }
  prune_at_ = gone->size() < kMostPruned ? now_ + kPruneEvery : now_;
  return {};
}

// The commit that made "starting" durable has happened; what is written from here on rides with the
// next.
void ControlLoop::LaunchAdmitted() {
  for (const JobId id : std::exchange(to_launch_, {})) {
    const JobRecord* job = book_.Find(id);
    if (job == nullptr) continue;
    const TimePoint before = clock_.Now();
    const Status launched = Launch(*job);
    metrics_.LaunchTook(clock_.Now() - before);
    if (!launched) {
      static_cast<void>(PutBack(*job, launched.error()));
      continue;
    }
    retries_.erase(id);
    const JobRecord started = Started(*job, Now());
    if (book_.Save(started)) static_cast<void>(book_.Note("job_started", id, "{}"));
  }
}

Status ControlLoop::Launch(const JobRecord& job) {
  const Result<UserIdentity> user = LookUpUser(job.submission.uid);
  if (!user && user.error().code == ErrorCode::kNotFound)
    return Fail(ErrorCode::kInvalid, user.error().message);
  if (!user) return tl::unexpected(user.error());
  return executor_.Launch(SpecOf(job, *user, policy_.jobs));
}

Status ControlLoop::PutBack(const JobRecord& job, const Error& error) {
  const std::string why = "could not be started: " + error.message;
  spdlog::error("job {} {}", job.id.value, why);
  const auto before = retries_.find(job.id);
  const int failures = before == retries_.end() ? 1 : before->second.failures + 1;
  const bool jobs_fault = error.code == ErrorCode::kInvalid;
  const bool may_have_run = error.code == ErrorCode::kCorrupt;
  if (!may_have_run && (!jobs_fault || failures < kLaunchTries)) {
    if (Status saved = book_.Save(Requeued(job, why)); !saved) return saved;
    retries_[job.id] = {failures, now_ + Backoff(failures)};
    return {};
  }
  const JobOutcome outcome = may_have_run ? JobOutcome::kLost : JobOutcome::kLaunchFailed;
  const JobRecord finished = FinishedWithoutRunning(job, outcome, why, Now());
  if (Status saved = book_.Save(finished); !saved) return saved;
  metrics_.JobFinished(outcome, std::nullopt);
  return book_.Note("job_finished", finished.id, FinishDetail(finished));
}

// The ledger says what the book says: after launches that failed, and after a turn that was undone.
void ControlLoop::RebuildLedger() {
  std::vector<JobId> gone;
  for (const auto& [id, reservation] : ledger_.reservations()) {
    const JobRecord* job = book_.Find(id);
    if (job == nullptr || !job->reserved) gone.push_back(id);
  }
  for (const JobId id : gone) ledger_.Release(id);
  for (const auto& [id, job] : book_.unfinished()) {
    if (!job.reserved || ledger_.Holds(id)) continue;
    ledger_.Reserve(
        {id, *job.reserved, job.admitted_boottime.value_or(now_), job.submission.duration});
  }
}

// What becomes of a job of whose attempt nothing is there.
JobRecord ControlLoop::NotAdopted(const JobRecord& job) const {
  if (job.state == JobState::kStopping)
    return FinishedWithoutRunning(job, JobOutcome::kCancelled, "", Now());
  if (job.state == JobState::kStarting) return Requeued(job, "");
  return FinishedWithoutRunning(job, JobOutcome::kLost, kDirectoryGone, Now());
}

Status ControlLoop::Recover() {
  now_ = clock_.Now();
  const Status known = book_.store().Histories([this](const PastAttemptOfKey& past) {
    foresight_.Remember(past.key, past.tenant, past.attempt);
  });
  if (!known) return known;
  std::vector<JobRecord> holding;
  for (const auto& [id, job] : book_.unfinished()) {
    if (HoldsAnAttempt(job)) holding.push_back(job);
  }
  for (const JobRecord& job : holding) {
    const auto recovered = executor_.Recover(AttemptOf(job));
    if (!recovered) return Within("recover attempt " + ToString(AttemptOf(job)), recovered.error());
    const bool adopted = *recovered == Executor::Recovered::kAdopted;
    metrics_.Recovered(adopted);
    const JobRecord next = adopted ? Started(job, Now()) : NotAdopted(job);
    if (Status saved = book_.Save(next); !saved) return saved;
    if (next.state == JobState::kFinished) {
      metrics_.JobFinished(*next.outcome, std::nullopt);
      if (Status noted = book_.Note("job_finished", next.id, FinishDetail(next)); !noted)
        return noted;
    }
    if (adopted) relief_.Adopt(next.id);
    if (adopted && job.state == JobState::kStopping) Kill(next);
  }
  relief_.PutInForce(policy_);
  for (const std::string& name : executor_.RemoveStrangers()) {
    spdlog::warn(
        "cgroup {} is of no job in this state directory: left alone, and counted as use outside",
        name);
  }
  RebuildLedger();
  return book_.Commit();
}

void ControlLoop::Kill(const JobRecord& job) {
  if (Status killed = executor_.Kill(AttemptOf(job)); !killed) {
    spdlog::error("kill job {}: {}", job.id.value, killed.error().message);
  }
}

void ControlLoop::Remember(std::span<const PastAttemptOfKey> attempts) {
  for (const PastAttemptOfKey& past : attempts) {
    foresight_.Remember(past.key, past.tenant, past.attempt);
    log_.Remembered({past.key, past.tenant}, past.attempt);
  }
  if (!attempts.empty()) book_.ForgetWaiting();
}

void ControlLoop::SetPolicy(Policy policy) {
  policy_ = std::move(policy);
  generation_ += 1;
  // Those of the old one mean nothing to it, also for who asks before the next cycle.
  windows_ = view_.snapshot.windows = WindowsOf(policy_);
  relief_.StartOver();
}

void ControlLoop::Stop() { relief_.UndoAll(policy_, clock_.Now()); }

void ControlLoop::SetShadow(std::optional<Policy> policy) {
  shadow_.reset();
  if (policy) shadow_.emplace(*std::move(policy));
}

ResourceVector ControlLoop::capacity() const { return CapacityOf(view_.observation); }

ControlLoop::Present ControlLoop::LookNow() {
  const int64_t list = book_.waiting_version();
  Present present{BuildSnapshot(view_.observation), Candidates(capacity())};
  if (book_.waiting_version() != list) listed_between_ = true;
  return present;
}

std::optional<Duration> ControlLoop::RetriesIn(JobId job) const {
  const auto retry = retries_.find(job);
  if (retry == retries_.end() || retry->second.not_before <= now_) return std::nullopt;
  return retry->second.not_before - now_;
}

}  // namespace headroom
