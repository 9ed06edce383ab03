#include "admission/forecast.h"

#include <algorithm>
#include <cmath>

#include "admission/draw.h"

namespace headroom {
namespace {

// How far, in logarithms, an attempt may have been from what is observed at the same age and still
// count; and how much one counts that was anywhere else.
constexpr double kAlike = 0.35, kUnlike = 0.01;
// Of its peak a job of which nothing is known uses this much on average, and its peak is at least
// this much more than it shows.
constexpr double kMeanOfPeak = 0.7, kAtLeastMore = 1.2;
// A running job is less likely to be longer than all before than one that is not started.
constexpr double kLongerWhileRunning = 0.3;
// How the error of a prior divides between what is common to a key and its single jobs.
constexpr double kCommonToKey = 0.9, kOwnOfJob = 0.43;
constexpr double kSpreadOfJob = 0.03;
constexpr int64_t kEnoughForABound = 8;
constexpr double kAboveLargest = 1.1;

// Streams of draws, so that none is used twice.
enum Stream : uint64_t { kNormals = 0, kFromPrior = 1 << 10, kWhich = 1 << 11 };

// The attempts that this job may turn out like.
struct Analogs {
  std::vector<std::size_t> attempts;  // by their place in the key's past
  std::vector<double> weights;
  double sum = 0, squares = 0;

  void Add(std::size_t attempt, double weight) {
    attempts.push_back(attempt);
    weights.push_back(weight);
    sum += weight;
    squares += weight * weight;
  }
  double EffectiveNumber() const { return sum * sum / squares; }
};

Analogs FindAnalogs(const Shown& shown, const KeyPast& past, const Prior& prior) {
  const bool runs = shown.age > Duration{};
  const double floor = 0.02 * prior.mean.memory_bytes;
  Analogs analogs;
  for (std::size_t i = 0; i < past.attempts().size(); ++i) {
    const PastAttempt& attempt = past.attempts()[i];
    if (attempt.duration <= shown.age) continue;
    double weight = past.weights()[i];
    if (runs) {
      const double then = attempt.growth.MeanAt(shown.age).memory_bytes;
      const double apart =
          std::log((shown.observed.memory_bytes + floor) / (then + floor)) / kAlike;
      weight *= std::exp(-apart * apart / 2) + kUnlike;
    }
    if (weight > 0) analogs.Add(i, weight);
  }
  return analogs;
}

// The share of the forecast that comes from the prior: all without analogs, little with many.
double PriorShare(const Analogs& analogs, const Shown& shown, const KeyPast& past,
                  const Prior& prior) {
  const double within = prior.variation * past.mean_peak().memory_bytes *
                        past.mean_peak().memory_bytes /
                        (prior.spread.memory_bytes * prior.spread.memory_bytes);
  const double kappa = std::clamp(within, 0.05, 1.0);
  const double longer =
      past.weight_of_longer() * (shown.age > Duration{} ? kLongerWhileRunning : 1);
  const double n = analogs.EffectiveNumber();
  return 1 - (1 - kappa / (n + kappa)) * analogs.sum / (analogs.sum + longer);
}

// What no draw exceeds.
Use Bound(const Shown& shown, const KeyPast* past, const Prior& prior) {
  const bool known = past != nullptr && past->finished() >= kEnoughForABound;
  const auto bound = [&](double Use::*of) {
    const double anywhere =
        std::max(kAboveLargest * prior.largest_seen.*of, prior.mean.*of + 2 * prior.spread.*of);
    return std::max(known ? kAboveLargest * past->largest_peak().*of : anywhere,
                    shown.observed.*of);
  };
  const double floor = past == nullptr ? 0 : past->memory_floor();
  return {std::max(bound(&Use::memory_bytes), floor), bound(&Use::cpu_millis)};
}

// Everything that the forecast of one job is made from.
class Foreteller {
 public:
  Foreteller(JobId job, const Shown& shown, const KeyPast* past, const Prior& prior)
      : shown_(shown),
        past_(past),
        prior_(prior),
        runs_(shown.age > Duration{}),
        key_(Hashed(shown.key)),
        job_(Hashed(static_cast<uint64_t>(job.value))),
        bound_(Bound(shown, past, prior)) {
    if (past != nullptr) analogs_ = FindAnalogs(shown, *past, prior);
    if (analogs_.sum <= 0) return;
    prior_share_ = PriorShare(analogs_, shown, *past, prior);
    key_spread_ = std::sqrt(std::log1p(std::max(past->variation(), 0.01) /
                                       static_cast<double>(past->attempts().size())));
  }

  Forecast Tell() const {
    Forecast forecast;
    Expect(forecast.expected);
    RaiseToFloor(forecast.expected);
    if (runs_) StartWithObserved(forecast.expected);
    for (std::size_t i = 0; i < kFutures; ++i) {
      UseAhead& future = forecast.futures[i];
      const bool from_prior = analogs_.sum <= 0 || UniformDraw(job_, kFromPrior + i) < prior_share_;
      from_prior ? DrawFromPrior(i, future) : DrawFromPast(i, future);
      RaiseToFloor(future);
      KeepAbove(shown_.observed, future);
    }
    return forecast;
  }

 private:
  void Expect(UseAhead& expected) const {
    for (std::size_t i = 0; i < analogs_.attempts.size(); ++i) {
      const auto share =
          static_cast<float>((1 - prior_share_) * analogs_.weights[i] / analogs_.sum);
      const UseAhead mean = MeanOf(analogs_.attempts[i]);
      for (std::size_t j = 0; j < kIntervals; ++j) {
        expected.memory_bytes[j] += share * mean.memory_bytes[j];
        expected.cpu_millis[j] += share * mean.cpu_millis[j];
      }
    }
    const auto unknown = [this](double Use::*of) {
      const double mean = std::max(prior_.mean.*of, kAtLeastMore * shown_.observed.*of);
      return static_cast<float>(prior_share_ * kMeanOfPeak * mean);
    };
    for (std::size_t j = 0; j < kIntervals; ++j) {
      expected.memory_bytes[j] += unknown(&Use::memory_bytes);
      expected.cpu_millis[j] += unknown(&Use::cpu_millis);
    }
  }

  void StartWithObserved(UseAhead& expected) const {
    expected.memory_bytes[0] = static_cast<float>(shown_.observed.memory_bytes);
    expected.cpu_millis[0] = static_cast<float>(shown_.observed.cpu_millis);
  }

  // Those that ran out of memory were cut off: the same course, up to what they were to have.
  void RaiseToFloor(UseAhead& ahead) const {
    const auto floor = past_ == nullptr ? 0.0F : static_cast<float>(past_->memory_floor());
    const float most = *std::ranges::max_element(ahead.memory_bytes);
    if (most >= floor) return;
    for (float& bytes : ahead.memory_bytes) bytes = most > 0 ? bytes * (floor / most) : floor;
  }

  UseAhead MeanOf(std::size_t attempt) const {
    return runs_ ? past_->attempts()[attempt].growth.MeanAhead(shown_.age)
                 : past_->mean_from_start(attempt);
  }
  UseAhead MostOf(std::size_t attempt) const {
    return runs_ ? past_->attempts()[attempt].growth.MostAhead(shown_.age)
                 : past_->most_from_start(attempt);
  }

  // One level for ever: nobody knows when it will end.
  void DrawFromPrior(std::size_t i, UseAhead& future) const {
    const double z =
        kCommonToKey * NormalDraw(key_, kNormals + i) + kOwnOfJob * NormalDraw(job_, kNormals + i);
    const auto level = [&](double Use::*of) {
      double drawn =
          std::max(LogNormalAt(prior_.mean.*of, prior_.spread.*of, z), 1.02 * shown_.observed.*of);
      if (!runs_ && past_ != nullptr) drawn = std::max(drawn, past_->largest_peak().*of);
      return static_cast<float>(std::min(drawn, bound_.*of));
    };
    future.memory_bytes.fill(level(&Use::memory_bytes));
    future.cpu_millis.fill(level(&Use::cpu_millis));
  }

  void DrawFromPast(std::size_t i, UseAhead& future) const {
    const UseAhead most = MostOf(analogs_.attempts[Pick(UniformDraw(job_, kWhich + i))]);
    const auto scale = static_cast<float>(std::exp(NormalDraw(key_, kNormals + i) * key_spread_ +
                                                   NormalDraw(job_, kNormals + i) * kSpreadOfJob));
    const auto memory = static_cast<float>(bound_.memory_bytes);
    const auto cpu = static_cast<float>(bound_.cpu_millis);
    for (std::size_t j = 0; j < kIntervals; ++j) {
      future.memory_bytes[j] = std::min(scale * most.memory_bytes[j], memory);
      future.cpu_millis[j] = std::min(scale * most.cpu_millis[j], cpu);
    }
  }

  std::size_t Pick(double share) const {
    double left = share * analogs_.sum;
    for (std::size_t i = 0; i + 1 < analogs_.weights.size(); ++i)
      if ((left -= analogs_.weights[i]) < 0) return i;
    return analogs_.weights.size() - 1;
  }

  static void KeepAbove(const Use& observed, UseAhead& future) {
    future.memory_bytes[0] =
        std::max(future.memory_bytes[0], static_cast<float>(observed.memory_bytes));
    future.cpu_millis[0] = std::max(future.cpu_millis[0], static_cast<float>(observed.cpu_millis));
  }

  const Shown& shown_;
  const KeyPast* const past_;
  const Prior& prior_;
  const bool runs_;
  const uint64_t key_, job_;
  const Use bound_;
  Analogs analogs_;
  double prior_share_ = 1;
  double key_spread_ = 0;
};

}  // namespace

Use Forecast::MeanUntil(Duration ahead) const {
  Use sum;
  double seconds = 0;
  for (std::size_t i = 0; i < kIntervals; ++i) {
    const Duration from = IntervalStart(i);
    if (i > 0 && from >= ahead) break;
    const Duration to = std::max(from + Duration(1), std::min(ahead, IntervalStart(i + 1)));
    const double length = std::chrono::duration<double>(to - from).count();
    sum.memory_bytes += length * static_cast<double>(expected.memory_bytes[i]);
    sum.cpu_millis += length * static_cast<double>(expected.cpu_millis[i]);
    seconds += length;
  }
  return {sum.memory_bytes / seconds, sum.cpu_millis / seconds};
}

Forecast Foresee(JobId job, const Shown& shown, const KeyPast* past, const Prior& prior) {
  return Foreteller(job, shown, past, prior).Tell();
}

}  // namespace headroom
