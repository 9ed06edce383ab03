#include "cli/doctor_probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <sstream>
#include <utility>
#include <variant>

#include "admission/json/policy_json.h"
#include "base/fd.h"
#include "base/file.h"

namespace headroom::cli {
namespace {

constexpr std::size_t kSmallFile = 1 << 20;

std::optional<Error> LastError(const std::string& doing) { return FailErrno(errno, doing).value(); }

std::optional<Error> WhyNot(const std::string& path, int mode, const char* doing) {
  if (::access(path.c_str(), mode) == 0) return std::nullopt;
  return LastError(fmt::format("{} {}", doing, path));
}

// The directory itself, or the nearest one above it that exists.
std::string NearestExisting(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path nearest = path;
  while (!std::filesystem::is_directory(nearest, ignored) && nearest.has_relative_path())
    nearest = nearest.parent_path();
  return nearest.string();
}

std::set<std::string> MountsOf(const CgroupMounts& mounts) {
  std::set<std::string> all{mounts.unified};
  for (const std::string& v1 : {mounts.memory, mounts.cpu, mounts.cpuacct, mounts.pids}) {
    if (!v1.empty()) all.insert(v1);
  }
  return all;
}

void LookInside(const std::string& mount, const std::string& cgroup, CgroupProbe* probe) {
  const auto has = [&](const char* file) {
    return ::access(fmt::format("{}/{}", cgroup, file).c_str(), F_OK) == 0;
  };
  probe->limits_swap |= has("memory.swap.max") || has("memory.memsw.limit_in_bytes");
  probe->has_kill |= has("cgroup.kill");
  probe->has_freeze |= has("cgroup.freeze");
  probe->has_pressure |= has("memory.pressure");
  probe->parent = mount;
}

// Makes an empty cgroup, looks what the kernel put into it, and removes it.
CgroupProbe ProbeCgroups(const CgroupMounts& mounts, const std::string& root) {
  CgroupProbe probe;
  for (const std::string& mount : MountsOf(mounts)) {
    const std::string parent = NearestExisting(mount + "/" + root);
    const std::string cgroup = fmt::format("{}/headroom-doctor-{}", parent, ::getpid());
    if (::mkdir(cgroup.c_str(), 0755) != 0) {
      if (!probe.error) probe.error = LastError("make the cgroup " + cgroup);
      continue;
    }
    LookInside(parent, cgroup, &probe);
    if (::rmdir(cgroup.c_str()) != 0 && !probe.error)
      probe.error = LastError("remove the cgroup " + cgroup);
  }
  return probe;
}

std::optional<std::vector<std::string>> ReadControllers(const CgroupMounts& mounts,
                                                        const std::string& root) {
  const std::string directory = NearestExisting(mounts.unified + "/" + root);
  const auto text = ReadFile(directory + "/cgroup.controllers", kSmallFile);
  if (!text) return std::nullopt;
  std::istringstream words(*text);
  std::vector<std::string> controllers;
  for (std::string word; words >> word;) controllers.push_back(word);
  return controllers;
}

// Reading is the test: with psi=0 the files are there and reading says EOPNOTSUPP.
std::optional<Error> ReadPressure(const std::string& resource) {
  const auto text = ReadFile("/proc/pressure/" + resource, kSmallFile);
  return text ? std::nullopt : std::optional(text.error());
}

// A trigger lives as long as its descriptor (Documentation/accounting/psi.rst).
bool CanArm(std::string_view trigger) {
  const UniqueFd fd(::open("/proc/pressure/memory", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  const auto bytes = static_cast<ssize_t>(trigger.size() + 1);  // with its NUL
  return fd && ::write(fd.get(), trigger.data(), trigger.size() + 1) == bytes;
}

TriggerSupport ProbeTriggers() {
  if (CanArm("some 150000 1000000")) return TriggerSupport::kAnyWindow;
  if (CanArm("some 150000 2000000")) return TriggerSupport::kTwoSecondWindows;
  return TriggerSupport::kNone;
}

int ProbeClone3() {
  // Nothing is cloned: size 0 is refused by every kernel that has the call (clone(2)).
  return ::syscall(SYS_clone3, nullptr, 0) == -1 ? errno : 0;
}

// "MemTotal:       65536 kB" of proc(5).
std::optional<int64_t> MeminfoBytes(const std::string& meminfo, const std::string& key) {
  std::istringstream lines(meminfo);
  std::string name;
  std::string unit;
  int64_t kib = 0;
  while (lines >> name >> kib) {
    if (name == key) return kib * 1024;
    std::getline(lines, unit);
  }
  return std::nullopt;
}

StateDirFacts ProbeStateDir(const std::string& path) {
  StateDirFacts facts;
  facts.path = path;
  facts.nearest = NearestExisting(path);
  facts.exists = facts.nearest == path;
  facts.access = WhyNot(facts.nearest, W_OK | X_OK, "write to");
  struct statfs info {};
  if (::statfs(facts.nearest.c_str(), &info) != 0) return facts;
  facts.filesystem = static_cast<uint64_t>(info.f_type) & 0xffffffffU;
  facts.free_bytes = static_cast<int64_t>(info.f_bavail) * info.f_bsize;
  return facts;
}

PolicyFacts ProbePolicy(const std::string& path) {
  PolicyFacts facts;
  facts.path = path;
  facts.exists = ::access(path.c_str(), F_OK) == 0;
  facts.admin_group = Policy().admin_group;
  if (facts.exists) {
    auto loaded = LoadPolicy(path);
    if (auto* problems = std::get_if<std::vector<PolicyProblem>>(&loaded)) {
      facts.problems = std::move(*problems);
    } else {
      facts.admin_group = std::get<Policy>(loaded).admin_group;
    }
  }
  facts.admin_group_exists = ::getgrnam(facts.admin_group.c_str()) != nullptr;
  return facts;
}

std::string ShimBesideUs() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "headroom-shim" : (self.parent_path() / "headroom-shim").string();
}

}  // namespace

HostFacts ProbeHost(const DoctorOptions& options) {
  HostFacts facts;
  utsname name{};
  if (::uname(&name) == 0) facts.kernel_release = name.release;
  facts.uid = ::geteuid();
  facts.mounts = FindCgroupMounts();
  if (facts.mounts) {
    facts.cgroup = ProbeCgroups(*facts.mounts, options.cgroup_root);
    facts.controllers = ReadControllers(*facts.mounts, options.cgroup_root);
  }
  for (const char* resource : {"cpu", "io", "memory"})
    facts.pressure[resource] = ReadPressure(resource);
  facts.triggers = ProbeTriggers();
  facts.clone3_errno = ProbeClone3();
  const std::string meminfo = ReadFile("/proc/meminfo", kSmallFile).value_or("");
  facts.memory_total = MeminfoBytes(meminfo, "MemTotal:");
  facts.swap_total = MeminfoBytes(meminfo, "SwapTotal:");
  facts.state_dir = ProbeStateDir(options.state_dir);
  facts.policy = ProbePolicy(options.policy);
  facts.shim = options.shim.empty() ? ShimBesideUs() : options.shim;
  facts.shim_access = WhyNot(facts.shim, X_OK, "run");
  return facts;
}

}  // namespace headroom::cli
