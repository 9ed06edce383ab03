#include "daemon/eta_score.h"

namespace headroom {
namespace {

// Ends and starts are foretold to the second, and starts come with the next cycle.
constexpr Duration kSlack = std::chrono::seconds(2);

EtaFell FellWhere(TimePoint p50, const std::optional<TimePoint>& p90, TimePoint start) {
  if (start + kSlack < p50) return EtaFell::kEarly;
  return p90 && start > *p90 + kSlack ? EtaFell::kLate : EtaFell::kInside;
}

}  // namespace

const char* ToString(EtaFell fell) {
  switch (fell) {
    case EtaFell::kEarly:
      return "early";
    case EtaFell::kInside:
      return "inside";
    case EtaFell::kLate:
      return "late";
  }
  return "inside";
}

void EtaScore::Remember(const Plan& plan) {
  for (const PlannedJob& job : plan.jobs) {
    if (job.foretold != Foretold::kExpected) continue;
    Band band{plan.now + *job.p50, {}};
    if (job.p90) band.p90 = plan.now + *job.p90;
    foretold_.try_emplace(job.now.job, band);
  }
}

std::vector<ScoredEta> EtaScore::Started(const Decisions& decisions, TimePoint now) {
  std::vector<ScoredEta> scored;
  for (const Decision& decision : decisions.jobs) {
    if (decision.verdict != Verdict::kAdmit) continue;
    const auto found = foretold_.find(decision.job);
    if (found == foretold_.end()) continue;
    const Band& band = found->second;
    scored.push_back({now - band.p50, FellWhere(band.p50, band.p90, now)});
    foretold_.erase(found);
  }
  return scored;
}

}  // namespace headroom
