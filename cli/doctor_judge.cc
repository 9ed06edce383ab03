#include "cli/doctor_judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/units.h"
#include "base/version.h"
#include "cli/text.h"

namespace headroom::cli {
namespace {

constexpr char kAskRoot[] = "run `headroom doctor` as root to find out";

bool IsDenied(const std::optional<Error>& error) {
  return error && error->code == ErrorCode::kDenied;
}

// Denied to an ordinary user says nothing about what the daemon, which is root, may do.
CheckState MissingOrUnknown(const HostFacts& facts, const std::optional<Error>& error) {
  return facts.uid != 0 && IsDenied(error) ? CheckState::kUnknown : CheckState::kMissing;
}

// "6.1.0-18-amd64" as {6, 1}; what cannot be read is {0, 0}.
std::pair<int, int> VersionOf(const std::string& release) {
  std::pair<int, int> version{0, 0};
  const char* end = release.data() + release.size();
  const auto major = std::from_chars(release.data(), end, version.first);
  if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.')
    std::from_chars(major.ptr + 1, end, version.second);
  return version;
}

Check JudgeKernel(const HostFacts& facts) {
  Check check{"kernel", CheckState::kOk, facts.kernel_release, {}};
  const auto version = VersionOf(facts.kernel_release);
  if (version < std::pair(5, 14)) {
    check.state = CheckState::kMissing;
    check.advice = "5.14 or newer is needed, for cgroup.kill; Debian 12 and Ubuntu 22.04 have it";
  } else if (version < std::pair(5, 19)) {
    check.state = CheckState::kWeaker;
    check.advice = "before 5.19 there is no memory.peak: peaks are what the samples saw";
  }
  return check;
}

Check JudgeCgroups(const HostFacts& facts) {
  if (!facts.mounts) {
    return {"cgroups", CheckState::kMissing, facts.mounts.error().message,
            "boot with systemd.unified_cgroup_hierarchy=1"};
  }
  const std::string mode = ToString(facts.mounts->mode);
  if (facts.mounts->mode == CgroupMode::kUnified)
    return {"cgroups", CheckState::kOk, fmt::format("{}, on {}", mode, facts.mounts->unified), {}};
  return {"cgroups", CheckState::kWeaker,
          fmt::format("{}: v1 controllers, cgroup2 on {}", mode, facts.mounts->unified),
          "memory.high, swap.max and oom.group have no equal on v1; for all of it boot with "
          "systemd.unified_cgroup_hierarchy=1"};
}

Check JudgeControllers(const HostFacts& facts) {
  if (!facts.mounts) return {"controllers", CheckState::kMissing, "no cgroups", {}};
  if (facts.mounts->mode == CgroupMode::kHybrid)
    return {"controllers", CheckState::kOk, "v1 memory, cpu, cpuacct, pids", {}};
  if (!facts.controllers) {
    return {"controllers", CheckState::kMissing, "cgroup.controllers cannot be read",
            "is " + facts.mounts->unified + " a cgroup2 mount?"};
  }
  std::vector<std::string> absent;
  for (const char* needed : {"memory", "cpu", "pids"}) {
    if (std::ranges::find(*facts.controllers, needed) == facts.controllers->end())
      absent.emplace_back(needed);
  }
  const std::string found = fmt::format("{}", fmt::join(*facts.controllers, " "));
  if (absent.empty()) return {"controllers", CheckState::kOk, found, {}};
  return {"controllers", CheckState::kMissing,
          fmt::format("found: {}; missing: {}", found, fmt::join(absent, " ")),
          "delegate them (Delegate=yes in the unit that owns the cgroup), or boot without "
          "cgroup_disable="};
}

Check JudgeDelegation(const HostFacts& facts) {
  if (!facts.mounts) return {"delegation", CheckState::kMissing, "no cgroups", {}};
  const auto& error = facts.cgroup.error;
  if (!error)
    return {"delegation", CheckState::kOk, "a cgroup can be made in " + facts.cgroup.parent, {}};
  const CheckState state = MissingOrUnknown(facts, error);
  return {"delegation", state, error->message,
          state == CheckState::kUnknown
              ? kAskRoot
              : "the daemon needs a writable cgroup tree: in a container mount it read-write"};
}

Check JudgeKill(const HostFacts& facts) {
  if (facts.cgroup.has_kill && facts.cgroup.has_freeze)
    return {"kill", CheckState::kOk, "cgroup.kill and cgroup.freeze", {}};
  if (facts.cgroup.error || !facts.mounts) {
    return {"kill", MissingOrUnknown(facts, facts.cgroup.error), "no cgroup could be made to look",
            facts.uid == 0 ? "" : kAskRoot};
  }
  return {"kill", CheckState::kMissing, "no cgroup.kill in " + facts.cgroup.parent,
          "cancelling must reach every process of a job; a kernel from 5.14 on can do it"};
}

Check JudgeClone3(const HostFacts& facts) {
  if (facts.clone3_errno == EINVAL)
    return {"clone3", CheckState::kOk, "processes can be born inside their cgroup", {}};
  return {"clone3", CheckState::kWeaker, FailErrno(facts.clone3_errno, "clone3").value().message,
          "jobs are moved into their cgroup before they run instead; a seccomp filter that allows "
          "clone3 makes it atomic"};
}

Check JudgePressure(const HostFacts& facts) {
  for (const auto& [resource, error] : facts.pressure) {
    if (!error) continue;
    return {"pressure", CheckState::kWeaker, error->message,
            "without PSI the gate cannot close: boot with psi=1, on a kernel with CONFIG_PSI"};
  }
  if (facts.mounts && !facts.cgroup.error && !facts.cgroup.has_pressure) {
    return {"pressure", CheckState::kWeaker, "the host has PSI, cgroups have none",
            "the gate sees the host only; boot without cgroup_disable=pressure"};
  }
  return {"pressure", CheckState::kOk, "PSI of memory, cpu and io", {}};
}

Check JudgeTriggers(const HostFacts& facts) {
  switch (facts.triggers) {
    case TriggerSupport::kAnyWindow:
      return {"pressure triggers", CheckState::kOk, "can be armed", {}};
    case TriggerSupport::kTwoSecondWindows:
      return {"pressure triggers", CheckState::kWeaker, "only with windows of 2 s",
              "CAP_SYS_RESOURCE allows shorter ones, which close the gate sooner"};
    case TriggerSupport::kNone:
      break;
  }
  return {"pressure triggers", CheckState::kWeaker, "cannot be armed",
          "pressure is seen at the next tick instead of at once"};
}

Check JudgeMemory(const HostFacts& facts) {
  if (!facts.memory_total || !facts.swap_total)
    return {"memory", CheckState::kMissing, "/proc/meminfo cannot be read", "mount /proc"};
  const std::string memory = FormatBytes(*facts.memory_total);
  if (*facts.swap_total == 0) {
    return {"memory",
            CheckState::kOk,
            memory + ", no swap (so memory pressure shows only once memory is full)",
            {}};
  }
  const std::string both = fmt::format("{}, {} swap", memory, FormatBytes(*facts.swap_total));
  if (facts.cgroup.error || facts.cgroup.limits_swap) return {"memory", CheckState::kOk, both, {}};
  return {"memory", CheckState::kWeaker, both + " that cannot be kept from jobs",
          "boot with swapaccount=1, or turn swap off"};
}

Check JudgeUser(const HostFacts& facts) {
  if (facts.uid == 0) return {"user", CheckState::kOk, "root", {}};
  return {"user", CheckState::kUnknown, fmt::format("uid {}", facts.uid),
          "the daemon runs as root; what root could do was not tried"};
}

struct Filesystem {
  uint64_t type;  // linux/magic.h
  const char* name;
  CheckState state;
};

constexpr Filesystem kFilesystems[] = {
    {0xef53, "ext", CheckState::kOk},           {0x58465342, "xfs", CheckState::kOk},
    {0x9123683e, "btrfs", CheckState::kOk},     {0x2fc12fc1, "zfs", CheckState::kOk},
    {0xf2f52010, "f2fs", CheckState::kOk},      {0x794c7630, "overlay", CheckState::kOk},
    {0x01021994, "tmpfs", CheckState::kWeaker}, {0x858458f6, "ramfs", CheckState::kWeaker},
    {0x6969, "nfs", CheckState::kMissing},      {0xff534d42, "cifs", CheckState::kMissing},
    {0xfe534d42, "smb", CheckState::kMissing},  {0x01021997, "9p", CheckState::kMissing},
};

Filesystem FilesystemOf(uint64_t type) {
  for (const Filesystem& known : kFilesystems) {
    if (known.type == type) return known;
  }
  return {type, "a file system unknown here", CheckState::kOk};
}

std::string FilesystemAdvice(CheckState state) {
  switch (state) {
    case CheckState::kWeaker:
      return "a reboot forgets all jobs; use --state-dir on a disk";
    case CheckState::kMissing:
      return "the state file needs a local file system (SQLite's WAL does); use another "
             "--state-dir";
    case CheckState::kOk:
    case CheckState::kUnknown:
      break;
  }
  return {};
}

Check JudgeStateDir(const HostFacts& facts) {
  const StateDirFacts& dir = facts.state_dir;
  const Filesystem filesystem = FilesystemOf(dir.filesystem);
  constexpr int64_t kTooFull = 64 * kMiB;
  constexpr int64_t kRoomy = kGiB;
  const int64_t free = dir.free_bytes.value_or(0);
  const std::string found =
      fmt::format("{}{}: {} free on {}", dir.path, dir.exists ? "" : " (the daemon makes it)",
                  dir.free_bytes ? FormatBytes(free) : "unknown", filesystem.name);
  if (dir.access) {
    return {"state directory", MissingOrUnknown(facts, dir.access), dir.access->message,
            facts.uid == 0 ? "choose another with --state-dir" : kAskRoot};
  }
  if (filesystem.state != CheckState::kOk)
    return {"state directory", filesystem.state, found, FilesystemAdvice(filesystem.state)};
  if (free < kTooFull)
    return {"state directory", CheckState::kMissing, found, "make room: nothing can be recorded"};
  if (free < kRoomy) {
    return {"state directory", CheckState::kWeaker, found,
            "jobs' output goes here too: make room, or lower jobs.log_max"};
  }
  return {"state directory", CheckState::kOk, found, {}};
}

Check JudgePolicy(const HostFacts& facts) {
  const PolicyFacts& policy = facts.policy;
  if (!policy.exists)
    return {"policy", CheckState::kOk, policy.path + " is not there: built-in defaults", {}};
  if (policy.problems.empty()) return {"policy", CheckState::kOk, policy.path + " is valid", {}};
  return {"policy", CheckState::kMissing,
          fmt::format("{} has {} problems; the first: {} {}", policy.path, policy.problems.size(),
                      policy.problems.front().pointer, policy.problems.front().message),
          fmt::format("`headroom policy check {}` lists them", policy.path)};
}

Check JudgeGroup(const HostFacts& facts) {
  const std::string& group = facts.policy.admin_group;
  if (facts.policy.admin_group_exists)
    return {"admin group", CheckState::kOk, group + " exists", {}};
  return {"admin group", CheckState::kWeaker, fmt::format("no group {}", group),
          fmt::format("until `groupadd --system {}` only root may see and cancel all jobs", group)};
}

Check JudgeShim(const HostFacts& facts) {
  if (!facts.shim_access) return {"shim", CheckState::kOk, facts.shim, {}};
  return {"shim", CheckState::kMissing, facts.shim_access->message,
          "headroom-shim belongs beside headroomd, or --shim names it; without it no job starts"};
}

Check JudgeDaemon(const HostFacts& facts) {
  const DaemonFacts& daemon = facts.daemon;
  if (daemon.version.empty()) {
    return {"daemon", CheckState::kMissing, daemon.failure,
            "start headroomd, or name its socket with --socket"};
  }
  const std::string found = fmt::format("{} answers on {}", daemon.version, daemon.socket);
  if (!daemon.not_ready.empty()) {
    return {"daemon", CheckState::kMissing,
            fmt::format("{}, but is not ready: {}", found, fmt::join(daemon.not_ready, "; ")),
            "its log says more"};
  }
  if (daemon.version != kVersion) {
    return {
        "daemon", CheckState::kWeaker, found,
        fmt::format("this command is version {}: restart the daemon after an upgrade", kVersion)};
  }
  return {"daemon", CheckState::kOk, found, {}};
}

constexpr Check (*kJudges[])(const HostFacts&) = {
    &JudgeKernel,   &JudgeCgroups,  &JudgeControllers, &JudgeDelegation, &JudgeKill,
    &JudgeClone3,   &JudgePressure, &JudgeTriggers,    &JudgeMemory,     &JudgeUser,
    &JudgeStateDir, &JudgePolicy,   &JudgeGroup,       &JudgeShim,       &JudgeDaemon};

Tone ToneOf(CheckState state) {
  switch (state) {
    case CheckState::kOk:
      return Tone::kGood;
    case CheckState::kWeaker:
    case CheckState::kUnknown:
      return Tone::kWarn;
    case CheckState::kMissing:
      return Tone::kBad;
  }
  return Tone::kPlain;
}

}  // namespace

const char* ToString(CheckState state) {
  switch (state) {
    case CheckState::kOk:
      return "ok";
    case CheckState::kWeaker:
      return "weaker";
    case CheckState::kUnknown:
      return "unknown";
    case CheckState::kMissing:
      return "missing";
  }
  return "missing";
}

std::vector<Check> Judge(const HostFacts& facts) {
  std::vector<Check> checks;
  for (const auto judge : kJudges) checks.push_back(judge(facts));
  return checks;
}

bool AllThere(const std::vector<Check>& checks) {
  return std::ranges::none_of(
      checks, [](const Check& check) { return check.state == CheckState::kMissing; });
}

std::string ChecksText(const std::vector<Check>& checks, const Look& look) {
  constexpr int kStateWidth = 7;
  constexpr int kNameWidth = 17;
  std::string text;
  for (const Check& check : checks) {
    const std::string state = fmt::format("{:<{}}", ToString(check.state), kStateWidth);
    text += fmt::format("{}  {:<{}}  {}\n", Paint(state, ToneOf(check.state), look), check.name,
                        kNameWidth, Escape(check.found));
    if (!check.advice.empty()) {
      text += fmt::format("{:{}}{}\n", "", kStateWidth + kNameWidth + 4,
                          Paint(Escape(check.advice), Tone::kStrong, look));
    }
  }
  return text;
}

}  // namespace headroom::cli
