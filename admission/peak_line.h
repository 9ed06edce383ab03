#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "admission/forecast.h"
#include "admission/job.h"
#include "admission/resources.h"
#include "admission/snapshot.h"

// What all jobs together may come to use. Their futures are added up interval by interval, so that
// peaks that come at different times do not count as if they came at once; what a few of the
// futures pass is taken for a risk. Jobs without a forecast count with their request in every
// interval of every future.
namespace headroom {

class PeakLine {
 public:
  // So many of the kFutures are not counted: about a tenth.
  static constexpr std::size_t kRisked = 6;

  void Add(const RunningJob& job);
  void Add(const WaitingJob& job);

  // The most that is used at once, in all futures but those risked.
  ResourceVector Charge() const;
  // By how much one more would raise it.
  ResourceVector RaisedBy(const WaitingJob& job) const;

 private:
  struct Sums {
    std::array<std::array<double, kIntervals>, kFutures> memory_bytes{}, cpu_millis{};
  };
  struct Most {
    int64_t memory_bytes = 0, cpu_millis = 0;
  };

  void Add(const Forecast* forecast, const ResourceVector& constant);
  // `added` may be null.
  Most MostWith(const Forecast* added) const;
  const Most& Current() const;

  ResourceVector constant_;           // of those without a forecast; of all: pids and tokens
  std::unique_ptr<Sums> sums_;        // of the others; null: there are none
  mutable std::optional<Most> most_;  // of the sums; computed when asked for
};

}  // namespace headroom
