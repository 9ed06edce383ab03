#include "admission/lifetime.h"

#include <algorithm>
#include <cmath>

namespace headroom {
namespace {

constexpr int64_t kWorthMoreThanDeclared = 3;

// Beyond this the tail is cut: one future that lasts for ever would say nothing about the others.
constexpr double kLongestTail = 32;

Duration Stretched(Duration base, double factor) {
  const double most = static_cast<double>(Duration::max().count()) / 4;
  const double stretched = static_cast<double>(base.count()) * factor;
  return Duration(static_cast<int64_t>(std::min(stretched, most)));
}

// Among those that last longer than `base`: P(T > t) = (base / t)².
Duration InTail(double share, Duration base) {
  const double factor = 1 / std::sqrt(std::max(1 - share, 1e-9));
  const Duration at_least = base + std::chrono::seconds(1);
  return std::max(at_least, Stretched(base, std::min(factor, kLongestTail)));
}

}  // namespace

std::string_view ToString(LifetimeSource source) {
  switch (source) {
    case LifetimeSource::kHistory:
      return "history";
    case LifetimeSource::kDeclared:
      return "declared";
    case LifetimeSource::kUnknown:
      return "unknown";
  }
  return "unknown";
}

Lifetime::Lifetime(Duration declared)
    : source_(LifetimeSource::kDeclared), steps_{{declared, 1.0}} {}

Lifetime::Lifetime(const KeyPast& past)
    : source_(LifetimeSource::kHistory), attempts_(std::ssize(past.attempts())) {
  // Between an end and the next look the weights are those of before.
  const bool weighed = past.weights().size() == past.attempts().size();
  steps_.reserve(past.attempts().size());
  for (std::size_t i = 0; i < past.attempts().size(); ++i)
    steps_.push_back({past.attempts()[i].duration, weighed ? past.weights()[i] : 1.0});
  std::ranges::sort(steps_, {}, &Step::duration);
  longer_ = weighed ? past.weight_of_longer() : 0;
}

std::optional<Duration> Lifetime::At(double share, Duration age) const {
  if (steps_.empty()) return std::nullopt;
  const auto first =
      std::upper_bound(steps_.begin(), steps_.end(), age,
                       [](Duration of, const Step& step) { return of < step.duration; });
  double within = 0;
  std::for_each(first, steps_.end(), [&](const Step& step) { within += step.weight; });
  if (within <= 0) return InTail(share, std::max(age, steps_.back().duration));
  const double sought = share * (within + longer_);
  double passed = 0;
  for (auto step = first; step != steps_.end(); ++step) {
    passed += step->weight;
    if (sought < passed) return step->duration;
  }
  if (longer_ <= 0) return steps_.back().duration;
  return InTail((sought - within) / longer_, steps_.back().duration);
}

const Lifetime& Lifetimes::Of(uint64_t key, std::optional<Duration> declared) {
  const Lifetime* of_key = nullptr;
  if (key != 0) {
    const auto [known, is_new] = by_key_.try_emplace(key);
    const KeyPast* past = is_new ? past_of_(key) : nullptr;
    if (past != nullptr && !past->attempts().empty()) known->second = Lifetime(*past);
    if (known->second.attempts() > 0) of_key = &known->second;
  }
  if (of_key != nullptr && (!declared || of_key->attempts() >= kWorthMoreThanDeclared))
    return *of_key;
  if (!declared) return unknown_;
  return declared_.try_emplace(declared->count(), *declared).first->second;
}

}  // namespace headroom
