#include "admission/shadow.h"

#include <map>
#include <utility>

#include "admission/decide.h"

namespace headroom {

void Shadow::Look(const RealCycle& real) {
  const Snapshot seen = SeenBy(real);
  last_ = Decide(seen, real.waiting, policy_);
  const OuterSignals signals{real.trouble, gate_.position == GatePosition::kOpen,
                             TargetUseOf(last_)};
  outer_ = NextOuterLoop(outer_, signals, policy_, seen.now);
  Compare(real.decisions);
}

// What comes of decisions is the candidate's own, what was measured is everybody's.
Snapshot Shadow::SeenBy(const RealCycle& real) {
  Snapshot seen = real.snapshot;
  gate_ = NextGate(gate_, real.pressure, policy_.gate, policy_.gate_quiet, seen.now);
  if (seen.host) seen.host->capacity.tokens = policy_.tokens;
  seen.gate = gate_;
  seen.resting = last_.resting;
  seen.trim = last_.trim;
  seen.past_use = last_.past_use;
  seen.target_factor = outer_.factor;
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
