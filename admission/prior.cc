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

// What some keys have shown: the moments of their mean peaks.
struct KeysShown {
  Moments memory, cpu;
  int64_t attempts = 0;  // that have finished

  void Add(const Sum& sum) {
    memory.Add(sum.use.memory_bytes / sum.attempts);
    cpu.Add(sum.use.cpu_millis / sum.attempts);
  }
};

double ShrunkMean(const Moments& keys, double otherwise, double least) {
  return std::max(least, (keys.sum + kDefaultKeys * otherwise) / (keys.n + kDefaultKeys));
}

double ShrunkSpread(const Moments& keys, double mean) {
  const double shrunk = (keys.n * keys.Deviation() + kDefaultKeys * mean) / (keys.n + kDefaultKeys);
  return std::max(mean / 2, shrunk);
}

void SetMeanAndSpread(Prior& prior, const KeysShown& keys, const Use& otherwise, const Use& least) {
  prior.attempts = keys.attempts;
  prior.mean = {ShrunkMean(keys.memory, otherwise.memory_bytes, least.memory_bytes),
                ShrunkMean(keys.cpu, otherwise.cpu_millis, least.cpu_millis)};
  prior.spread = {ShrunkSpread(keys.memory, prior.mean.memory_bytes),
                  ShrunkSpread(keys.cpu, prior.mean.cpu_millis)};
}

struct KeySum {
  Sum sum;
  std::string_view tenant;
};

std::map<std::string_view, KeySum> SumsOf(const std::vector<Shown>& running) {
  std::map<std::string_view, KeySum> sums;
  for (const Shown& run : running) {
    auto& [sum, tenant] = sums[run.key];
    sum.use.memory_bytes += run.observed.memory_bytes;
    sum.use.cpu_millis += run.observed.cpu_millis;
    sum.attempts += 1;
    tenant = run.tenant;
  }
  return sums;
}

// Hands over what each key has shown, finished and running, and how many attempts have finished.
template <class Take>
void EachKey(const Pasts& pasts, const std::vector<Shown>& running, Take take) {
  auto run = SumsOf(running);
  for (const auto& [key, past] : pasts) {
    const auto n = static_cast<double>(past.attempts().size());
    if (n == 0) continue;
    Sum sum{{past.mean_peak().memory_bytes * n, past.mean_peak().cpu_millis * n}, n};
    if (const auto also = run.find(key); also != run.end()) {
      sum.use.memory_bytes += also->second.sum.use.memory_bytes;
      sum.use.cpu_millis += also->second.sum.use.cpu_millis;
      sum.attempts += also->second.sum.attempts;
      run.erase(also);
    }
    take(sum, std::string_view(past.tenant()), std::ssize(past.attempts()));
  }
  for (const auto& [key, shown] : run) take(shown.sum, shown.tenant, std::ptrdiff_t{0});
}

}  // namespace

Prior MakePrior(const Pasts& pasts, const std::vector<Shown>& running, const Use& pool_default) {
  Prior prior;
  double variation = prior.variation * kVariationAttempts, attempts = kVariationAttempts;
  for (const auto& [key, past] : pasts) {
    const auto n = static_cast<double>(past.attempts().size());
    prior.largest_seen = MaxOf(prior.largest_seen, past.largest_peak());
    variation += past.variation() * n;
    attempts += n;
  }
  for (const Shown& run : running) prior.largest_seen = MaxOf(prior.largest_seen, run.observed);
  KeysShown keys;
  EachKey(pasts, running, [&](const Sum& sum, std::string_view, std::ptrdiff_t finished) {
    keys.Add(sum);
    keys.attempts += finished;
  });
  SetMeanAndSpread(prior, keys, pool_default, pool_default);
  prior.variation = variation / attempts;
  return prior;
}

std::map<std::string, Prior, std::less<>> MakeTenantPriors(const Pasts& pasts,
                                                           const std::vector<Shown>& running,
                                                           const Use& pool_default,
                                                           const Prior& of_all) {
  std::map<std::string_view, KeysShown> tenants;
  EachKey(pasts, running, [&](const Sum& sum, std::string_view tenant, std::ptrdiff_t finished) {
    if (tenant.empty()) return;
    KeysShown& keys = tenants[tenant];
    keys.Add(sum);
    keys.attempts += finished;
  });
  std::map<std::string, Prior, std::less<>> priors;
  for (const auto& [tenant, keys] : tenants) {
    if (keys.attempts == 0) continue;
    Prior& prior = priors.emplace(tenant, of_all).first->second;
    SetMeanAndSpread(prior, keys, of_all.mean, pool_default);
  }
  return priors;
}

}  // namespace headroom
