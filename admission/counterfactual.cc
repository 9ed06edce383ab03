#include "admission/counterfactual.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "admission/decide.h"
#include "admission/forecast.h"
#include "admission/peak_line.h"
#include "admission/rest.h"

namespace headroom {
namespace {

constexpr int64_t kLeastMemory = 1 << 20;  // nobody asks for less
constexpr int64_t kMostPriority = 1000;
constexpr Duration kLongest = std::chrono::hours(24 * 30);
// Of running jobs so many are tried alone, and at most so many are taken together.
constexpr std::size_t kTriedAlone = 32, kMostTogether = 16;
// Up to this length the whole queue is decided in each trial.
constexpr std::size_t kTriedWhole = 1000;

WaitingJob* Find(std::vector<WaitingJob>& waiting, JobId job) {
  const auto found = std::ranges::find(waiting, job, &WaitingJob::id);
  return found == waiting.end() ? nullptr : &*found;
}

void SetAmount(ResourceVector& request, const Axis& axis, int64_t amount) {
  switch (axis.dimension) {
    case Dimension::kMemory:
      request.memory_bytes = amount;
      return;
    case Dimension::kCpu:
      request.cpu_millis = amount;
      return;
    case Dimension::kPids:
      request.pids = amount;
      return;
    case Dimension::kToken:
      return;
  }
}

void AskFor(WaitingJob& job, const Change& change) {
  SetAmount(job.request, change.axis, change.amount);
  if (change.axis.dimension == Dimension::kMemory) job.outlook = nullptr;
}

void Free(Snapshot& snapshot, const Change& change) {
  ResourceVector freed;
  freed.tokens = {{change.axis.token, change.amount}};
  for (RunningJob& job : snapshot.running) {
    if (std::ranges::find(change.jobs, job.id) == change.jobs.end()) continue;
    job.request -= freed;
    std::erase_if(job.request.tokens, [](const TokenAmount& token) { return token.count <= 0; });
  }
}

const Decision* DecisionOf(const Decisions& decisions, JobId job) {
  const auto found = std::ranges::find(decisions.jobs, job, &Decision::job);
  return found == decisions.jobs.end() ? nullptr : &*found;
}

// The jobs up to `job` in queue order.
std::vector<WaitingJob> UpTo(JobId job, const Decisions& decisions,
                             std::span<const WaitingJob> waiting) {
  std::unordered_map<int64_t, const WaitingJob*> by_id;
  by_id.reserve(waiting.size());
  for (const WaitingJob& one : waiting) by_id[one.id.value] = &one;
  std::vector<WaitingJob> front;
  for (const Decision& decision : decisions.jobs) {
    front.push_back(*by_id.at(decision.job.value));
    if (decision.job == job) break;
  }
  return front;
}

bool Admits(const Situation& situation, const Policy& policy, JobId job) {
  const Decisions decisions = Decide(situation.snapshot, situation.waiting, policy);
  const Decision* decision = DecisionOf(decisions, job);
  return decision != nullptr && decision->verdict == Verdict::kAdmit;
}

// The changes that are looked for, one after the other, until the budget is used up.
class Search {
 public:
  Search(Situation situation, const Policy& policy, const Decision& decision, int64_t budget)
      : situation_(std::move(situation)), policy_(policy), now_(decision), budget_(budget) {
    cost_ = CostOfDecide(situation_.snapshot, situation_.waiting.size());
  }

  Counterfactuals Run() {
    // A window opens whatever ends or is asked for.
    if (now_.reason == Reason::kDrainWindow) {
      LookForDuration();
      return std::move(found_);
    }
    LookForEnds();
    LookForToken();
    LookForPriority();
    LookForRequest({Dimension::kMemory, {}});
    if (now_.axis && now_.axis->dimension != Dimension::kMemory) LookForRequest(*now_.axis);
    if (now_.reason == Reason::kBehindHead) LookForDuration();
    return std::move(found_);
  }

 private:
  const WaitingJob& job() const {
    return *std::ranges::find(situation_.waiting, now_.job, &WaitingJob::id);
  }

  bool Starts(const Change& change) {
    if (found_.cost + cost_ > budget_) found_.searched_all = false;
    if (!found_.searched_all) return false;
    found_.cost += cost_;
    return Admits(After(situation_, now_.job, change), policy_, now_.job);
  }

  // The largest amount in [least, most) that starts it; `guess` may be far off. Absent: not even
  // the least does, or the budget ended.
  template <class Make>
  std::optional<int64_t> Largest(int64_t least, int64_t most, int64_t guess, Make make) {
    if (least >= most || !Starts(make(least))) return std::nullopt;
    int64_t starts = least, waits = most;
    for (const int64_t tried : {guess, guess + 1}) {
      if (tried <= starts || tried >= waits) continue;
      (Starts(make(tried)) ? starts : waits) = tried;
    }
    while (waits - starts > 1) {
      const int64_t middle = starts + (waits - starts) / 2;
      (Starts(make(middle)) ? starts : waits) = middle;
    }
    // Where the budget ended, what seemed to wait was not tried.
    return found_.searched_all ? std::optional(starts) : std::nullopt;
  }

  void LookForRequest(const Axis& axis) {
    if (axis.dimension == Dimension::kToken) return;
    const int64_t asked = Amount(job().request, axis);
    const bool undeclared = axis.dimension == Dimension::kMemory && job().outlook != nullptr;
    const int64_t most = undeclared && situation_.snapshot.host
                             ? situation_.snapshot.host->capacity.memory_bytes + 1
                             : asked;
    const int64_t least = axis.dimension == Dimension::kMemory ? kLeastMemory : 1;
    const auto ask_for = [&](int64_t amount) {
      return Change{ChangeKind::kRequest, axis, amount, {}, {}};
    };
    const int64_t guess = now_.axis == axis ? now_.available : asked;
    if (const auto amount = Largest(least, most, guess, ask_for))
      found_.changes.push_back(ask_for(*amount));
  }

  void LookForDuration() {
    constexpr Duration kSecond = std::chrono::seconds(1);
    const auto takes = [&](int64_t seconds) {
      return Change{ChangeKind::kDuration, {}, 0, seconds * kSecond, {}};
    };
    const Duration longest = job().duration.value_or(kLongest);
    const int64_t guess =
        now_.reason == Reason::kDrainWindow ? now_.available : longest / kSecond / 2;
    if (const auto seconds = Largest(1, longest / kSecond, guess, takes))
      found_.changes.push_back(takes(*seconds));
  }

  // Only where it goes before somebody can a priority make a difference.
  void LookForPriority() {
    std::vector<int64_t> tried;
    for (const WaitingJob& ahead : situation_.waiting) {
      if (ahead.id == now_.job) continue;
      for (const int64_t priority : {int64_t{ahead.priority}, int64_t{ahead.priority} + 1}) {
        if (priority > job().priority && priority <= kMostPriority) tried.push_back(priority);
      }
    }
    std::ranges::sort(tried);
    tried.erase(std::unique(tried.begin(), tried.end()), tried.end());
    const auto at = [&](std::size_t i) {
      return Change{ChangeKind::kPriority, {}, tried[i], {}, {}};
    };
    if (tried.empty() || !Starts(at(tried.size() - 1))) return;
    std::size_t waits_below = 0, starts = tried.size() - 1;
    while (waits_below < starts) {
      const std::size_t middle = (waits_below + starts) / 2;
      if (Starts(at(middle)))
        starts = middle;
      else
        waits_below = middle + 1;
    }
    if (found_.searched_all) found_.changes.push_back(at(starts));
  }

  // Running jobs, those that hold most of what is short last; of a new key its own.
  std::vector<JobId> Holders() const {
    std::vector<std::pair<int64_t, JobId>> holders;
    for (const RunningJob& running : situation_.snapshot.running) {
      int64_t held = 1;
      if (now_.reason == Reason::kNewKey) held = running.key == job().key ? 1 : 0;
      if (now_.axis) {
        held = now_.reason == Reason::kOverCeiling
                   ? Amount(PeakCharge(running), *now_.axis)
                   : Amount(ExpectedCharge(running, situation_.snapshot, policy_), *now_.axis);
      }
      if (held > 0) holders.emplace_back(held, running.id);
    }
    std::ranges::sort(holders);
    std::vector<JobId> ids;
    ids.reserve(holders.size());
    for (const auto& [held, id] : holders) ids.push_back(id);
    return ids;
  }

  static Change Ending(std::vector<JobId> jobs) {
    return Change{ChangeKind::kEnd, {}, 0, {}, std::move(jobs)};
  }

  void LookForEnds() {
    std::vector<JobId> holders = Holders();
    const std::size_t alone = std::min(holders.size(), kTriedAlone);
    const auto first = holders.end() - static_cast<std::ptrdiff_t>(alone);
    for (auto holder = first; holder != holders.end(); ++holder) {
      if (!Starts(Ending({*holder}))) continue;
      return found_.changes.push_back(Ending({*holder}));
    }
    std::ranges::reverse(holders);
    LookForEndsOf(holders);
  }

  // The largest together, as many as it takes; then without those that are not needed.
  void LookForEndsOf(const std::vector<JobId>& largest_first) {
    std::vector<JobId> together;
    bool starts = false;
    for (const JobId holder : largest_first) {
      if (together.size() == kMostTogether) return;
      together.push_back(holder);
      if (together.size() > 1 && (starts = Starts(Ending(together)))) break;
    }
    if (!starts) return;
    // From the first again after each: an end less may also take room from those ahead.
    for (std::size_t i = 0; i < together.size();) {
      std::vector<JobId> fewer = together;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      const bool spared = Starts(Ending(fewer));
      if (spared) together = std::move(fewer);
      i = spared ? 0 : i + 1;
    }
    found_.changes.push_back(Ending(std::move(together)));
  }

  void LookForToken() {
    if (!now_.axis || now_.axis->dimension != Dimension::kToken) return;
    const int64_t missing = now_.needed - now_.available;
    for (const JobId holder : Holders()) {
      const auto running = std::ranges::find(situation_.snapshot.running, holder, &RunningJob::id);
      if (Amount(running->request, *now_.axis) < missing) continue;
      const Change freed{ChangeKind::kToken, *now_.axis, missing, {}, {holder}};
      if (Starts(freed)) return found_.changes.push_back(freed);
    }
  }

  const Situation situation_;
  const Policy& policy_;
  const Decision now_;
  const int64_t budget_;
  int64_t cost_ = 0;  // of one trial
  Counterfactuals found_;
};

// What is left when a job's turn comes.
struct Turn {
  ResourceVector expected_free, peak_free;
  PeakLine peak;  // of all that runs or starts before it
};

// `front` is in the order of the decisions, and its last job is the one whose turn it is.
Turn TurnOf(const Snapshot& snapshot, std::span<const WaitingJob> front,
            const Decisions& decisions) {
  Turn turn{decisions.account->expected_free, decisions.account->peak_free, {}};
  for (const RunningJob& running : snapshot.running) turn.peak.Add(running);
  for (std::size_t i = 0; i + 1 < front.size(); ++i) {
    if (decisions.jobs[i].verdict != Verdict::kAdmit) continue;
    turn.expected_free -= ExpectedCharge(front[i], snapshot);
    turn.peak_free -= turn.peak.RaisedBy(front[i]);
    turn.peak.Add(front[i]);
  }
  return turn;
}

}  // namespace

std::string_view ToString(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kRequest:
      return "request";
    case ChangeKind::kDuration:
      return "duration";
    case ChangeKind::kPriority:
      return "priority";
    case ChangeKind::kEnd:
      return "end";
    case ChangeKind::kToken:
      return "token";
  }
  return "end";
}

std::string_view ToString(Need::Line line) {
  switch (line) {
    case Need::Line::kTarget:
      return "target";
    case Need::Line::kCeiling:
      return "ceiling";
    case Need::Line::kCount:
      return "count";
  }
  return "target";
}

Situation After(Situation before, JobId job, const Change& change) {
  WaitingJob* waiting = Find(before.waiting, job);
  switch (change.kind) {
    case ChangeKind::kRequest:
      if (waiting != nullptr) AskFor(*waiting, change);
      break;
    case ChangeKind::kDuration:
      if (waiting != nullptr) waiting->duration = change.duration;
      break;
    case ChangeKind::kPriority:
      if (waiting != nullptr) waiting->priority = static_cast<int32_t>(change.amount);
      break;
    case ChangeKind::kEnd:
      std::erase_if(before.snapshot.running, [&](const RunningJob& running) {
        return std::ranges::find(change.jobs, running.id) != change.jobs.end();
      });
      break;
    case ChangeKind::kToken:
      Free(before.snapshot, change);
      break;
  }
  return before;
}

Counterfactuals WhatWouldStart(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
                               const Decisions& decisions, const Policy& policy, JobId job,
                               int64_t budget) {
  const Decision* decision = DecisionOf(decisions, job);
  if (decision == nullptr || decision->verdict != Verdict::kWait) return {};
  // In a long queue it is searched among those ahead, and what is found is tried on all.
  const bool is_long = waiting.size() > kTriedWhole;
  Situation tried{snapshot, is_long ? UpTo(job, decisions, waiting)
                                    : std::vector(waiting.begin(), waiting.end())};
  Counterfactuals found = Search(std::move(tried), policy, *decision, budget).Run();
  if (!is_long) return found;
  const Situation whole{snapshot, {waiting.begin(), waiting.end()}};
  const int64_t cost = CostOfDecide(snapshot, waiting.size());
  std::erase_if(found.changes, [&](const Change& change) {
    if (found.cost + cost > budget) found.searched_all = false;
    if (!found.searched_all) return true;
    found.cost += cost;
    return !Admits(After(whole, job, change), policy, job);
  });
  return found;
}

std::vector<Need> NeedsOf(const Snapshot& snapshot, std::span<const WaitingJob> waiting,
                          const Decisions& decisions, const Policy& policy, JobId job) {
  const Decision* decision = DecisionOf(decisions, job);
  if (!decisions.account || decision == nullptr) return {};
  const std::vector<WaitingJob> front = UpTo(job, decisions, waiting);
  const Turn turn = TurnOf(snapshot, front, decisions);
  const ResourceVector expected = ExpectedCharge(front.back(), snapshot);
  const ResourceVector peak = turn.peak.RaisedBy(front.back());
  const RestRule rest(snapshot, policy, decisions.account->capacity, turn.expected_free);
  const ResourceVector below_resume = rest.BelowResume(turn.expected_free);
  std::vector<Need> needs;
  for (const Dimension dimension : {Dimension::kMemory, Dimension::kCpu, Dimension::kPids}) {
    const Axis axis{dimension, {}};
    const bool rests = decision->reason == Reason::kResting && decision->axis == axis;
    needs.push_back({axis, Need::Line::kTarget, Amount(expected, axis),
                     Amount(rests ? below_resume : turn.expected_free, axis)});
    needs.push_back({axis, Need::Line::kCeiling, Amount(peak, axis), Amount(turn.peak_free, axis)});
  }
  for (const TokenAmount& token : front.back().request.tokens) {
    const Axis axis{Dimension::kToken, token.name};
    needs.push_back({axis, Need::Line::kCount, token.count, Amount(turn.expected_free, axis)});
  }
  return needs;
}

}  // namespace headroom
