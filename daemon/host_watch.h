#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admission/gate.h"
#include "admission/snapshot.h"
#include "base/clock.h"
#include "collectors/collector.h"
#include "collectors/measurements.h"
#include "collectors/psi_trigger.h"

// The host as admission wants it, from one sweep to the next: rates need two of them.
namespace headroom {

struct Observation {
  Measurements measurements;
  std::optional<HostView> host;
  std::map<std::string, ObservedUse> attempts;  // by name; missing: not seen
  std::vector<PressureReading> pressure;
};

// Keeps the sweeps of the last few seconds, so that CPU use is an average over them however often
// the loop wakes, and not the noise of two neighbouring instants. Threads: the loop's only.
// `collector` outlives it.
class HostWatch {
 public:
  HostWatch(Collector& collector, Duration window) : collector_(collector), window_(window) {}

  // One sweep over the host, the pool and these attempts. `triggers` may be null.
  Observation Look(const std::vector<std::string>& attempts, const std::vector<TokenAmount>& tokens,
                   PressureTriggers* triggers);

 private:
  void Keep(const Measurements& now);
  const CgroupSample* EarliestOf(const std::string& attempt) const;

  Collector& collector_;
  Duration window_;
  std::deque<Measurements> kept_;
};

}  // namespace headroom
