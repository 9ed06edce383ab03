#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"

// The pressure gate: whatever the bytes say, a host under pressure starts nothing.
//
// Pressure is the kernel's PSI (Documentation/accounting/psi.rst): the share of the last ten
// seconds in which some, or all, tasks stalled on a resource, in percent. The gate closes at once,
// opens only after a quiet time below the opening threshold, and lets one job at a time through in
// between.
namespace headroom {

enum class PressureResource { kMemory, kCpu, kIo };
enum class PressureKind { kSome, kFull };

std::string_view ToString(PressureResource resource);
std::string_view ToString(PressureKind kind);

// Where the gate listens. One row of the policy: "gate.memory_some", "gate.memory_full", …
// Validate() requires open < closing <= close.
struct GateThreshold {
  PressureResource resource = PressureResource::kMemory;
  PressureKind kind = PressureKind::kSome;
  double open = 0;     // percent of avg10 below which it is quiet
  double closing = 0;  // at or above: one job at a time
  double close = 0;    // at or above: nothing starts

  bool operator==(const GateThreshold&) const = default;
};

// One reading. Absent avg10: the kernel has no PSI here, or the file could not be read.
struct PressureReading {
  PressureResource resource = PressureResource::kMemory;
  PressureKind kind = PressureKind::kSome;
  std::optional<double> avg10;  // percent; the larger of host and pool
  bool triggered = false;       // a PSI trigger fired since the last cycle: avg10 lags by up to 2 s
  // CPU, while a job waits for its own cpu.max: what others take from jobs, over the last seconds
  // (contention.h). A trigger, which knows nothing of that, proves nothing then.
  bool own_limits_taken_out = false;

  bool operator==(const PressureReading&) const = default;
};

enum class GatePosition { kOpen, kClosing, kClosed };

std::string_view ToString(GatePosition position);  // "open", "closing", "closed"

// What keeps the gate where it is, for `why`: which reading, and below what it must fall.
struct GateCause {
  PressureResource resource = PressureResource::kMemory;
  PressureKind kind = PressureKind::kSome;
  double value = 0;
  double must_fall_below = 0;

  bool operator==(const GateCause&) const = default;
};

struct GateState {
  GatePosition position = GatePosition::kOpen;
  TimePoint since{};                     // when it took this position
  std::optional<TimePoint> quiet_since;  // all readings below `open` since then
  std::optional<GateCause> cause;        // the worst reading; absent while open and quiet

  bool operator==(const GateState&) const = default;
};

// The gate's next state. Pure. A reading that is absent neither closes nor counts as quiet for a
// gate that is not open; a gate that is open stays open without PSI (the daemon reports
// `degraded`).
GateState NextGate(const GateState& gate, const std::vector<PressureReading>& readings,
                   const std::vector<GateThreshold>& thresholds, Duration quiet, TimePoint now);

}  // namespace headroom
