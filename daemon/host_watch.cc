#include "daemon/host_watch.h"

#include <algorithm>

#include "collectors/observe.h"

namespace headroom {
namespace {

// Sweeps closer together than this are not both kept: a burst of wake-ups must not push out the
// past.
constexpr Duration kSpacing = std::chrono::milliseconds(500);

// avg10 is updated every two seconds; a trigger that fired is news before that. Not of a CPU that
// jobs wait for because of their own cpu.max: the kernel counts that as well.
void MarkTriggered(std::vector<PressureReading>& readings,
                   const std::vector<PressureReading>& fired) {
  for (const PressureReading& event : fired) {
    const auto same = std::ranges::find_if(readings, [&](const PressureReading& reading) {
      return reading.resource == event.resource && reading.kind == event.kind;
    });
    if (same != readings.end()) {
      same->triggered = !same->own_limits_taken_out;
    } else {
      readings.push_back(event);
    }
  }
}

}  // namespace

Observation HostWatch::Look(const std::vector<std::string>& attempts,
                            const std::vector<TokenAmount>& tokens, PressureTriggers* triggers) {
  collector_.Track(attempts);
  Observation seen;
  seen.measurements = collector_.Measure();
  for (const auto& [name, sample] : seen.measurements.attempts) {
    seen.attempts.emplace(name, Observe(EarliestOf(name), sample));
  }
  const Measurements* const before = kept_.empty() ? nullptr : &kept_.front();
  seen.host = ViewHost(before, seen.measurements, tokens);
  seen.pressure = ReadPressure(before, seen.measurements);
  if (triggers != nullptr) MarkTriggered(seen.pressure, triggers->Take());
  Keep(seen.measurements);
  return seen;
}

const CgroupSample* HostWatch::EarliestOf(const std::string& attempt) const {
  for (const Measurements& sweep : kept_) {
    const auto found = sweep.attempts.find(attempt);
    if (found != sweep.attempts.end()) return &found->second;
  }
  return nullptr;
}

void HostWatch::Keep(const Measurements& now) {
  if (!kept_.empty() && now.started_at - kept_.back().started_at < kSpacing) return;
  kept_.push_back(now);
  while (kept_.size() > 1 && now.started_at - kept_[1].started_at >= window_) kept_.pop_front();
}

}  // namespace headroom
