#include "admission/decision.h"

#include <algorithm>

namespace headroom {
namespace {

template <class AmountOf>
std::vector<Holder> LargestFirst(const Snapshot& snapshot, std::size_t at_most,
                                 AmountOf amount_of) {
  std::vector<Holder> holders;
  for (const RunningJob& job : snapshot.running) {
    const int64_t amount = amount_of(job);
    if (amount > 0) holders.push_back({job.id, amount});
  }
  const auto holds_more = [](const Holder& a, const Holder& b) {
    return a.amount != b.amount ? a.amount > b.amount : a.job < b.job;
  };
  const std::size_t kept = std::min(at_most, holders.size());
  std::ranges::partial_sort(holders, holders.begin() + static_cast<std::ptrdiff_t>(kept),
                            holds_more);
  holders.resize(kept);
  return holders;
}

}  // namespace

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAdmit:
      return "admit";
    case Verdict::kWait:
      return "wait";
    case Verdict::kReject:
      return "reject";
  }
  return "wait";
}

std::string_view ToString(Reason reason) {
  switch (reason) {
    case Reason::kFits:
      return "fits";
    case Reason::kIdleHost:
      return "idle_host";
    case Reason::kNoLimit:
      return "no_limit";
    case Reason::kNeverFits:
      return "never_fits";
    case Reason::kNoMeasurement:
      return "no_measurement";
    case Reason::kStale:
      return "stale";
    case Reason::kGateClosed:
      return "gate_closed";
    case Reason::kGateClosing:
      return "gate_closing";
    case Reason::kMaxJobs:
      return "max_jobs";
    case Reason::kResting:
      return "resting";
    case Reason::kOverTarget:
      return "over_target";
    case Reason::kOverCeiling:
      return "over_ceiling";
    case Reason::kNewKey:
      return "new_key";
    case Reason::kBehindHead:
      return "behind_head";
    case Reason::kAlone:
      return "alone";
    case Reason::kTenantLimit:
      return "tenant_limit";
    case Reason::kBeyondQuota:
      return "beyond_quota";
    case Reason::kDrainWindow:
      return "drain_window";
  }
  return "no_measurement";
}

std::vector<Holder> TopHolders(const Snapshot& snapshot, const Policy& policy, const Axis& axis,
                               std::size_t at_most) {
  return LargestFirst(snapshot, at_most, [&](const RunningJob& job) {
    return Amount(ExpectedCharge(job, snapshot, policy), axis);
  });
}

std::vector<Holder> TopPeakHolders(const Snapshot& snapshot, const Axis& axis,
                                   std::size_t at_most) {
  return LargestFirst(snapshot, at_most,
                      [&](const RunningJob& job) { return Amount(PeakCharge(job), axis); });
}

}  // namespace headroom
