#include "admission/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "admission/decide.h"
#include "admission/draw.h"
#include "admission/forecast.h"

namespace headroom {
namespace {

// Ends come together to within a 64th of how far ahead they lie, and to a second: the daemon
// decides once a second, and nobody knows an end in three hours to the second.
TimePoint Coarse(TimePoint at, TimePoint now) {
  constexpr Duration kSecond = std::chrono::seconds(1);
  const Duration ahead = at - now;
  Duration step = kSecond;
  while (step * 64 < ahead) step *= 2;
  return now + (ahead + step - Duration(1)) / step * step;
}

constexpr Duration kWeek = std::chrono::days(7);
// What fits between two windows at all does so within a week.
constexpr Duration kWindowsAhead = std::chrono::days(8);

// The share of durations that a job's own stays below in one future. Each job's draws lie evenly
// over all futures, one in each sixteenth (Latin hypercube: McKay, Beckman, Conover 1979), so that
// a few futures show the whole of each distribution.
double DrawOf(JobId job, uint64_t future) {
  const auto whose = static_cast<uint64_t>(job.value);
  const uint64_t hash = Hashed(whose);
  const uint64_t stratum = (future * (hash | 1) + (hash >> 32)) % kPlannedFutures;
  return (static_cast<double>(stratum) + UniformDraw(whose, future)) /
         static_cast<double>(kPlannedFutures);
}

// Of a job that waits or runs. What was learned of its key is known better than as one duration.
template <class Job>
const Lifetime& LifetimeOf(const Job& job, Lifetimes& lifetimes) {
  return lifetimes.Of(job.key, job.declares_duration ? job.duration : std::nullopt);
}

// One start in one future.
struct Start {
  std::optional<Duration> after;  // absent: none
  bool cut_off = false;           // the budget ended first
  StartEvidence rests_on;
};

using Starts = std::unordered_map<int64_t, std::vector<Start>>;  // by job; one for each future

// One future: durations are drawn once, then it is played from end to end.
class Future {
 public:
  Future(const Snapshot& snapshot, std::vector<WaitingJob> waiting, const Policy& policy,
         Lifetimes& lifetimes, uint64_t number)
      : began_(snapshot.now),
        snapshot_(snapshot),
        waiting_(std::move(waiting)),
        policy_(policy),
        lifetimes_(lifetimes),
        number_(number) {
    snapshot_.trim.at = {};  // stands still: what is used in a future cannot be measured
    for (const RunningJob& job : snapshot_.running) {
      AwaitEnd(job.id, LifetimeOf(job, lifetimes_), job.admitted_at);
      AwaitFading(job);
    }
    AwaitGate();
    AwaitWindows();
  }

  // Until nobody waits, nothing more is expected to happen, or `budget` is used up. Returns what it
  // spent.
  int64_t Play(const int64_t budget) {
    int64_t spent = 0;
    while (!waiting_.empty()) {
      const int64_t cost = CostOfDecide(snapshot_, waiting_.size());
      cut_off_ = spent + cost > budget;
      if (cut_off_) break;
      spent += cost;
      Pass();
      if (!Advance()) break;
    }
    return spent;
  }

  // What has not started has none.
  void Report(std::span<const WaitingJob> jobs, Starts& starts) const {
    for (const WaitingJob& job : jobs) {
      const auto found = started_.find(job.id.value);
      starts[job.id.value].push_back(found == started_.end() ? Start{{}, cut_off_, {}}
                                                             : found->second);
    }
  }

 private:
  struct End {
    JobId job;
    LifetimeSource source = LifetimeSource::kUnknown;
    int64_t attempts = 0;
  };

  void AwaitEnd(JobId job, const Lifetime& lifetime, TimePoint started) {
    const Duration age = std::max(snapshot_.now - started, Duration{});
    const auto lasts = lifetime.At(DrawOf(job, number_), age);
    if (!lasts) return;
    ends_.emplace(Coarse(std::max(started + *lasts, snapshot_.now + Duration(1)), began_),
                  End{job, lifetime.source(), lifetime.attempts()});
  }

  // A job that was observed counts for less once its request has faded.
  void AwaitFading(const RunningJob& job) {
    const TimePoint faded = job.admitted_at + 2 * policy_.warm_up;
    if (job.observed.memory_bytes && faded > snapshot_.now) moments_.insert(Coarse(faded, began_));
  }

  void AwaitGate() {
    if (snapshot_.gate.position == GatePosition::kOpen) return;
    const TimePoint quiet = snapshot_.gate.quiet_since.value_or(snapshot_.now);
    opens_at_ = Coarse(std::max(quiet + policy_.gate_quiet, snapshot_.now + Duration(1)), began_);
    moments_.insert(*opens_at_);
  }

  // Who is held by a window may start at its end; another target may let more start, or less.
  void AwaitWindows() {
    for (const OpenWindow& open : snapshot_.windows) {
      Await(open.begins);
      Await(open.ends);
    }
  }

  void Await(TimePoint window_turns) {
    if (window_turns > snapshot_.now && window_turns - began_ <= kWindowsAhead)
      moments_.insert(Coarse(window_turns, began_));
  }

  // What is over comes again a week later.
  void MoveWindowsOn() {
    bool moved = false;
    for (OpenWindow& open : snapshot_.windows) {
      if (open.ends > snapshot_.now) continue;
      open.begins += kWeek;
      open.ends += kWeek;
      Await(open.begins);
      Await(open.ends);
      moved = true;
    }
    if (moved) std::ranges::stable_sort(snapshot_.windows, {}, &OpenWindow::begins);
  }

  void Pass() {
    if (snapshot_.host) snapshot_.host->measured_at = snapshot_.now;
    const Decisions decisions = Decide(snapshot_, waiting_, policy_);
    snapshot_.resting = decisions.resting;
    snapshot_.past_use = decisions.past_use;
    std::unordered_map<int64_t, Verdict> decided;
    for (const Decision& decision : decisions.jobs) {
      if (decision.verdict != Verdict::kWait) decided[decision.job.value] = decision.verdict;
    }
    if (decided.empty()) return;
    for (const WaitingJob& job : waiting_) {
      const auto found = decided.find(job.id.value);
      if (found != decided.end() && found->second == Verdict::kAdmit) Admit(job);
    }
    std::erase_if(waiting_, [&](const WaitingJob& job) { return decided.contains(job.id.value); });
  }

  void Admit(const WaitingJob& job) {
    started_[job.id.value] = {snapshot_.now - began_, false, rests_on_};
    RunningJob running;
    running.id = job.id;
    running.request = job.request;
    running.admitted_at = snapshot_.now;
    running.duration = job.duration;
    running.declares_duration = job.declares_duration;
    running.alone = job.alone;
    running.key = job.key;
    running.tenant = job.tenant;
    if (job.outlook != nullptr) running.forecast = &job.outlook->forecast;
    AwaitEnd(job.id, LifetimeOf(job, lifetimes_), snapshot_.now);
    snapshot_.running.push_back(std::move(running));
  }

  // To the next instant at which anything may change. False: there is none.
  bool Advance() {
    if (ends_.empty() && moments_.empty()) return false;
    const TimePoint end = ends_.empty() ? TimePoint::max() : ends_.begin()->first;
    const TimePoint moment = moments_.empty() ? TimePoint::max() : *moments_.begin();
    snapshot_.now = std::min(end, moment);
    moments_.erase(snapshot_.now);
    MoveWindowsOn();
    if (opens_at_ && *opens_at_ <= snapshot_.now)
      snapshot_.gate = {GatePosition::kOpen, *opens_at_, {}, {}};
    while (!ends_.empty() && ends_.begin()->first <= snapshot_.now) {
      TakeAway(ends_.begin()->second);
      ends_.erase(ends_.begin());
    }
    return true;
  }

  void TakeAway(const End& end) {
    std::erase_if(snapshot_.running, [&](const RunningJob& job) { return job.id == end.job; });
    if (end.source == LifetimeSource::kDeclared) ++rests_on_.ends_by_declared;
    if (end.source != LifetimeSource::kHistory) return;
    ++rests_on_.ends_by_history;
    rests_on_.fewest_attempts =
        std::min(end.attempts, rests_on_.fewest_attempts.value_or(end.attempts));
  }

  const TimePoint began_;
  Snapshot snapshot_;
  std::vector<WaitingJob> waiting_;
  const Policy& policy_;
  Lifetimes& lifetimes_;
  const uint64_t number_;
  std::multimap<TimePoint, End> ends_;
  std::set<TimePoint> moments_;        // others at which a pass may decide otherwise
  std::optional<TimePoint> opens_at_;  // the gate
  bool cut_off_ = false;
  StartEvidence rests_on_;  // the ends so far
  std::unordered_map<int64_t, Start> started_;
};

// The n-th of a hundred in order of start; those that do not start come last.
const Start& Quantile(std::vector<Start>& starts, std::size_t percent) {
  const auto place = (starts.size() * percent + 99) / 100 - 1;
  std::ranges::stable_sort(
      starts, {}, [](const Start& start) { return start.after.value_or(Duration::max()); });
  return starts[place];
}

void Foretell(std::vector<Start>& starts, PlannedJob& job) {
  const Start& middle = Quantile(starts, 50);
  const auto cut_off = std::ranges::count(starts, true, &Start::cut_off);
  const auto started =
      std::ranges::count_if(starts, [](const Start& start) { return start.after.has_value(); });
  if (!middle.after) {
    job.foretold =
        cut_off * 2 > std::ssize(starts) - started ? Foretold::kBeyondHorizon : Foretold::kUnknown;
    return;
  }
  job.foretold = Foretold::kExpected;
  job.p50 = middle.after;
  job.rests_on = middle.rests_on;
  job.p90 = Quantile(starts, 90).after;
}

bool IsFresh(const Snapshot& snapshot, const Policy& policy) {
  return snapshot.host && snapshot.now - snapshot.host->measured_at <= policy.stale_after;
}

std::vector<JobId> OfUnknownEnd(const Snapshot& snapshot, Lifetimes& lifetimes) {
  std::vector<JobId> jobs;
  for (const RunningJob& job : snapshot.running) {
    if (LifetimeOf(job, lifetimes).source() == LifetimeSource::kUnknown) jobs.push_back(job.id);
  }
  return jobs;
}

// The front of the queue as the present pass orders it, with what that pass says.
Plan Front(const Snapshot& snapshot, const Decisions& present) {
  Plan plan{snapshot.now, {}, 0, 0};
  const std::size_t planned = std::min(present.jobs.size(), kPlannedJobs);
  plan.jobs.reserve(planned);
  for (std::size_t i = 0; i < planned; ++i) {
    PlannedJob& job = plan.jobs.emplace_back();
    job.now = present.jobs[i];
    if (job.now.verdict == Verdict::kReject) job.foretold = Foretold::kNever;
    if (job.now.verdict != Verdict::kAdmit) continue;
    job.foretold = Foretold::kNow;
    job.p50 = job.p90 = Duration{};
  }
  plan.beyond = std::ssize(present.jobs) - std::ssize(plan.jobs);
  return plan;
}

std::vector<WaitingJob> JobsOf(const Plan& plan, std::span<const WaitingJob> waiting) {
  std::unordered_map<int64_t, const WaitingJob*> by_id;
  for (const PlannedJob& job : plan.jobs) by_id[job.now.job.value] = nullptr;
  for (const WaitingJob& job : waiting) {
    const auto found = by_id.find(job.id.value);
    if (found != by_id.end()) found->second = &job;
  }
  std::vector<WaitingJob> jobs;
  jobs.reserve(plan.jobs.size());
  for (const PlannedJob& job : plan.jobs) jobs.push_back(*by_id.at(job.now.job.value));
  return jobs;
}

}  // namespace

std::string_view ToString(Foretold foretold) {
  switch (foretold) {
    case Foretold::kNow:
      return "now";
    case Foretold::kExpected:
      return "expected";
    case Foretold::kUnknown:
      return "unknown";
    case Foretold::kBeyondHorizon:
      return "beyond_horizon";
    case Foretold::kNever:
      return "never";
  }
  return "unknown";
}

const PlannedJob* Plan::Find(JobId job) const {
  const auto found =
      std::ranges::find(jobs, job, [](const PlannedJob& planned) { return planned.now.job; });
  return found == jobs.end() ? nullptr : &*found;
}

Plan MakePlan(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
              const Decisions& present, const Policy& policy, Lifetimes& lifetimes,
              int64_t budget) {
  Plan plan = Front(snapshot, present);
  const bool blind = policy.mode == AdmissionMode::kHeadroom && !IsFresh(snapshot, policy);
  const std::vector<WaitingJob> jobs = JobsOf(plan, waiting);
  Starts starts;
  for (uint64_t number = 0; number < kPlannedFutures && !blind; ++number) {
    Future future(snapshot, jobs, policy, lifetimes, number);
    plan.cost += future.Play(budget / static_cast<int64_t>(kPlannedFutures));
    future.Report(jobs, starts);
  }
  const std::vector<JobId> unknown = OfUnknownEnd(snapshot, lifetimes);
  for (PlannedJob& job : plan.jobs) {
    if (job.now.verdict != Verdict::kWait) continue;
    if (blind)
      job.foretold = Foretold::kUnknown;
    else
      Foretell(starts.at(job.now.job.value), job);
    if (job.foretold == Foretold::kUnknown) job.waits_for = unknown;
  }
  return plan;
}

ExpectedEnd ExpectedEndOf(const RunningJob& job, TimePoint now, Lifetimes& lifetimes) {
  const Lifetime& lifetime = LifetimeOf(job, lifetimes);
  const Duration age = std::max(now - job.admitted_at, Duration{});
  const auto left = [&](double share) {
    const auto lasts = lifetime.At(share, age);
    return lasts ? std::optional(*lasts - age) : std::nullopt;
  };
  return {lifetime.source(), lifetime.attempts(), left(0.5), left(0.9)};
}

}  // namespace headroom
