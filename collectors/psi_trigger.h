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

  // An epoll descriptor, owned by this object; -1 when the kernel gives no triggers.
  virtual int WaitFd() const = 0;

  // What fired since the last call. Clears it. Triggers whose cgroup is gone are dropped.
  virtual std::vector<PressureReading> Take() = 0;

  // How many are armed: pool and host, memory and cpu; 0 without PSI.
  virtual std::size_t armed() const = 0;
};

// Arms "some"/"full" triggers on the pool's files and the host's for what `thresholds` listen to.
// Without CAP_SYS_RESOURCE the kernel takes only windows of a multiple of 2 s; that is tried next.
// Never fails: what cannot be armed is not armed.
std::unique_ptr<PressureTriggers> ArmPressureTriggers(const CgroupLayout& layout,
                                                      const std::vector<GateThreshold>& thresholds);

}  // namespace headroom
