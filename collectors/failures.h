#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "collectors/measurements.h"

// What went wrong in one sweep: at most one entry a collector, so that a thousand jobs that hit the
// same trouble make one line of log. Threads: one at a time.
namespace headroom {

enum class Source { kHost, kCapacity, kPool, kJob, kPsi };  // indexes kCollectorNames

class FailureLog {
 public:
  // Adds to `into`, which outlives this object.
  explicit FailureLog(std::vector<CollectorFailure>& into) : into_(into) {}

  // "PATH: what happened". Of each source the first is kept, the others are counted.
  void Add(Source source, const std::string& path, const Error& error);

  // Adds "(and 12 more)" where more than one failed.
  void Finish();

 private:
  std::vector<CollectorFailure>& into_;
  std::size_t counts_[std::size(kCollectorNames)] = {};
};

}  // namespace headroom
