#include "daemon/local_service.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "admission/json/policy_json.h"
#include "admission/windows.h"
#include "base/units.h"
#include "daemon/event_detail.h"
#include "daemon/local_service_parts.h"
#include "daemon/policy_use.h"

namespace headroom {
namespace {

// How often starts are foretold to be scored: a plan is some tens of milliseconds of work (plan.h).
constexpr Duration kForetellEvery = std::chrono::seconds(10);

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

Result<StatusView> LocalService::GetStatus(const Caller&) {
  const ControlLoop::View& last = loop_.last();
  StatusView status;
  status.now = clock_.Now();
  if (last.snapshot.host) status.measurement_age = status.now - last.snapshot.host->measured_at;
  status.account = last.decisions.account;
  status.measurements = last.observation.measurements;
  status.gate = last.snapshot.gate;
  status.target_factor = last.snapshot.target_factor;
  status.windows = NextOfEach(last.snapshot.windows);
  status.relief = loop_.relief().in_force;
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
  if (const auto& shadow = loop_.shadow()) {
    status.shadow = {loop_.policy().shadow_policy.value_or(""), shadow->would_start(),
                     shadow->totals()};
  }
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

Result<std::vector<std::string>> LocalService::LogPaths(const Caller& caller, JobId id,
                                                        bool want_stderr) {
  const auto job = Known(caller, id);
  if (!job) return tl::unexpected(job.error());
  if (job->attempt == 0) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("job {}: has not started, so it has no output", id.value));
  }
  std::vector<std::string> paths;
  for (AttemptId attempt{job->id, 1}; attempt.number <= job->attempt; ++attempt.number) {
    paths.push_back(want_stderr ? StderrPath(options_.state_dir, attempt)
                                : StdoutPath(options_.state_dir, attempt));
  }
  return paths;
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
  UseShadow();
  hooks_.use_policy();
  spdlog::info("policy generation {} is in force", loop_.policy_generation());
  static_cast<void>(
      book_.Note("policy_reloaded", std::nullopt, PolicyDetail(loop_.policy_generation())));
  hooks_.commit_soon();
  hooks_.cycle_soon();
  return PolicyReload{options_.policy_path, {}};
}

void LocalService::UseShadow() {
  auto shadow = LoadShadow(loop_.policy(), options_.policy_path);
  if (auto* policy = std::get_if<std::optional<Policy>>(&shadow))
    return loop_.SetShadow(std::move(*policy));
  // It was there a moment ago: the policy would have been refused.
  for (const PolicyProblem& problem : std::get<std::vector<PolicyProblem>>(shadow))
    spdlog::error("no shadow policy is decided: {}", Located(problem));
  loop_.SetShadow(std::nullopt);
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
  report.shadow = loop_.shadow() ? &*loop_.shadow() : nullptr;
  report.store = book_.store().statistics();
  report.armed_triggers = loop_.triggers() == nullptr ? 0 : loop_.triggers()->armed();
  metrics_.Publish(report);
  for (const auto& answer : std::exchange(after_cycle_, {})) answer();
}

}  // namespace headroom
