#include "admission/decide.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "admission/backfill.h"
#include "admission/charge.h"
#include "admission/forecast.h"
#include "admission/ordering.h"
#include "admission/peak_line.h"
#include "admission/rest.h"
#include "admission/tenants.h"
#include "admission/trim.h"
#include "admission/windows.h"

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
                 const ResourceVector& needed, const ResourceVector& available) {
  Decision decision = Answer(job, verdict, reason);
  decision.needed = Amount(needed, axis);
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

// What may still run when a drain window begins is not started before it; while one is open,
// nothing is.
std::optional<Decision> WhatWindowKeeps(const WaitingJob& job, const Snapshot& snapshot,
                                        const Policy& policy) {
  if (snapshot.windows.empty()) return std::nullopt;
  const Duration lasts = TakenToRun(job, snapshot);
  const OpenWindow* drain = DrainInTheWay(snapshot, policy, snapshot.now, lasts);
  if (drain == nullptr) return std::nullopt;
  const auto seconds = [](Duration duration) {
    return std::chrono::floor<std::chrono::seconds>(duration).count();
  };
  Decision decision = Wait(job, Reason::kDrainWindow);
  decision.needed = seconds(lasts);
  decision.available = std::max<int64_t>(0, seconds(drain->begins - snapshot.now));
  return decision;
}

// One pass over the queue in mode "headroom". Holds what is left after each decision.
class Pass {
 public:
  Pass(const Snapshot& snapshot, std::span<const WaitingJob> waiting, const Policy& policy,
       const Account& account)
      : snapshot_(snapshot),
        policy_(policy),
        account_(account),
        tenants_(snapshot, policy, account.capacity),
        line_(waiting, snapshot, policy, tenants_),
        lines_{account.expected_free, account.peak_free},
        idle_room_(account.capacity),
        rest_(snapshot, policy, account.capacity, account.expected_free),
        stale_(snapshot.now - snapshot.host->measured_at > policy.stale_after),
        someone_warms_up_(SomeoneWarmsUp()) {
    for (const RunningJob& job : snapshot.running) {
      peak_.Add(job);
      if (job.key != 0) ++running_of_key_[job.key];
      foresees_ |= job.forecast != nullptr;
      if (job.alone) runs_alone_ = job.id;
    }
    idle_room_ -= account.unmanaged;
    // CPU is shared by weight: what others burn makes a job slower, it does not keep it from
    // running.
    idle_room_.cpu_millis = account.capacity.cpu_millis;
  }

  // Null: everyone had a turn.
  const WaitingJob* Next() { return line_.Next(); }

  Decision Judge(const WaitingJob& job) {
    const Decision decision = JudgeOne(job);
    NoteWhatHoldsBack(decision);
    foresees_ |= job.outlook != nullptr;
    return decision;
  }

  std::optional<HeadReservation> head() const {
    return heads_.empty() ? std::nullopt : std::optional(heads_.front().guard.reservation());
  }
  // Without fresh numbers nobody can tell whether use has fallen.
  Resting resting() const { return stale_ ? snapshot_.resting : rest_.next(); }
  Trim trim() const {
    return stale_ || !foresees_ ? snapshot_.trim : NextTrim(snapshot_, policy_, held_back_);
  }

 private:
  // What a job would add to the two lines at its turn. Points into the job or into the pass.
  struct Needs {
    const ResourceVector& expected;
    const ResourceVector& peak;
  };

  Decision JudgeOne(const WaitingJob& job) {
    // Before anything else: a rejection cannot be taken back, so it needs fresh numbers as well.
    if (stale_) return Wait(job, Reason::kStale);
    if (auto axis = FirstShortfall(job.request, account_.capacity)) {
      return ShortOf(job, Verdict::kReject, Reason::kNeverFits, *std::move(axis), job.request,
                     account_.capacity);
    }
    if (auto wait = WhatWindowKeeps(job, snapshot_, policy_)) return *std::move(wait);
    if (auto wait = WhatStopsEveryone(job)) return *std::move(wait);
    if (auto wait = WhatItsTenantLacks(job)) return *std::move(wait);
    if (runs_alone_) return BesideOneAlone(job);
    const Needs needs = NeedsOf(job);
    if (MayUseIdleHost() && !FirstShortfall(job.request, idle_room_)) {
      return Start(job, needs, FitsBothLines(needs) ? Reason::kFits : Reason::kIdleHost);
    }
    if (IsStrict() && !heads_.empty()) return WaitBehind(job, heads_.front());
    if (job.alone && SomethingRuns()) {
      if (MayReserve(job)) Reserve(job, needs);
      return Wait(job, Reason::kAlone);
    }
    if (auto wait = IsNewAndBusy(job)) return *std::move(wait);
    if (auto wait = WhatHoldsItBack(job, needs)) {
      if (MayReserve(job)) Reserve(job, needs);
      // A token that others hold is not what borrowing takes.
      const bool by_token = wait->axis && wait->axis->dimension == Dimension::kToken;
      lender_waits_ |= !by_token && !tenants_.WouldBorrow(job.tenant, job.request);
      return *std::move(wait);
    }
    if (lender_waits_ && tenants_.WouldBorrow(job.tenant, job.request))
      return Wait(job, Reason::kBeyondQuota);
    const ResourceVector most = Max(needs.expected, needs.peak);
    for (const Reserved& head : heads_)
      if (!head.guard.MayPass(job.duration, most)) return WaitBehind(job, head);
    for (Reserved& head : heads_) head.guard.Pass(job.duration, most);
    return Start(job, needs, Reason::kFits);
  }

  bool IsStrict() const { return policy_.queue.discipline == QueueDiscipline::kStrict; }

  bool MayReserve(const WaitingJob& job) const {
    if (IsStrict()) return heads_.empty();
    return line_.IsDue(job) && std::ssize(heads_) < policy_.queue.reserved;
  }

  // The rule of progress: nothing of ours runs, so nothing that we could wait for. A strict queue
  // lets nobody use the host before its head.
  bool MayUseIdleHost() const { return !SomethingRuns() && !(IsStrict() && !heads_.empty()); }

  bool SomethingRuns() const { return !snapshot_.running.empty() || !admitted_.empty(); }

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

  std::optional<Decision> WhatItsTenantLacks(const WaitingJob& job) const {
    auto over = tenants_.LimitPassed(job.tenant, job.request);
    if (!over) return std::nullopt;
    Decision decision = Wait(job, Reason::kTenantLimit);
    decision.axis = std::move(over->axis);
    decision.needed = over->needed;
    decision.available = over->available;
    return decision;
  }

  // Jobs of one key share their forecast, so between two starts its effect is computed once.
  Needs NeedsOf(const WaitingJob& job) {
    if (job.outlook == nullptr) return {job.request, job.request};
    auto [known, is_new] = raised_by_.try_emplace(job.outlook);
    if (is_new) known->second = peak_.RaisedBy(job);
    foreseen_expected_ = ExpectedCharge(job, snapshot_);
    foreseen_peak_ = job.request;
    foreseen_peak_.memory_bytes = known->second.memory_bytes;
    foreseen_peak_.cpu_millis = known->second.cpu_millis;
    return {foreseen_expected_, foreseen_peak_};
  }

  bool FitsBothLines(const Needs& needs) const {
    return !FirstShortfall(needs.expected, lines_.expected_free) &&
           !FirstShortfall(needs.peak, lines_.peak_free);
  }

  // Until enough of a key have finished, its jobs start slowly: they may all be as large as none
  // before.
  std::optional<Decision> IsNewAndBusy(const WaitingJob& job) const {
    if (job.outlook == nullptr || !job.outlook->places) return std::nullopt;
    const auto running = running_of_key_.find(job.key);
    const int64_t free =
        *job.outlook->places - (running == running_of_key_.end() ? 0 : running->second);
    if (free > 0) return std::nullopt;
    Decision decision = Wait(job, Reason::kNewKey);
    decision.needed = 1;
    decision.available = free;
    return decision;
  }

  std::optional<Decision> WhatHoldsItBack(const WaitingJob& job, const Needs& needs) {
    if (auto axis = rest_.Blocks(needs.expected)) {
      return ShortOf(job, Verdict::kWait, Reason::kResting, *std::move(axis), needs.expected,
                     rest_.BelowResume(lines_.expected_free));
    }
    if (auto axis = FirstShortfall(needs.expected, lines_.expected_free)) {
      rest_.TurnedAway(axis->dimension, lines_.expected_free);
      return ShortOf(job, Verdict::kWait, Reason::kOverTarget, *std::move(axis), needs.expected,
                     lines_.expected_free);
    }
    if (auto axis = FirstShortfall(needs.peak, lines_.peak_free)) {
      return ShortOf(job, Verdict::kWait, Reason::kOverCeiling, *std::move(axis), needs.peak,
                     lines_.peak_free);
    }
    return std::nullopt;
  }

  Decision Start(const WaitingJob& job, const Needs& needs, Reason reason) {
    lines_.expected_free -= needs.expected;
    lines_.peak_free -= needs.peak;
    peak_.Add(job);
    tenants_.Start(job.tenant, job.request);
    raised_by_.clear();
    if (job.key != 0) ++running_of_key_[job.key];
    admitted_.push_back(&job);
    if (job.alone) runs_alone_ = job.id;
    return Admit(job, reason);
  }

  void NoteWhatHoldsBack(const Decision& decision) {
    const bool by_memory = decision.axis && decision.axis->dimension == Dimension::kMemory;
    switch (decision.reason) {
      case Reason::kOverTarget:
      case Reason::kResting:
        if (held_back_ == HeldBackBy::kNothing || !by_memory)
          held_back_ = by_memory ? HeldBackBy::kTarget : HeldBackBy::kSomethingElse;
        break;
      case Reason::kFits:
      case Reason::kIdleHost:
      case Reason::kBehindHead:
      case Reason::kTenantLimit:
      case Reason::kBeyondQuota:
        break;
      default:
        held_back_ = HeldBackBy::kSomethingElse;
    }
  }

  // A job for which what it needs is kept.
  struct Reserved {
    Head head;
    std::optional<Duration> duration;
    HeadGuard guard;
  };

  Decision BesideOneAlone(const WaitingJob& job) const {
    Decision decision = Wait(job, Reason::kAlone);
    decision.head = runs_alone_;
    return decision;
  }

  Decision WaitBehind(const WaitingJob& job, const Reserved& head) const {
    Decision decision = Wait(job, Reason::kBehindHead);
    decision.head = head.head.id;
    return decision;
  }

  // What earlier reservations keep is taken until their jobs are over.
  void Reserve(const WaitingJob& job, const Needs& needs) {
    const Head head{job.id, rest_.MustBeFree(needs.expected), needs.peak, idle_room_, job.alone};
    Lines lines = lines_;
    std::vector<Ending> endings = Endings();
    for (const Reserved& other : heads_) {
      lines.expected_free -= other.head.on_expected_line;
      lines.peak_free -= other.head.on_peak_line;
      const auto& starts_by = other.guard.reservation().starts_by;
      const bool is_known = starts_by && other.duration;
      endings.push_back({is_known ? std::optional(*starts_by + *other.duration) : std::nullopt,
                         other.head.on_expected_line, other.head.on_peak_line});
    }
    HeadGuard guard(head, lines, std::move(endings), snapshot_.now);
    const TimePoint opens_at = guard.opens_at();
    guard.PutOff(
        FirstStart(snapshot_, policy_, opens_at, TakenToRun(job, snapshot_)).value_or(opens_at));
    heads_.push_back({head, job.duration, std::move(guard)});
  }

  std::vector<Ending> Endings() const {
    const auto end_of = [](TimePoint start, std::optional<Duration> duration) {
      return duration ? std::optional(start + *duration) : std::nullopt;
    };
    std::vector<Ending> endings;
    endings.reserve(snapshot_.running.size() + admitted_.size());
    for (const RunningJob& job : snapshot_.running) {
      endings.push_back({end_of(job.admitted_at, job.duration),
                         ExpectedCharge(job, snapshot_, policy_), PeakCharge(job)});
    }
    for (const WaitingJob* job : admitted_) {
      endings.push_back(
          {end_of(snapshot_.now, job->duration), ExpectedCharge(*job, snapshot_), job->request});
    }
    return endings;
  }

  const Snapshot& snapshot_;
  const Policy& policy_;
  const Account& account_;
  Tenants tenants_;
  Line line_;
  Lines lines_;               // what is free at this job's turn
  ResourceVector idle_room_;  // capacity − unmanaged
  RestRule rest_;
  bool stale_;
  bool someone_warms_up_;
  PeakLine peak_;  // of all that runs or was admitted
  std::unordered_map<const KeyOutlook*, ResourceVector> raised_by_;  // since the last start
  ResourceVector foreseen_expected_, foreseen_peak_;                 // of the job in turn
  std::unordered_map<uint64_t, int64_t> running_of_key_;
  bool foresees_ = false;  // there are forecasts to be trimmed
  HeldBackBy held_back_ = HeldBackBy::kNothing;
  std::vector<const WaitingJob*> admitted_;
  std::optional<JobId> runs_alone_;  // beside which nothing starts
  std::vector<Reserved> heads_;
  bool lender_waits_ = false;  // a job of a tenant within its quota does
};

// The old world, for comparison: nothing is measured and nothing is rejected. Maintenance comes all
// the same.
void DecideByCount(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
                   const Policy& policy, Decisions& decisions) {
  Tenants tenants(snapshot, policy, snapshot.host ? snapshot.host->capacity : ResourceVector{});
  Line line(waiting, snapshot, policy, tenants);
  auto running = static_cast<int64_t>(snapshot.running.size());
  while (const WaitingJob* job = line.Next()) {
    if (auto wait = WhatWindowKeeps(*job, snapshot, policy)) {
      decisions.jobs.push_back(*std::move(wait));
      continue;
    }
    const bool is_free =
        policy.mode == AdmissionMode::kNone || !policy.max_jobs || running < *policy.max_jobs;
    if (is_free) {
      ++running;
      tenants.Start(job->tenant, job->request);
    }
    decisions.jobs.push_back(is_free ? Admit(*job, Reason::kNoLimit)
                                     : TooManyJobs(*job, *policy.max_jobs - running));
  }
}

}  // namespace

Decisions Decide(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
                 const Policy& policy) {
  Decisions decisions;
  decisions.jobs.reserve(waiting.size());
  if (snapshot.host) decisions.account = MakeAccount(snapshot, policy);
  decisions.past_use = NextPastUse(snapshot, policy);
  if (policy.mode != AdmissionMode::kHeadroom) {
    DecideByCount(snapshot, waiting, policy, decisions);
    return decisions;
  }
  if (!decisions.account) {
    Tenants tenants(snapshot, policy, {});
    Line line(waiting, snapshot, policy, tenants);
    while (const WaitingJob* job = line.Next())
      decisions.jobs.push_back(Wait(*job, Reason::kNoMeasurement));
    decisions.resting = snapshot.resting;
    decisions.trim = snapshot.trim;
    return decisions;
  }
  Pass pass(snapshot, waiting, policy, *decisions.account);
  while (const WaitingJob* job = pass.Next()) decisions.jobs.push_back(pass.Judge(*job));
  decisions.head = pass.head();
  decisions.resting = pass.resting();
  decisions.trim = pass.trim();
  return decisions;
}

int64_t CostOfDecide(const Snapshot& snapshot, std::size_t waiting) {
  // Of a running job with a forecast its 64 futures are added up.
  constexpr int64_t kPass = 80, kRunning = 1, kForecast = 40;
  int64_t cost = kPass + static_cast<int64_t>(waiting);
  for (const RunningJob& job : snapshot.running)
    cost += job.forecast != nullptr ? kForecast : kRunning;
  return cost;
}

}  // namespace headroom
