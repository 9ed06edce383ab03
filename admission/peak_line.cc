#include "admission/peak_line.h"

#include <algorithm>
#include <cmath>

namespace headroom {
namespace {

using Totals = std::array<double, kFutures>;

// The largest but those that are risked.
int64_t LargestBut(std::size_t risked, Totals& totals) {
  const auto nth = totals.begin() + static_cast<std::ptrdiff_t>(risked);
  std::nth_element(totals.begin(), nth, totals.end(), std::greater<>());
  return static_cast<int64_t>(std::ceil(*nth));
}

double MostOf(const std::array<double, kIntervals>& sum,
              const std::array<float, kIntervals>* added) {
  double most = 0;
  for (std::size_t i = 0; i < kIntervals; ++i)
    most = std::max(most, sum[i] + (added == nullptr ? 0.0 : static_cast<double>((*added)[i])));
  return most;
}

int64_t Larger(int64_t request, const std::optional<int64_t>& observed) {
  return std::max(request, observed.value_or(0));
}

}  // namespace

void PeakLine::Add(const RunningJob& job) {
  Add(job.forecast, {Larger(job.request.memory_bytes, job.observed.memory_bytes),
                     Larger(job.request.cpu_millis, job.observed.cpu_millis),
                     Larger(job.request.pids, job.observed.pids), job.request.tokens});
}

void PeakLine::Add(const WaitingJob& job) {
  Add(job.outlook == nullptr ? nullptr : &job.outlook->forecast, job.request);
}

void PeakLine::Add(const Forecast* forecast, const ResourceVector& constant) {
  ResourceVector counted = constant;
  if (forecast != nullptr) {
    counted.memory_bytes = counted.cpu_millis = 0;
    if (!sums_) sums_ = std::make_unique<Sums>();
    for (std::size_t q = 0; q < kFutures; ++q) {
      for (std::size_t i = 0; i < kIntervals; ++i) {
        sums_->memory_bytes[q][i] += static_cast<double>(forecast->futures[q].memory_bytes[i]);
        sums_->cpu_millis[q][i] += static_cast<double>(forecast->futures[q].cpu_millis[i]);
      }
    }
    most_.reset();
  }
  constant_ += counted;
}

PeakLine::Most PeakLine::MostWith(const Forecast* added) const {
  static const Sums kNothing;
  const Sums& sums = sums_ ? *sums_ : kNothing;
  Totals memory, cpu;
  for (std::size_t q = 0; q < kFutures; ++q) {
    memory[q] =
        MostOf(sums.memory_bytes[q], added == nullptr ? nullptr : &added->futures[q].memory_bytes);
    cpu[q] = MostOf(sums.cpu_millis[q], added == nullptr ? nullptr : &added->futures[q].cpu_millis);
  }
  return {LargestBut(kRisked, memory), LargestBut(kRisked, cpu)};
}

const PeakLine::Most& PeakLine::Current() const {
  if (!most_) most_ = sums_ ? MostWith(nullptr) : Most{};
  return *most_;
}

ResourceVector PeakLine::Charge() const {
  ResourceVector charge = constant_;
  charge.memory_bytes += Current().memory_bytes;
  charge.cpu_millis += Current().cpu_millis;
  return charge;
}

ResourceVector PeakLine::RaisedBy(const WaitingJob& job) const {
  ResourceVector raised = job.request;
  if (job.outlook == nullptr) return raised;
  const Most with = MostWith(&job.outlook->forecast), without = Current();
  raised.memory_bytes = with.memory_bytes - without.memory_bytes;
  raised.cpu_millis = with.cpu_millis - without.cpu_millis;
  return raised;
}

}  // namespace headroom
