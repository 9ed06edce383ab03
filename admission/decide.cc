#include "admission/decide.h"

#include <algorithm>
#include <utility>

#include "admission/backfill.h"
#include "admission/charge.h"
#include "admission/ordering.h"
#include "admission/rest.h"

namespace headroom {
namespace {

Decision Answer(const WaitingJob& job, Verdict verdict, Reason reason) {
  Decision decision;
  decision.job = job.id;
  decision.verdict = verdict;
  decision.reason = reason;
  return decision;
}

Decision Admit(const WaitingJob& job, Reason reason) {
  return Answer(job, Verdict::kAdmit, reason);
}

Decision Wait(const WaitingJob& job, Reason reason) { return Answer(job, Verdict::kWait, reason); }

// A decision that one dimension made, with its numbers.
Decision ShortOf(const WaitingJob& job, Verdict verdict, Reason reason, Axis axis,
                 const ResourceVector& available) {
  Decision decision = Answer(job, verdict, reason);
  decision.needed = Amount(job.request, axis);
  decision.available = Amount(available, axis);
  decision.axis = std::move(axis);
  return decision;
}

Decision TooManyJobs(const WaitingJob& job, int64_t places) {
  Decision decision = Wait(job, Reason::kMaxJobs);
  decision.needed = 1;
  decision.available = places;
  return decision;
}

// One pass over the queue in mode "headroom". Holds what is left after each decision.
class Pass {
 public:
  Pass(const Snapshot& snapshot, const Policy& policy, const Account& account)
      : snapshot_(snapshot),
        policy_(policy),
        account_(account),
        lines_{account.expected_free, account.peak_free},
        idle_room_(account.capacity),
        rest_(snapshot.resting, policy, account.capacity, account.expected_free),
        stale_(snapshot.now - snapshot.host->measured_at > policy.stale_after),
        someone_warms_up_(SomeoneWarmsUp()) {
    idle_room_ -= account.unmanaged;
    // CPU is shared by weight: what others burn makes a job slower, it does not keep it from
    // running.
    idle_room_.cpu_millis = account.capacity.cpu_millis;
  }

  Decision Judge(const WaitingJob& job) {
    // Before anything else: a rejection cannot be taken back, so it needs fresh numbers as well.
    if (stale_) return Wait(job, Reason::kStale);
    if (auto axis = FirstShortfall(job.request, account_.capacity)) {
      return ShortOf(job, Verdict::kReject, Reason::kNeverFits, *std::move(axis),
                     account_.capacity);
    }
    if (auto wait = WhatStopsEveryone(job)) return *std::move(wait);
    if (MayUseIdleHost() && !FirstShortfall(job.request, idle_room_)) {
      return Start(job, FitsBothLines(job) ? Reason::kFits : Reason::kIdleHost);
    }
    if (guard_ && IsStrict()) return WaitBehindHead(job);
    if (auto wait = WhatHoldsItBack(job)) {
      if (!guard_) MakeHead(job);
      return *std::move(wait);
    }
    if (guard_ && !guard_->LetPass(job)) return WaitBehindHead(job);
    return Start(job, Reason::kFits);
  }

  std::optional<HeadReservation> head() const {
    return guard_ ? std::optional(guard_->reservation()) : std::nullopt;
  }
  // Without fresh numbers nobody can tell whether use has fallen.
  Resting resting() const { return stale_ ? snapshot_.resting : rest_.next(); }

 private:
  bool IsStrict() const { return policy_.discipline == QueueDiscipline::kStrict; }

  // The rule of progress: nothing of ours runs, so nothing that we could wait for. A strict queue
  // lets nobody use the host before its head.
  bool MayUseIdleHost() const {
    return snapshot_.running.empty() && admitted_.empty() && !(guard_ && IsStrict());
  }

  bool SomeoneWarmsUp() const {
    return std::ranges::any_of(snapshot_.running, [&](const RunningJob& job) {
      return snapshot_.now - job.admitted_at < policy_.warm_up;
    });
  }

  int64_t FreePlaces() const {
    return *policy_.max_jobs - static_cast<int64_t>(snapshot_.running.size() + admitted_.size());
  }

  std::optional<Decision> WhatStopsEveryone(const WaitingJob& job) const {
    const GatePosition gate = snapshot_.gate.position;
    if (gate == GatePosition::kClosed) return Wait(job, Reason::kGateClosed);
    if (policy_.max_jobs && FreePlaces() <= 0) return TooManyJobs(job, FreePlaces());
    if (gate == GatePosition::kClosing && (someone_warms_up_ || !admitted_.empty())) {
      return Wait(job, Reason::kGateClosing);
    }
    return std::nullopt;
  }

  bool FitsBothLines(const WaitingJob& job) const {
    return !FirstShortfall(job.request, lines_.expected_free) &&
           !FirstShortfall(job.request, lines_.peak_free);
  }

  std::optional<Decision> WhatHoldsItBack(const WaitingJob& job) {
    if (auto axis = rest_.Blocks(job.request)) {
      return ShortOf(job, Verdict::kWait, Reason::kResting, *std::move(axis),
                     rest_.BelowResume(lines_.expected_free));
    }
    if (auto axis = FirstShortfall(job.request, lines_.expected_free)) {
      rest_.TurnedAway(axis->dimension, lines_.expected_free);
      return ShortOf(job, Verdict::kWait, Reason::kOverTarget, *std::move(axis),
                     lines_.expected_free);
    }
    if (auto axis = FirstShortfall(job.request, lines_.peak_free)) {
      return ShortOf(job, Verdict::kWait, Reason::kOverCeiling, *std::move(axis), lines_.peak_free);
    }
    return std::nullopt;
  }

  Decision Start(const WaitingJob& job, Reason reason) {
    lines_.expected_free -= job.request;
    lines_.peak_free -= job.request;
    admitted_.push_back(&job);
    return Admit(job, reason);
  }

  Decision WaitBehindHead(const WaitingJob& job) const {
    Decision decision = Wait(job, Reason::kBehindHead);
    decision.head = guard_->reservation().job;
    return decision;
  }

  void MakeHead(const WaitingJob& job) {
    const Head head{job.id, rest_.MustBeFree(job.request), job.request, idle_room_};
    guard_.emplace(head, lines_, Endings(), snapshot_.now);
  }

  std::vector<Ending> Endings() const {
    const auto end_of = [](TimePoint start, std::optional<Duration> duration) {
      return duration ? std::optional(start + *duration) : std::nullopt;
    };
    std::vector<Ending> endings;
    endings.reserve(snapshot_.running.size() + admitted_.size());
    for (const RunningJob& job : snapshot_.running) {
      endings.push_back({end_of(job.admitted_at, job.duration),
                         ExpectedCharge(job, snapshot_.now, policy_), PeakCharge(job)});
    }
    for (const WaitingJob* job : admitted_) {
      endings.push_back({end_of(snapshot_.now, job->duration), job->request, job->request});
    }
    return endings;
  }

  const Snapshot& snapshot_;
  const Policy& policy_;
  const Account& account_;
  Lines lines_;               // what is free at this job's turn
  ResourceVector idle_room_;  // capacity − unmanaged
  RestRule rest_;
  bool stale_;
  bool someone_warms_up_;
  std::vector<const WaitingJob*> admitted_;
  std::optional<HeadGuard> guard_;  // once a job is blocked by what others hold
};

// The old world, for comparison: nothing is measured and nothing is rejected.
Decision DecideByCount(const WaitingJob& job, const Policy& policy, int64_t running) {
  if (policy.mode == AdmissionMode::kNone || !policy.max_jobs || running < *policy.max_jobs) {
    return Admit(job, Reason::kNoLimit);
  }
  return TooManyJobs(job, *policy.max_jobs - running);
}

}  // namespace

Decisions Decide(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
                 const Policy& policy) {
  Decisions decisions;
  decisions.jobs.reserve(waiting.size());
  if (snapshot.host) decisions.account = MakeAccount(snapshot, policy);
  const auto decide_each = [&](auto decide) {
    ForEachInOrder(waiting, [&](const WaitingJob& job) { decisions.jobs.push_back(decide(job)); });
  };

  if (policy.mode != AdmissionMode::kHeadroom) {
    auto running = static_cast<int64_t>(snapshot.running.size());
    decide_each([&](const WaitingJob& job) {
      Decision decision = DecideByCount(job, policy, running);
      if (decision.verdict == Verdict::kAdmit) ++running;
      return decision;
    });
    return decisions;
  }
  if (!decisions.account) {
    decide_each([](const WaitingJob& job) { return Wait(job, Reason::kNoMeasurement); });
    decisions.resting = snapshot.resting;
    return decisions;
  }
  Pass pass(snapshot, policy, *decisions.account);
  decide_each([&](const WaitingJob& job) { return pass.Judge(job); });
  decisions.head = pass.head();
  decisions.resting = pass.resting();
  return decisions;
}

}  // namespace headroom
