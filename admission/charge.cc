#include "admission/charge.h"

#include <algorithm>

#include "admission/forecast.h"
#include "admission/outer_loop.h"
#include "admission/peak_line.h"
#include "admission/windows.h"

namespace headroom {
namespace {

int64_t ExpectedUse(int64_t request, std::optional<int64_t> observed, double weight,
                    double margin) {
  if (!observed) return request;
  return std::max(Scale(*observed, 1 + margin * (1 - weight)), Scale(request, weight));
}

int64_t PeakUse(int64_t request, std::optional<int64_t> observed) {
  return std::max(request, observed.value_or(0));
}

// How far ahead the expected line looks, in durations of an average job. What is between a tenth
// and three of them does the same.
constexpr double kHorizon = 0.3;

void SetExpected(const Forecast& forecast, const Snapshot& snapshot, ResourceVector& charge) {
  const auto ahead = static_cast<double>(snapshot.mean_duration.value_or(Duration{}).count());
  const Use mean = forecast.MeanUntil(Duration(static_cast<int64_t>(kHorizon * ahead)));
  charge.memory_bytes = static_cast<int64_t>(mean.memory_bytes);
  charge.cpu_millis = static_cast<int64_t>(mean.cpu_millis);
}

int64_t TrimOf(const Trim& trim, const ResourceVector& capacity) {
  return static_cast<int64_t>(trim.share * static_cast<double>(capacity.memory_bytes));
}

// Where a line lies: a share of what is measured, all of the tokens.
ResourceVector LineAt(const Shares& shares, const ResourceVector& capacity) {
  return {Scale(capacity.memory_bytes, shares.memory), Scale(capacity.cpu_millis, shares.cpu),
          Scale(capacity.pids, shares.pids), capacity.tokens};
}

ResourceVector CapacityForJobs(const HostView& host, const Policy& policy) {
  const auto less = [](int64_t amount, int64_t reserve) {
    return std::max<int64_t>(0, amount - reserve);
  };
  return {less(host.capacity.memory_bytes, policy.reserve_memory_bytes),
          less(host.capacity.cpu_millis, policy.reserve_cpu_millis), host.capacity.pids,
          policy.tokens};
}

}  // namespace

double RequestWeight(Duration age, Duration warm_up) {
  if (age < warm_up) return 1;
  if (age - warm_up >= warm_up) return 0;
  return 1 - static_cast<double>((age - warm_up).count()) / static_cast<double>(warm_up.count());
}

ResourceVector ExpectedCharge(const RunningJob& job, const Snapshot& snapshot,
                              const Policy& policy) {
  const double weight = RequestWeight(snapshot.now - job.admitted_at, policy.warm_up);
  const auto expected = [&](int64_t request, std::optional<int64_t> observed) {
    return ExpectedUse(request, observed, weight, policy.margin);
  };
  ResourceVector charge{expected(job.request.memory_bytes, job.observed.memory_bytes),
                        expected(job.request.cpu_millis, job.observed.cpu_millis),
                        expected(job.request.pids, job.observed.pids), job.request.tokens};
  if (job.forecast != nullptr) SetExpected(*job.forecast, snapshot, charge);
  return charge;
}

ResourceVector ExpectedCharge(const WaitingJob& job, const Snapshot& snapshot) {
  ResourceVector charge = job.request;
  if (job.outlook != nullptr) SetExpected(job.outlook->forecast, snapshot, charge);
  return charge;
}

ResourceVector PeakCharge(const RunningJob& job) {
  ResourceVector charge{PeakUse(job.request.memory_bytes, job.observed.memory_bytes),
                        PeakUse(job.request.cpu_millis, job.observed.cpu_millis),
                        PeakUse(job.request.pids, job.observed.pids), job.request.tokens};
  if (job.forecast == nullptr) return charge;
  PeakLine alone;
  alone.Add(job);
  return alone.Charge();
}

Account MakeAccount(const Snapshot& snapshot, const Policy& policy) {
  Account account;
  account.capacity = CapacityForJobs(*snapshot.host, policy);
  account.unmanaged = snapshot.host->unmanaged;
  PeakLine peak;
  for (const RunningJob& job : snapshot.running) {
    account.expected_charge += ExpectedCharge(job, snapshot, policy);
    peak.Add(job);
  }
  account.peak_charge = peak.Charge();
  account.expected_free = LineAt(EffectiveTarget(snapshot, policy), account.capacity);
  account.expected_free.memory_bytes += TrimOf(snapshot.trim, account.capacity);
  account.expected_free -= account.unmanaged;
  account.expected_free -= account.expected_charge;
  account.peak_free = LineAt(policy.ceiling, account.capacity);
  account.peak_free -= account.unmanaged;
  account.peak_free -= account.peak_charge;
  return account;
}

}  // namespace headroom
