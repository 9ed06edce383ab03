#pragma once

#include <string>
#include <utility>

#include "daemon/past_attempt.h"

// What is remembered of an attempt, for tests: nothing measured, unless told otherwise.
namespace headroom {

class APastAttempt {
 public:
  explicit APastAttempt(std::string key) {
    past_.key = std::move(key);
    past_.tenant = "alice";
    past_.uid = 1000;
    past_.outcome = JobOutcome::kSucceeded;
  }
  APastAttempt& Ran(Duration duration) { return past_.attempt.duration = duration, *this; }
  APastAttempt& Started(WallTime at) { return past_.attempt.started = at, *this; }
  APastAttempt& Grew(Growth growth) { return past_.attempt.growth = std::move(growth), *this; }
  APastAttempt& Used(const AttemptUsage& usage) {
    past_.attempt.peak_memory_bytes = usage.peak_memory_bytes;
    past_.attempt.peak_pids = usage.peak_pids;
    past_.attempt.cpu_usec = usage.cpu_usec;
    return *this;
  }
  operator PastAttemptOfKey() const { return past_; }  // NOLINT(google-explicit-constructor)

 private:
  PastAttemptOfKey past_;
};

}  // namespace headroom
