#include "executor/cgroup_files.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "base/file.h"
#include "executor/cgroup_report.h"

namespace headroom {
namespace {

constexpr std::size_t kMaxEventsBytes = 4096;

std::vector<std::string> Subdirectories(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  std::vector<std::string> names;
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.push_back(name);
  }
  return names;
}

Status RemoveTree(const std::string& path) {
  if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
  Status first;
  for (const std::string& name : Subdirectories(path)) {
    const Status removed = RemoveTree(path + "/" + name);
    if (first && !removed) first = removed;
  }
  if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
  const int error = errno;
  return first ? FailErrno(error, "remove " + path) : first;
}

}  // namespace

std::vector<std::string> Hierarchies(const CgroupMounts& mounts) {
  std::vector<std::string> distinct;
  for (const auto& mount :
       {mounts.unified, mounts.memory, mounts.cpu, mounts.cpuacct, mounts.pids}) {
    if (!mount.empty() && std::ranges::find(distinct, mount) == distinct.end())
      distinct.push_back(mount);
  }
  return distinct;
}

std::string CgroupDirectory(const std::string& mount, const std::string& path) {
  return mount + "/" + path;
}

Status KillCgroup(const CgroupMounts& mounts, const std::string& path) {
  const Status killed = WriteExisting(CgroupDirectory(mounts.unified, path) + "/cgroup.kill", "1");
  if (!killed && killed.error().code == ErrorCode::kNotFound) return {};
  return killed;
}

Result<bool> CgroupPopulated(const CgroupMounts& mounts, const std::string& path) {
  const std::string file = CgroupDirectory(mounts.unified, path) + "/cgroup.events";
  const auto events = ReadFile(file, kMaxEventsBytes);
  if (!events && events.error().code == ErrorCode::kNotFound) return false;
  if (!events) return tl::unexpected(events.error());
  const auto populated = FlatKeyed(*events, "populated");
  if (!populated) return Fail(ErrorCode::kCorrupt, file + ": missing \"populated\"");
  return *populated != 0;
}

Status RemoveCgroup(const CgroupMounts& mounts, const std::string& path) {
  Status first;
  for (const std::string& mount : Hierarchies(mounts)) {
    const Status removed = RemoveTree(CgroupDirectory(mount, path));
    if (first && !removed) first = removed;
  }
  return first;
}

std::vector<std::string> ListCgroups(const CgroupMounts& mounts, const std::string& path) {
  std::vector<std::string> names;
  for (const std::string& mount : Hierarchies(mounts))
    for (std::string& name : Subdirectories(CgroupDirectory(mount, path)))
      names.push_back(std::move(name));
  std::ranges::sort(names);
  const auto repeated = std::unique(names.begin(), names.end());
  names.erase(repeated, names.end());
  return names;
}

}  // namespace headroom
