#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "admission/past.h"
#include "base/clock.h"

// How long a job runs, as far as anybody knows. What is not known is absent: it is never zero, and
// never "any moment now". Pure.
namespace headroom {

// What a lifetime rests on.
enum class LifetimeSource {
  kHistory,   // finished attempts of its key
  kDeclared,  // what its submitter said
  kUnknown,   // nothing
};

std::string_view ToString(LifetimeSource source);  // "history", "declared", "unknown"

// The distribution of one job's duration.
class Lifetime {
 public:
  Lifetime() = default;  // nothing is known
  explicit Lifetime(Duration declared);
  // REQUIRES: past.attempts() is not empty.
  explicit Lifetime(const KeyPast& past);

  LifetimeSource source() const { return source_; }
  int64_t attempts() const { return attempts_; }  // finished ones of its key that it rests on

  // The duration that a share of the jobs which have reached `age` do not pass: 0.5 is the median.
  // Always more than `age`. A job that has run longer than all that is known of goes on for a time
  // in proportion to its age: in half of the cases 41 % of it, in a tenth more than twice it (a
  // Pareto tail with exponent 2). Absent: nothing is known.
  std::optional<Duration> At(double share, Duration age) const;

 private:
  struct Step {
    Duration duration{};
    double weight = 0;
  };

  LifetimeSource source_ = LifetimeSource::kUnknown;
  int64_t attempts_ = 0;
  std::vector<Step> steps_;  // by duration
  double longer_ = 0;        // the weight of those that last longer than all of them
};

// The lifetimes of jobs by their key. Remembers what it was asked, so that each key is looked up
// once. Not safe for concurrent use.
class Lifetimes {
 public:
  // Null: nothing of this key has finished. What it answers outlives the Lifetimes.
  using PastOf = std::function<const KeyPast*(uint64_t key)>;

  explicit Lifetimes(PastOf past_of) : past_of_(std::move(past_of)) {}

  // Three finished attempts of the key are worth more than what was declared; fewer are worth more
  // than nothing.
  const Lifetime& Of(uint64_t key, std::optional<Duration> declared);

 private:
  PastOf past_of_;
  std::unordered_map<uint64_t, Lifetime> by_key_;
  std::unordered_map<int64_t, Lifetime> declared_;  // by their nanoseconds
  Lifetime unknown_;
};

}  // namespace headroom
