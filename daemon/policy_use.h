#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admission/policy.h"
#include "collectors/measurements.h"
#include "executor/native_executor.h"

// What a policy means on this host.
namespace headroom {

// The pool's hard caps: shares are taken of what the host has. Pure. A share of something unknown
// is absent: better no cap than a wrong one, and `degraded` says so.
PoolCaps PoolCapsOf(const PoolLimits& limits, const HostSample& host, const CapacitySample& around);

// What does not work as it should on this host, in words: "no PSI: the pressure gate cannot close",
// …
std::vector<std::string> Degradations(const Policy& policy, const Measurements& seen,
                                      const Enforcement& enforcement, std::size_t armed_triggers);

}  // namespace headroom
