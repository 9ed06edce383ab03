#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "admission/forecast.h"
#include "admission/history.h"
#include "admission/past.h"
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
    TimePoint started{};
    ObservedUse observed;
  };

  // An attempt that has ended, in the order of ends.
  void Remember(std::string_view key, const FinishedAttempt& attempt);

  // What runs at this instant: takes note of how it grew and makes its forecasts. `pool_default` is
  // what a job is taken to need of which nothing is known. Outlooks are made anew as well.
  void Look(TimePoint now, std::span<const Attempt> running, const Use& pool_default,
            const Use& capacity);

  // Null: nothing is foreseen, and its request counts. Holds until the next Look() or its end.
  const Forecast* OfRunning(JobId job) const;
  // Stays where it is and is kept up to date by Look() until ForgetOutlooks(). Null without a key.
  const KeyOutlook* OfNext(std::string_view key);
  // The same, kept nowhere. REQUIRES: a key.
  KeyOutlook OutlookOf(std::string_view key) const;
  // Nobody holds an outlook any more.
  void ForgetOutlooks() { outlooks_.clear(); }

  // The finished attempts of a key, by its number (draw.h). Null: none has finished. Holds until the
  // next Remember().
  const KeyPast* PastOf(uint64_t key) const;

  // Of the attempts that are remembered; absent: there are none.
  std::optional<Duration> MeanDuration() const;

  // What was seen of a job that runs, until Drop(); null: it was never seen.
  const Growth* GrowthOf(JobId job) const;
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

  bool IsStillGood(const Kept& kept, std::string_view key) const;
  void Renew(Kept& kept, std::string_view key) const;
  std::optional<int64_t> PlacesOf(std::string_view key) const;
  const std::vector<Duration>& AgesOf(std::string_view key) const;
  const KeyPast* PastOf(std::string_view key) const;
  int64_t FinishedOf(std::string_view key) const;
  void ForeseeRunning(Followed& followed, JobId job, const Shown& shown) const;
  bool IsStillGood(const Followed& followed, const Shown& shown) const;

  Pasts pasts_;
  std::unordered_map<uint64_t, const KeyPast*> pasts_by_number_;
  std::unordered_map<int64_t, Followed> followed_;  // by the job's id
  std::map<std::string, Kept, std::less<>> outlooks_;
  std::map<std::string, std::vector<Duration>, std::less<>> ages_;  // of what runs, by key
  Prior prior_;
  Use capacity_;
};

}  // namespace headroom
