#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "simulator/host.h"

// Who decides what starts. Headroom's own core is one, the policies that it is measured against are
// the others.
namespace headroom::sim {

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  // Which of the waiting jobs, which are in order of submission, start now. A scheduler that is no
  // oracle may look at what waits only for its key and its time, and at what runs only for what it
  // shows.
  virtual std::vector<JobIndex> Starts(Duration now, const Host& host,
                                       const std::vector<JobIndex>& waiting) = 0;
  virtual void OnEnd(Duration /*now*/, const Ended& /*ended*/) {}
  // Those that it will never start; they are given up.
  virtual std::vector<JobIndex> TakeRejected() { return {}; }
};

}  // namespace headroom::sim
