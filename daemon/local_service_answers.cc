#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/units.h"
#include "daemon/local_service.h"
#include "daemon/local_service_parts.h"

// What is said about jobs and keys. Nothing here changes anything.
namespace headroom {
namespace {

constexpr std::size_t kHoldersShown = 5;
constexpr std::size_t kAheadShown = 10;

// The key's next job, should it declare what the last one did.
JobRecord NextOf(const KeyView& view) {
  JobRecord next;
  next.submission.key = view.key;
  next.submission.tenant = view.tenant;
  next.submission.request.memory_bytes = view.asked.memory_bytes;
  next.submission.request.cpu_millis = view.asked.cpu_millis;
  next.submission.memory_max_bytes = view.asked.memory_limit_bytes;
  return next;
}

}  // namespace

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
  if (views->size() > kKeysShown) views->erase(views->begin() + kKeysShown + 1, views->end());
  for (KeyView& view : *views) {
    view.next = book_.Resolve(NextOf(view), loop_.policy(), loop_.capacity(), loop_.foresight());
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

Result<DecisionPiece> LocalService::ReadDecisions(const Caller& caller,
                                                  std::variant<int64_t, WallTime> from,
                                                  std::size_t limit) {
  if (!caller.admin)
    return Fail(ErrorCode::kDenied, "only administrators may read what was decided of all jobs");
  DecisionPiece piece;
  if (const auto* at = std::get_if<WallTime>(&from)) {
    const auto begins = book_.store().FindDecisions(*at);
    if (!begins) return tl::unexpected(Unavailable(begins.error()));
    if (!*begins) return Fail(ErrorCode::kNotFound, "nothing was decided yet that is kept");
    piece.offset = **begins;
  } else {
    piece.offset = std::get<int64_t>(from);
  }
  auto bytes = book_.store().ReadDecisions(piece.offset, limit);
  if (!bytes) {
    const bool is_gone = bytes.error().code == ErrorCode::kNotFound;
    return tl::unexpected(is_gone ? bytes.error() : Unavailable(bytes.error()));
  }
  piece.complete = bytes->size() < limit;
  piece.bytes = *std::move(bytes);
  return piece;
}

}  // namespace headroom
