#pragma once

#include <string>
#include <vector>

#include "base/cgroup_layout.h"
#include "base/result.h"

// What is done to cgroups with plain files and directories, because libcgroup does it wrongly or
// not at all (docs/executor.md). A path is relative to the mounts; it means the cgroups of that
// name in every hierarchy.
namespace headroom {

// The distinct mount points, the cgroup2 one first.
std::vector<std::string> Hierarchies(const CgroupMounts& mounts);
std::string CgroupDirectory(const std::string& mount, const std::string& path);

Status KillCgroup(const CgroupMounts& mounts, const std::string& path);

// A cgroup that is not there is empty.
Result<bool> CgroupPopulated(const CgroupMounts& mounts, const std::string& path);

// Removes the cgroups and all below them, deepest first. Never moves a process anywhere. kConflict
// (EBUSY) while processes are in them.
Status RemoveCgroup(const CgroupMounts& mounts, const std::string& path);

// Names of the cgroups directly below, in any hierarchy, sorted.
std::vector<std::string> ListCgroups(const CgroupMounts& mounts, const std::string& path);

}  // namespace headroom
