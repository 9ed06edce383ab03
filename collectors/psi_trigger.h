#pragma once

#include <memory>
#include <vector>

#include "admission/gate.h"
#include "base/cgroup_layout.h"
#include "base/result.h"

// PSI triggers (Documentation/accounting/psi.rst): the kernel wakes us when stall passes a
// threshold.
namespace headroom {

// One descriptor that becomes readable when any trigger fired; the control loop waits on it.
// Threads: one at a time.
class PressureTriggers {
 public:
  virtual ~PressureTriggers() = default;

  // Owned by this object; readable from when a trigger fires until Take(). -1 when none is armed.
  virtual int WaitFd() const = 0;

  // What fired since the last call, each kind of each resource once, without avg10. Clears it.
  virtual std::vector<PressureReading> Take() = 0;

  // How many are armed, of the host and of the pool; 0 without PSI. Those whose cgroup went away
  // are no longer.
  virtual std::size_t armed() const = 0;
};

// Arms triggers on the pool's files and the host's for what `thresholds` listen to, at the share of
// a second that closes the gate.
// Without CAP_SYS_RESOURCE the kernel takes only windows of a multiple of 2 s; that is tried next.
// Never fails: what cannot be armed is not armed. Starts a thread while any is armed.
std::unique_ptr<PressureTriggers> ArmPressureTriggers(const CgroupLayout& layout,
                                                      const std::vector<GateThreshold>& thresholds);

}  // namespace headroom
