#include "executor/pool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "base/file.h"
#include "executor/cgroup_files.h"
#include "executor/libcgroup.h"

namespace headroom {
namespace {

constexpr const char* kControllers[] = {"memory", "cpu", "pids"};

bool Exists(const std::string& path) { return ::faccessat(AT_FDCWD, path.c_str(), F_OK, 0) == 0; }

std::string ParentOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  const int error = errno;
  if (error == EROFS)
    return Within("cgroups are mounted read-only (in a container, mount them read-write)",
                  FailErrno(error, "make cgroup " + path).value());
  return FailErrno(error, "make cgroup " + path);
}

// Every directory down to ROOT, by hand: libcgroup would write into those above it.
Status MakeRoot(const std::string& mount, const std::string& root) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = root.find('/', end + 1);
    if (Status made = MakeDirectory(mount + "/" + root.substr(0, end)); !made) return made;
  }
  return {};
}

std::vector<std::string> MissingControllers(const std::string& directory) {
  const auto text = ReadFile(directory + "/cgroup.controllers", 4096);
  std::istringstream words(text.value_or(""));
  const std::vector<std::string> present{std::istream_iterator<std::string>(words), {}};
  std::vector<std::string> missing;
  for (const char* name : kControllers)
    if (std::ranges::find(present, name) == present.end()) missing.emplace_back(name);
  return missing;
}

// Switches controllers on for the children of a cgroup. cgroup-v2.rst, "No Internal Process
// Constraint": not while processes live in it, unless it is the real root.
Status SwitchOn(const std::string& directory, const std::vector<std::string>& controllers) {
  if (controllers.empty()) return {};
  const std::string wanted = fmt::format("+{}", fmt::join(controllers, " +"));
  const Status written = WriteExisting(directory + "/cgroup.subtree_control", wanted);
  if (written || written.error().os_error != EBUSY) return written;
  return Within(fmt::format("processes live in {} itself; move them into a cgroup below it, or "
                            "choose another cgroup root",
                            directory),
                written.error());
}

Status PrepareUnified(const CgroupLayout& layout) {
  const std::string& mount = layout.mounts.unified;
  const std::string root = CgroupDirectory(mount, layout.root);
  if (Status made = MakeRoot(mount, layout.root); !made) return made;
  if (ParentOf(layout.root).empty())
    if (Status on = SwitchOn(mount, MissingControllers(root)); !on) return on;
  if (const auto missing = MissingControllers(root); !missing.empty()) {
    return Fail(ErrorCode::kUnsupported,
                fmt::format("{} has no controller {}; its parents must pass them on (systemd: "
                            "Delegate=yes in the unit that owns it)",
                            root, fmt::join(missing, ", ")));
  }
  const std::vector<std::string> all(std::begin(kControllers), std::end(kControllers));
  if (Status on = SwitchOn(root, all); !on) return on;
  for (const std::string& path : {layout.Pool(), layout.Shims()}) {
    const bool there = Exists(CgroupDirectory(mount, path));
    if (Status made = there ? Status() : MakeCgroup(layout.mounts, path); !made) return made;
  }
  return SwitchOn(CgroupDirectory(mount, layout.Pool()), all);
}

Status PrepareHybrid(const CgroupLayout& layout) {
  for (const std::string& mount : Hierarchies(layout.mounts))
    if (Status made = MakeRoot(mount, layout.root); !made) return made;
  for (const std::string& path : {layout.Pool(), layout.Shims()}) {
    if (Status made = CreateWithLibcgroup(layout.mounts, path); !made) return made;
    if (Status made = MakeDirectory(CgroupDirectory(layout.mounts.unified, path)); !made)
      return made;
  }
  return {};
}

Status CheckKill(const CgroupLayout& layout) {
  const std::string kill = CgroupDirectory(layout.mounts.unified, layout.Pool()) + "/cgroup.kill";
  if (Exists(kill)) return {};
  return Fail(ErrorCode::kUnsupported,
              kill + " is missing; jobs are killed by cgroup, which needs Linux 5.14 or newer");
}

}  // namespace

Status PreparePool(const CgroupLayout& layout) {
  const bool hybrid = layout.mounts.mode == CgroupMode::kHybrid;
  Status ready = hybrid ? PrepareHybrid(layout) : PrepareUnified(layout);
  if (ready) ready = CheckKill(layout);
  return ready ? ready : Within("prepare the cgroups of " + layout.root, ready.error());
}

Status ApplyPoolCaps(const CgroupLayout& layout, const PoolCaps& caps) {
  for (const CgroupWrite& write : PoolWrites(caps, layout.mounts)) {
    const std::string file = CgroupDirectory(write.mount, layout.Pool()) + "/" + write.file;
    if (Status written = WriteExisting(file, write.value); !written)
      return Within("cap the pool", written.error());
  }
  return {};
}

CgroupFeatures ProbeFeatures(const CgroupLayout& layout) {
  const auto has = [&](const std::string& mount, const char* file) {
    return Exists(CgroupDirectory(mount, layout.Pool()) + "/" + file);
  };
  switch (layout.mounts.mode) {
    case CgroupMode::kUnified:
      return {has(layout.mounts.unified, "memory.swap.max"), true};
    case CgroupMode::kHybrid:
      return {has(layout.mounts.memory, "memory.memsw.limit_in_bytes"),
              has(layout.mounts.memory, "cgroup.event_control")};
  }
  return {};
}

Status MakeCgroup(const CgroupMounts& mounts, const std::string& path) {
  const std::string unified = CgroupDirectory(mounts.unified, path);
  switch (mounts.mode) {
    case CgroupMode::kUnified:
      // libcgroup takes a cgroup that is there for the one it was to make, and makes a parent that
      // is not.
      if (Exists(unified)) return FailErrno(EEXIST, "make cgroup " + unified);
      if (!Exists(ParentOf(unified))) return FailErrno(ENOENT, "make cgroup " + unified);
      break;
    case CgroupMode::kHybrid:
      if (::mkdir(unified.c_str(), 0755) != 0) return FailErrno(errno, "make cgroup " + unified);
      break;
  }
  return CreateWithLibcgroup(mounts, path);
}

}  // namespace headroom
