#include "admission/shadow.h"

#include <algorithm>
#include <map>
#include <utility>

#include "admission/decide.h"

namespace headroom {

void Shadow::Look(const Snapshot& real, const std::vector<PressureReading>& pressure,
                  std::vector<OpenWindow> windows, std::span<const WaitingJob> waiting,
                  const Decisions& decided) {
  Snapshot seen = SeenBy(real, pressure);
  seen.windows = std::move(windows);
  last_ = Decide(seen, waiting, policy_);
  Compare(decided);
}

// What comes of decisions is the candidate's own, what was measured is everybody's.
Snapshot Shadow::SeenBy(const Snapshot& real, const std::vector<PressureReading>& pressure) {
  gate_ = NextGate(gate_, pressure, policy_.gate, policy_.gate_quiet, real.now);
  Snapshot seen = real;
  if (seen.host) seen.host->capacity.tokens = policy_.tokens;
  seen.gate = gate_;
  seen.resting = last_.resting;
  seen.trim = last_.trim;
  seen.past_use = last_.past_use;
  // Trouble is what really happened, and how far the candidate lets it lower the target its own.
  seen.target_factor =
      policy_.backoff_floor ? std::max(real.target_factor, *policy_.backoff_floor) : 1;
  return seen;
}

void Shadow::Compare(const Decisions& decided) {
  std::map<JobId, Verdict> really;
  for (const Decision& decision : decided.jobs) really[decision.job] = decision.verdict;
  std::set<JobId> would_have;
  would_start_ = 0;
  for (const Decision& decision : last_.jobs) {
    const auto found = really.find(decision.job);
    if (found == really.end()) continue;
    const bool before = would_have_.contains(decision.job);
    const bool now = decision.verdict == Verdict::kAdmit;
    if (found->second == Verdict::kAdmit)
      ++(before ? totals_.earlier : now ? totals_.alike : totals_.later);
    if (found->second != Verdict::kWait) continue;
    if (now) ++would_start_;
    if (now || before) would_have.insert(decision.job);
  }
  would_have_ = std::move(would_have);
}

}  // namespace headroom
