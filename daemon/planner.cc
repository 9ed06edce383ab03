#include "daemon/planner.h"

#include <algorithm>
#include <utility>

#include "admission/decide.h"

namespace headroom {

void Planner::Forget() {
  left_ = kWorkBetweenCycles;
  plan_.reset();
  standings_.clear();
}

int64_t Planner::AtMost(int64_t wanted) const { return std::clamp<int64_t>(left_, 0, wanted); }

Lifetimes Planner::KnownLifetimes() const {
  return Lifetimes(
      [&foresight = loop_.foresight()](uint64_t key) { return foresight.PastOf(key); });
}

const Plan& Planner::Current() {
  if (!plan_) {
    const ControlLoop::Present present = loop_.LookNow();
    Lifetimes lifetimes = KnownLifetimes();
    plan_ = MakePlan(present.snapshot, present.waiting, DecideOn(present), loop_.policy(),
                     lifetimes, AtMost(kPlanBudget));
    left_ -= plan_->cost;
  }
  return *plan_;
}

Decisions Planner::DecideOn(const ControlLoop::Present& present) {
  left_ -= CostOfDecide(present.snapshot, present.waiting.size());
  return Decide(present.snapshot, present.waiting, loop_.policy());
}

Planner::Standing Planner::Examine(const ControlLoop::Present& present, const Decisions& decisions,
                                   const Plan& plan, JobId job) {
  Standing standing;
  if (const PlannedJob* planned = plan.Find(job)) standing.planned = *planned;
  const Policy& policy = loop_.policy();
  standing.needs = NeedsOf(present.snapshot, present.waiting, decisions, policy, job);
  standing.changes = WhatWouldStart(present.snapshot, present.waiting, decisions, policy, job,
                                    AtMost(kSearchBudget));
  left_ -= standing.changes.cost;
  return standing;
}

const Planner::Standing& Planner::StandingOf(JobId job) {
  const auto known = standings_.find(job);
  if (known != standings_.end()) return known->second;
  const Plan& plan = Current();
  Standing& standing = standings_[job];
  standing.changes.searched_all = left_ > 0;
  if (left_ <= 0) {
    if (const PlannedJob* planned = plan.Find(job)) standing.planned = *planned;
    return standing;
  }
  const ControlLoop::Present present = loop_.LookNow();
  standing = Examine(present, DecideOn(present), plan, job);
  return standing;
}

ExpectedEnd Planner::EndOf(JobId running) {
  const Snapshot& snapshot = loop_.last().snapshot;
  const auto job = std::ranges::find(snapshot.running, running, &RunningJob::id);
  if (job == snapshot.running.end()) return {};
  Lifetimes lifetimes = KnownLifetimes();
  return ExpectedEndOf(*job, snapshot.now, lifetimes);
}

std::optional<Planner::Trial> Planner::Try(const WaitingJob& job) {
  if (left_ <= 0) return std::nullopt;
  ControlLoop::Present present = loop_.LookNow();
  std::vector<WaitingJob> with(present.waiting.begin(), present.waiting.end());
  with.push_back(job);
  present.waiting = with;
  Trial trial;
  const Decisions decisions = DecideOn(present);
  for (const Decision& decision : decisions.jobs) {
    if (decision.verdict == Verdict::kWait) ++trial.position;
    trial.decision = decision;
    if (decision.job == job.id) break;
  }
  if (trial.decision.verdict != Verdict::kWait) ++trial.position;
  Lifetimes lifetimes = KnownLifetimes();
  const Plan plan =
      MakePlan(present.snapshot, with, decisions, loop_.policy(), lifetimes, AtMost(kPlanBudget));
  left_ -= plan.cost;
  trial.standing = Examine(present, decisions, plan, job.id);
  return trial;
}

}  // namespace headroom
