#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admission/policy.h"
#include "collectors/measurements.h"
#include "executor/native_executor.h"

// What a policy means on this host.
namespace headroom {

// The pool's hard caps. Shares are taken of what is around the pool: the host, or less where one of
// the ancestors of the cgroup `pool` is limited ("/headroom/jobs"). Pure. A share of something
// unknown is absent: no cap is better than a wrong one.
PoolCaps PoolCapsOf(const PoolLimits& limits, const Measurements& seen, std::string_view pool);

// What does not work as it should on this host, in words: "no PSI: the pressure gate cannot close",
// …
std::vector<std::string> Degradations(const Policy& policy, const Measurements& seen,
                                      const Enforcement& enforcement, std::size_t armed_triggers);

}  // namespace headroom
