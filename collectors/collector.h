#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/cgroup_layout.h"
#include "base/clock.h"
#include "base/result.h"
#include "collectors/measurements.h"

// The sweep: reads host, capacity, pool and attempts once a cycle through descriptors that stay
// open.
namespace headroom {

// Where measurements come from, so that the control loop can be tested without a kernel.
// Threads: one at a time.
class Collector {
 public:
  virtual ~Collector() = default;

  // Which attempts to read from now on, by name ("42-1"). New ones are opened, ended ones are
  // closed.
  virtual void Track(const std::vector<std::string>& attempts) = 0;

  // One sweep. Never fails as a whole: what failed is absent and listed in `failures`.
  virtual Measurements Measure() = 0;

  // The same into a value that was filled before, whose memory is used again: with two of them in
  // turn, a sweep allocates nothing.
  virtual void MeasureInto(Measurements& into) { into = Measure(); }
};

// The real one, for a pool laid out as `layout` says. Keeps directory descriptors, so that a cgroup
// made anew under an old name is seen as another one (F10). `clock` outlives it.
std::unique_ptr<Collector> MakeCollector(const CgroupLayout& layout, const Clock& clock);

}  // namespace headroom
