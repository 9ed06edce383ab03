#include "admission/past.h"

#include <algorithm>
#include <numeric>

#include "admission/oom.h"

namespace headroom {

void KeyPast::Add(PastAttempt attempt) {
  ++finished_;
  is_weighed_idle_ = false;
  const auto after =
      std::ranges::upper_bound(attempts_, attempt.started, {}, &PastAttempt::started);
  const auto place = after - attempts_.begin();
  from_start_.insert(from_start_.begin() + place,
                     {attempt.growth.MeanAhead({}), attempt.growth.MostAhead({})});
  attempts_.insert(after, std::move(attempt));
  // As any other, until all are weighed again: whoever asks before that must find a weight for
  // each.
  weights_.insert(weights_.begin() + place, 1 / static_cast<double>(attempts_.size()));
  if (std::ssize(attempts_) > kAttemptsPerKey) {
    attempts_.erase(attempts_.begin());
    from_start_.erase(from_start_.begin());
    weights_.erase(weights_.begin());
  }
  SumUp();
}

void KeyPast::SumUp() {
  const auto n = static_cast<double>(attempts_.size());
  Use sum;
  double squares = 0;
  OomFloor floor;
  largest_peak_ = {};
  durations_ = {};
  for (const PastAttempt& attempt : attempts_) {
    sum.memory_bytes += attempt.peak.memory_bytes;
    sum.cpu_millis += attempt.peak.cpu_millis;
    squares += attempt.peak.memory_bytes * attempt.peak.memory_bytes;
    largest_peak_ = MaxOf(largest_peak_, attempt.peak);
    durations_ += attempt.duration;
    floor.Add(attempt.raised_memory_bytes);
  }
  mean_peak_ = {sum.memory_bytes / n, sum.cpu_millis / n};
  const double mean_squared = mean_peak_.memory_bytes * mean_peak_.memory_bytes;
  memory_floor_ = static_cast<double>(floor.bytes().value_or(0));
  variation_ = mean_squared > 0 ? std::max(0.0, squares / n / mean_squared - 1) : 0;
}

void KeyPast::Weigh(std::vector<Duration> ages) {
  if (ages.empty() && is_weighed_idle_) return;
  is_weighed_idle_ = ages.empty();
  std::vector<std::size_t> by_duration(attempts_.size());
  std::iota(by_duration.begin(), by_duration.end(), std::size_t{0});
  std::ranges::sort(by_duration, {}, [this](std::size_t i) { return attempts_[i].duration; });
  std::ranges::sort(ages);
  weights_.assign(attempts_.size(), 0);
  double survival = 1;
  std::size_t at_risk = attempts_.size() + ages.size(), censored = 0;
  for (const std::size_t i : by_duration) {
    for (; censored < ages.size() && ages[censored] < attempts_[i].duration; ++censored) --at_risk;
    weights_[i] = survival / static_cast<double>(at_risk--);
    survival -= weights_[i];
  }
  weight_of_longer_ = ages.empty() && !attempts_.empty() ? 0 : std::max(0.0, survival);
}

}  // namespace headroom
