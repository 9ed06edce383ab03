#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/ahead.h"
#include "admission/growth.h"
#include "admission/job.h"
#include "admission/past.h"
#include "base/clock.h"

// What a job may come to use. Its futures are drawn from what finished attempts of its key did
// (those that were like it at its age count most), and from the prior as far as these say little.
// Pure and deterministic.
namespace headroom {

inline constexpr std::size_t kFutures = 64;

struct Forecast {
  UseAhead expected;                       // the mean in each interval
  std::array<UseAhead, kFutures> futures;  // the most in each interval, in each future

  // What is expected on average until so long from now.
  Use MeanUntil(Duration ahead) const;
};

// What is foreseen of a key's next job.
struct KeyOutlook {
  Forecast forecast;
  // How many of the key may run at once while little is known of it; absent: as many as fit.
  std::optional<int64_t> places;
};

// A running attempt as far as it has shown itself.
struct Shown {
  std::string_view key;
  Duration age{};
  Use observed;
  std::string_view tenant = {};  // empty: it has none
};

// What is thought of a job before anything of its key is known.
struct Prior {
  Use mean;                 // of its peak
  Use spread;               // standard deviation between keys
  Use largest_seen;         // of any job
  double variation = 0.25;  // of the peaks within a key, in squares of their mean
  int64_t attempts = 0;     // finished ones that it rests on
};

using Pasts = std::map<std::string, KeyPast, std::less<>>;

// From the pool's default, what the keys have shown, and what runs. Never below the default: the
// first to finish are small.
Prior MakePrior(const Pasts& pasts, const std::vector<Shown>& running, const Use& pool_default);

// The same for the keys of each tenant of which something has finished: what its other keys have
// shown, drawn towards what is thought of all. Never below the default either.
std::map<std::string, Prior, std::less<>> MakeTenantPriors(const Pasts& pasts,
                                                           const std::vector<Shown>& running,
                                                           const Use& pool_default,
                                                           const Prior& of_all);

// Of a job that runs, or with an age of zero of one that is not started. `past` may be null.
Forecast Foresee(JobId job, const Shown& shown, const KeyPast* past, const Prior& prior);

}  // namespace headroom
