#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/growth.h"
#include "base/clock.h"

// What is known of a key: its finished attempts, each with its growth, and how much each of them
// says about the next one.
namespace headroom {

// Attempts that are remembered of each key, in memory and in the state file: so many that those
// which finish first of a burst, the short ones, do not push out the rest.
inline constexpr int64_t kAttemptsPerKey = 128;
// Keys and attempts of all keys together that are remembered: about 110 MB of memory at most,
// whatever names are submitted. The key goes whose last attempt ended first.
inline constexpr int64_t kMostKeys = 10'000, kMostAttempts = 50'000;

struct PastAttempt {
  Duration duration{};
  Use peak;
  Growth growth;
  // What the next one is to have at least; absent: it did not run out of memory.
  std::optional<int64_t> raised_memory_bytes = std::nullopt;
  // By the wall, which goes on over reboots. Absent: before all.
  std::optional<WallTime> started = std::nullopt;

  bool operator==(const PastAttempt&) const = default;
};

// Weights are those of Kaplan and Meier (1958): the attempts that still run are counted as longer
// than they are old. Without them the first to finish of a burst, the short ones, would stand for
// all of it.
class KeyPast {
 public:
  // Kept are those that started last, whenever they ended: the last to end of a burst are its long
  // ones, the first its short ones.
  void Add(PastAttempt attempt);
  // The ages of those that run now.
  void Weigh(std::vector<Duration> ages);

  // Of the last one that ended; may be empty.
  const std::string& tenant() const { return tenant_; }
  void set_tenant(std::string_view tenant) { tenant_ = tenant; }

  // In the order in which they started.
  const std::vector<PastAttempt>& attempts() const { return attempts_; }
  // What the i-th used from its start on, interval by interval.
  const UseAhead& mean_from_start(std::size_t i) const { return from_start_[i].mean; }
  const UseAhead& most_from_start(std::size_t i) const { return from_start_[i].most; }
  // How likely the next attempt is like the i-th; and like none of them, but longer.
  const std::vector<double>& weights() const { return weights_; }
  double weight_of_longer() const { return weight_of_longer_; }

  int64_t finished() const { return finished_; }     // ever
  Duration durations() const { return durations_; }  // of all that are remembered
  const Use& mean_peak() const { return mean_peak_; }
  const Use& largest_peak() const { return largest_peak_; }
  // What the next one is taken to reach at least, because attempts ran out of memory and those that
  // started later have not shown otherwise yet (oom.h); 0: there is no such thing.
  double memory_floor() const { return memory_floor_; }
  // The variance of the peaks of memory in squares of their mean.
  double variation() const { return variation_; }

 private:
  void SumUp();

  struct FromStart {
    UseAhead mean, most;
  };

  std::vector<PastAttempt> attempts_;
  std::vector<FromStart> from_start_;
  std::vector<double> weights_;
  double weight_of_longer_ = 1;
  bool is_weighed_idle_ = false;  // nothing has ended since, and nothing ran
  int64_t finished_ = 0;
  Duration durations_{};
  Use mean_peak_, largest_peak_;
  double variation_ = 0;
  double memory_floor_ = 0;
  std::string tenant_;
};

}  // namespace headroom
