#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "admission/forecast.h"
#include "admission/history.h"
#include "admission/past.h"
#include "admission/request.h"
#include "admission/snapshot.h"
#include "base/clock.h"

// Remembers what jobs did and makes the forecasts of a snapshot from it. The daemon and the
// simulator use the same one. Deterministic: it draws nothing but hashes and asks for no time.
namespace headroom {

// Not safe for concurrent use; owned by whoever builds snapshots.
class Foresight {
 public:
  struct Attempt {
    JobId job;
    std::string_view key;  // empty: it has none, and nothing is foreseen
    std::string_view tenant;
    TimePoint started{};
    ObservedUse observed;
  };

  // An attempt that has ended, in the order of ends. Beyond kMostKeys or kMostAttempts the key is
  // forgotten whose last attempt ended first.
  void Remember(std::string_view key, std::string_view tenant, const FinishedAttempt& attempt);
  // The same. REQUIRES: a key.
  void Remember(std::string_view key, std::string_view tenant, PastAttempt past);
  // All that is remembered; the key whose last attempt ended first comes first.
  std::vector<const Pasts::value_type*> PastsByLastEnd() const;

  // What runs at this instant: takes note of how it grew and makes its forecasts. `pool_default` is
  // what a job is taken to need of which nothing is known. Outlooks are made anew as well.
  void Look(TimePoint now, std::span<const Attempt> running, const Use& pool_default,
            const Use& capacity);

  // Null: nothing is foreseen, and its request counts. Holds until the next Look() or its end.
  const Forecast* OfRunning(JobId job) const;
  // Stays where it is and is kept up to date by Look() until ForgetOutlooks(). Null without a key.
  // Of a key that nothing is known of, its tenant's other keys say what it may be like.
  const KeyOutlook* OfNext(std::string_view key, std::string_view tenant);
  // The same, kept nowhere. REQUIRES: a key.
  KeyOutlook OutlookOf(std::string_view key, std::string_view tenant) const;
  // What they say in one number, as of the last Look(); absent: nothing of the tenant has finished.
  std::optional<TenantHistory> OfTenant(std::string_view tenant) const;
  // Nobody holds an outlook any more.
  void ForgetOutlooks() { outlooks_.clear(); }

  // The finished attempts of a key, by its number (draw.h). Null: none has finished. Holds until
  // the next Remember().
  const KeyPast* PastOf(uint64_t key) const;

  // Of the attempts that are remembered; absent: there are none.
  std::optional<Duration> MeanDuration() const;

  // What was seen of a job that runs, until Drop(); null: it was never seen.
  const Growth* GrowthOf(JobId job) const;
  // Takes up what another one has seen of a job that runs (GrowthOf), under its key.
  void Follow(JobId job, std::string_view key, Growth growth);
  // The next Look() makes every forecast anew, whatever it was made from, and nobody holds an
  // outlook any more: what follows depends on nothing but what is remembered and what was seen of
  // the jobs that run.
  void ForgetForecasts();
  // A running job has ended. What it teaches is for Remember().
  void Drop(JobId job) { followed_.erase(job.value); }

 private:
  struct Followed {
    std::string key;
    Growth growth;
    Forecast forecast;
    bool is_foreseen = false;
    // What it had shown when the forecast was made, and how many of its key had ended.
    Duration age_then{};
    Use observed_then;
    int64_t finished_then = 0;
  };

  // An outlook and what it was made from.
  struct Kept {
    KeyOutlook outlook;
    int64_t finished = -1;
    std::vector<Duration> ages;  // of those that run
    Use prior_mean;
  };

  using Named = std::pair<std::string, std::string>;  // key and tenant

  void ForgetAKey();
  static std::string_view Unseen(std::string_view key);
  Shown Drawn(Shown shown) const;
  const Prior& PriorOf(std::string_view tenant) const;
  bool IsStillGood(const Kept& kept, std::string_view key, const Prior& prior) const;
  Named NameOf(std::string_view key, std::string_view tenant) const;
  void Renew(Kept& kept, const Named& name) const;
  std::optional<int64_t> PlacesOf(std::string_view key, const Prior& prior) const;
  const std::vector<Duration>& AgesOf(std::string_view key) const;
  const KeyPast* PastOf(std::string_view key) const;
  int64_t FinishedOf(std::string_view key) const;
  void ForeseeRunning(Followed& followed, JobId job, const Shown& shown) const;
  bool IsStillGood(const Followed& followed, const Shown& shown) const;

  Pasts pasts_;
  std::unordered_map<uint64_t, const KeyPast*> pasts_by_number_;
  int64_t attempts_ = 0;  // of all keys
  std::map<std::string, int64_t, std::less<>> last_use_;
  int64_t uses_ = 0;
  std::unordered_map<int64_t, Followed> followed_;  // by the job's id
  std::map<Named, Kept> outlooks_;
  std::map<std::string, std::vector<Duration>, std::less<>> ages_;  // of what runs, by key
  Prior prior_;
  std::map<std::string, Prior, std::less<>> tenant_priors_;
  Use capacity_;
};

}  // namespace headroom
