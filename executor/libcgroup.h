#pragma once

#include <string>

#include "base/cgroup_layout.h"
#include "base/result.h"

// The one place that speaks to libcgroup. Threads: any; one call at a time runs, because the
// library keeps its mount table in a global. docs/executor.md says what it is used for and why the
// rest is done by hand.
namespace headroom {

// Makes the cgroups of this name in every hierarchy of the controllers we use. On cgroup v2 the
// controllers must be on in the parent already. The first call reads the library's mount table and
// silences its log, which would go to standard output. REQUIRES: every part of the path passes
// CheckName.
Status CreateWithLibcgroup(const CgroupMounts& mounts, const std::string& path);

}  // namespace headroom
