#include <algorithm>
#include <cmath>

#include "admission/forecast.h"

namespace headroom {
namespace {

// The pool's default and the variation count as much as this many keys and attempts.
constexpr double kDefaultKeys = 5, kVariationAttempts = 5;

// The mean of what attempts of one key have shown.
struct Sum {
  Use use;
  double attempts = 0;
};

struct Moments {
  double n = 0, sum = 0, squares = 0;

  void Add(double value) {
    n += 1;
    sum += value;
    squares += value * value;
  }
  double Deviation() const {
    return n > 0 ? std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n))) : 0;
  }
};

double ShrunkMean(const Moments& keys, double otherwise) {
  return std::max(otherwise, (keys.sum + kDefaultKeys * otherwise) / (keys.n + kDefaultKeys));
}

double ShrunkSpread(const Moments& keys, double mean) {
  const double shrunk = (keys.n * keys.Deviation() + kDefaultKeys * mean) / (keys.n + kDefaultKeys);
  return std::max(mean / 2, shrunk);
}

}  // namespace

Prior MakePrior(const Pasts& pasts, const std::vector<Shown>& running, const Use& pool_default) {
  Prior prior;
  std::map<std::string_view, Sum> shown;
  double variation = prior.variation * kVariationAttempts, attempts = kVariationAttempts;
  for (const auto& [key, past] : pasts) {
    const auto n = static_cast<double>(past.attempts().size());
    if (n == 0) continue;
    shown[key] = {{past.mean_peak().memory_bytes * n, past.mean_peak().cpu_millis * n}, n};
    prior.largest_seen = MaxOf(prior.largest_seen, past.largest_peak());
    variation += past.variation() * n;
    attempts += n;
  }
  for (const Shown& run : running) {
    Sum& sum = shown[run.key];
    sum.use.memory_bytes += run.observed.memory_bytes;
    sum.use.cpu_millis += run.observed.cpu_millis;
    sum.attempts += 1;
    prior.largest_seen = MaxOf(prior.largest_seen, run.observed);
  }
  Moments memory, cpu;
  for (const auto& [key, sum] : shown) {
    memory.Add(sum.use.memory_bytes / sum.attempts);
    cpu.Add(sum.use.cpu_millis / sum.attempts);
  }
  prior.mean = {ShrunkMean(memory, pool_default.memory_bytes),
                ShrunkMean(cpu, pool_default.cpu_millis)};
  prior.spread = {ShrunkSpread(memory, prior.mean.memory_bytes),
                  ShrunkSpread(cpu, prior.mean.cpu_millis)};
  prior.variation = variation / attempts;
  return prior;
}

}  // namespace headroom
