#pragma once

#include <string>

#include "cli/doctor_facts.h"

namespace headroom::cli {

// What the daemon would be started with.
struct DoctorOptions {
  std::string cgroup_root = "headroom";
  std::string state_dir = "/var/lib/headroom";
  std::string policy = "/etc/headroom/policy.json";
  std::string shim;  // empty: beside this binary
};

// Looks at the host; needs no daemon and no privileges, and leaves nothing behind. What it may not
// do is a fact like any other. `daemon` of the facts is left to the caller. Threads: one at a time.
HostFacts ProbeHost(const DoctorOptions& options);

}  // namespace headroom::cli
