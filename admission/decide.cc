#include "admission/decide.h"

#include <algorithm>
#include <utility>

#include "admission/backfill.h"
#include "admission/charge.h"
#include "admission/ordering.h"

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

// The width between the target and the resume line.
ResourceVector RestBand(const ResourceVector& capacity, const Policy& policy) {
  const auto band = [](int64_t amount, double target, double resume) {
    return Scale(amount, target) - Scale(amount, resume);
  };
  return {band(capacity.memory_bytes, policy.target.memory, policy.resume.memory),
          band(capacity.cpu_millis, policy.target.cpu, policy.resume.cpu),
          band(capacity.pids, policy.target.pids, policy.resume.pids),
          {}};
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
        band_(RestBand(account.capacity, policy)),
        rests_(StillRests()),
        will_rest_(rests_),
        stale_(snapshot.now - snapshot.host->measured_at > policy.stale_after),
        someone_warms_up_(SomeoneWarmsUp()) {
    idle_room_ -= account.unmanaged;
  }

  Decision Judge(const WaitingJob& job) {
    if (auto axis = FirstShortfall(job.request, account_.capacity)) {
      return ShortOf(job, Verdict::kReject, Reason::kNeverFits, *std::move(axis),
                     account_.capacity);
    }
    if (auto wait = WhatStopsEveryone(job)) return *std::move(wait);
    if (HostIsIdle() && MayUseIdleHost() && !FirstShortfall(job.request, idle_room_)) {
      const Reason reason = WhatIsShort(job) ? Reason::kIdleHost : Reason::kFits;
      return Start(job, reason);
    }
    if (guard_ && policy_.discipline == QueueDiscipline::kStrict) return WaitBehindHead(job);
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
  Resting resting() const { return stale_ ? snapshot_.resting : will_rest_; }

 private:
  bool HostIsIdle() const { return snapshot_.running.empty() && admitted_.empty(); }
  // A strict queue does not let anyone use the idle host before its head.
  bool MayUseIdleHost() const {
    return !guard_ || policy_.discipline == QueueDiscipline::kBackfill;
  }

  int64_t FreePlaces() const {
    return *policy_.max_jobs - static_cast<int64_t>(snapshot_.running.size() + admitted_.size());
  }

  bool SomeoneWarmsUp() const {
    for (const RunningJob& job : snapshot_.running) {
      if (snapshot_.now - job.admitted_at < policy_.warm_up) return true;
    }
    return false;
  }

  // Dimensions whose use has not fallen below the resume line yet.
  Resting StillRests() const {
    const ResourceVector& free = lines_.expected_free;
    const Resting& before = snapshot_.resting;
    return {before.memory && free.memory_bytes <= band_.memory_bytes,
            before.cpu && free.cpu_millis <= band_.cpu_millis,
            before.pids && free.pids <= band_.pids};
  }

  std::optional<Decision> WhatStopsEveryone(const WaitingJob& job) const {
    if (stale_) return Wait(job, Reason::kStale);
    if (snapshot_.gate.position == GatePosition::kClosed) return Wait(job, Reason::kGateClosed);
    if (policy_.max_jobs && FreePlaces() <= 0) return TooManyJobs(job, FreePlaces());
    if (snapshot_.gate.position == GatePosition::kClosing &&
        (someone_warms_up_ || !admitted_.empty())) {
      return Wait(job, Reason::kGateClosing);
    }
    return std::nullopt;
  }

  std::optional<Decision> WhatHoldsItBack(const WaitingJob& job) {
    if (auto axis = RestingAxis(job.request)) {
      ResourceVector below_resume = lines_.expected_free;
      below_resume -= band_;
      return ShortOf(job, Verdict::kWait, Reason::kResting, *std::move(axis), below_resume);
    }
    if (auto axis = FirstShortfall(job.request, lines_.expected_free)) {
      RestIfReached(axis->dimension);
      return ShortOf(job, Verdict::kWait, Reason::kOverTarget, *std::move(axis),
                     lines_.expected_free);
    }
    if (auto axis = FirstShortfall(job.request, lines_.peak_free)) {
      return ShortOf(job, Verdict::kWait, Reason::kOverCeiling, *std::move(axis), lines_.peak_free);
    }
    return std::nullopt;
  }

  bool WhatIsShort(const WaitingJob& job) const {
    return FirstShortfall(job.request, lines_.expected_free) ||
           FirstShortfall(job.request, lines_.peak_free);
  }

  std::optional<Axis> RestingAxis(const ResourceVector& request) const {
    if (rests_.memory && request.memory_bytes > 0) return Axis{Dimension::kMemory, {}};
    if (rests_.cpu && request.cpu_millis > 0) return Axis{Dimension::kCpu, {}};
    if (rests_.pids && request.pids > 0) return Axis{Dimension::kPids, {}};
    return std::nullopt;
  }

  // The target turned a job away in this dimension. From the next pass on it rests, if its use has
  // come close: above the resume line.
  void RestIfReached(Dimension dimension) {
    const ResourceVector& free = lines_.expected_free;
    switch (dimension) {
      case Dimension::kMemory:
        will_rest_.memory |= free.memory_bytes <= band_.memory_bytes;
        break;
      case Dimension::kCpu:
        will_rest_.cpu |= free.cpu_millis <= band_.cpu_millis;
        break;
      case Dimension::kPids:
        will_rest_.pids |= free.pids <= band_.pids;
        break;
      case Dimension::kToken:
        break;
    }
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
    guard_.emplace(Head{job.id, NeededOnExpectedLine(job.request), job.request, idle_room_}, lines_,
                   Endings(), snapshot_.now);
  }

  // Its request; in a dimension that rests, at least what brings use below the resume line.
  ResourceVector NeededOnExpectedLine(const ResourceVector& request) const {
    ResourceVector needed = request;
    const auto raise = [](int64_t& amount, bool rests, int64_t band) {
      if (rests && amount > 0) amount = std::max(amount, band + 1);
    };
    raise(needed.memory_bytes, will_rest_.memory, band_.memory_bytes);
    raise(needed.cpu_millis, will_rest_.cpu, band_.cpu_millis);
    raise(needed.pids, will_rest_.pids, band_.pids);
    return needed;
  }

  std::vector<Ending> Endings() const {
    std::vector<Ending> endings;
    endings.reserve(snapshot_.running.size() + admitted_.size());
    for (const RunningJob& job : snapshot_.running) {
      endings.push_back({EndOf(job.admitted_at, job.duration),
                         ExpectedCharge(job, snapshot_.now, policy_), PeakCharge(job)});
    }
    for (const WaitingJob* job : admitted_) {
      endings.push_back({EndOf(snapshot_.now, job->duration), job->request, job->request});
    }
    return endings;
  }

  static std::optional<TimePoint> EndOf(TimePoint start, std::optional<Duration> duration) {
    return duration ? std::optional(start + *duration) : std::nullopt;
  }

  const Snapshot& snapshot_;
  const Policy& policy_;
  const Account& account_;
  Lines lines_;
  ResourceVector idle_room_;  // capacity − unmanaged
  ResourceVector band_;       // use is below the resume line while more than this is free
  Resting rests_;             // now
  Resting will_rest_;         // from the next pass on
  bool stale_;
  bool someone_warms_up_;
  std::vector<const WaitingJob*> admitted_;
  std::optional<HeadGuard> guard_;
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
  const std::vector<uint32_t> order = QueueOrder(waiting);

  if (policy.mode != AdmissionMode::kHeadroom) {
    auto running = static_cast<int64_t>(snapshot.running.size());
    for (const uint32_t index : order) {
      decisions.jobs.push_back(DecideByCount(waiting[index], policy, running));
      if (decisions.jobs.back().verdict == Verdict::kAdmit) ++running;
    }
    return decisions;
  }
  if (!decisions.account) {
    for (const uint32_t index : order) {
      decisions.jobs.push_back(Wait(waiting[index], Reason::kNoMeasurement));
    }
    decisions.resting = snapshot.resting;
    return decisions;
  }
  Pass pass(snapshot, policy, *decisions.account);
  for (const uint32_t index : order) decisions.jobs.push_back(pass.Judge(waiting[index]));
  decisions.head = pass.head();
  decisions.resting = pass.resting();
  return decisions;
}

}  // namespace headroom
