#include "admission/gate.h"

#include <algorithm>
#include <utility>

namespace headroom {
namespace {

enum class Level { kQuiet, kUneasy, kClosing, kClose };

// What one row of the policy hears.
struct Heard {
  Level level = Level::kQuiet;
  double value = 0;
  const GateThreshold* row = nullptr;
};

// The row's readings as one: the largest average, and whether any trigger fired. A trigger is proof
// that the stall reached the closing line although its average does not show it yet.
std::optional<Heard> Listen(const GateThreshold& row,
                            const std::vector<PressureReading>& readings) {
  std::optional<double> value;
  for (const PressureReading& reading : readings) {
    if (reading.resource != row.resource || reading.kind != row.kind) continue;
    if (reading.avg10) value = std::max(value.value_or(0), *reading.avg10);
    if (reading.triggered) value = std::max(value.value_or(0), row.close);
  }
  if (!value) return std::nullopt;
  if (*value >= row.close) return Heard{Level::kClose, *value, &row};
  if (*value >= row.closing) return Heard{Level::kClosing, *value, &row};
  if (*value >= row.open) return Heard{Level::kUneasy, *value, &row};
  return Heard{Level::kQuiet, *value, &row};
}

bool IsWorse(const Heard& a, const Heard& b) {
  if (a.level != b.level) return a.level > b.level;
  return a.value * b.row->close > b.value * a.row->close;
}

// Everything that was heard at one instant.
struct Pressure {
  std::optional<Heard> worst;
  bool complete = true;  // every row was heard
};

Pressure ListenToAll(const std::vector<GateThreshold>& thresholds,
                     const std::vector<PressureReading>& readings) {
  Pressure pressure;
  for (const GateThreshold& row : thresholds) {
    const std::optional<Heard> heard = Listen(row, readings);
    pressure.complete &= heard.has_value();
    if (heard && (!pressure.worst || IsWorse(*heard, *pressure.worst))) pressure.worst = heard;
  }
  return pressure;
}

GatePosition NextPosition(GatePosition position, Level level, bool quiet_for_long) {
  switch (level) {
    case Level::kClose:
      return GatePosition::kClosed;
    case Level::kClosing:
      return position == GatePosition::kOpen ? GatePosition::kClosing : position;
    case Level::kUneasy:
    case Level::kQuiet:
      return quiet_for_long ? GatePosition::kOpen : position;
  }
  return position;
}

}  // namespace

std::string_view ToString(PressureResource resource) {
  switch (resource) {
    case PressureResource::kMemory:
      return "memory";
    case PressureResource::kCpu:
      return "cpu";
    case PressureResource::kIo:
      return "io";
  }
  return "memory";
}

std::string_view ToString(PressureKind kind) {
  switch (kind) {
    case PressureKind::kSome:
      return "some";
    case PressureKind::kFull:
      return "full";
  }
  return "some";
}

std::string_view ToString(GatePosition position) {
  switch (position) {
    case GatePosition::kOpen:
      return "open";
    case GatePosition::kClosing:
      return "closing";
    case GatePosition::kClosed:
      return "closed";
  }
  return "open";
}

GateState NextGate(const GateState& gate, const std::vector<PressureReading>& readings,
                   const std::vector<GateThreshold>& thresholds, Duration quiet, TimePoint now) {
  const Pressure pressure = ListenToAll(thresholds, readings);
  const Level level = pressure.worst ? pressure.worst->level : Level::kQuiet;
  GateState next = gate;
  if (level == Level::kQuiet && pressure.complete) {
    if (!next.quiet_since) next.quiet_since = now;
  } else {
    next.quiet_since.reset();
  }
  const bool quiet_for_long = next.quiet_since && now - *next.quiet_since >= quiet;
  next.position = NextPosition(gate.position, level, quiet_for_long);
  if (next.position != gate.position) next.since = now;

  if (next.position == GatePosition::kOpen && level == Level::kQuiet) {
    next.cause.reset();
  } else if (const auto& worst = pressure.worst) {
    next.cause = {worst->row->resource, worst->row->kind, worst->value, worst->row->open};
  }
  return next;
}

}  // namespace headroom
