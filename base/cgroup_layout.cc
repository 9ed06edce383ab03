#include "base/cgroup_layout.h"

#include <fmt/format.h>

#include <map>

#include "base/file.h"

namespace headroom {
namespace {

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// The cgroup mounts of a mountinfo file: v1 controllers by name, and "cgroup2".
std::map<std::string, std::string, std::less<>> CgroupMountPoints(std::string_view mountinfo) {
  std::map<std::string, std::string, std::less<>> points;
  for (const std::string_view line : Split(mountinfo, '\n')) {
    // proc(5): "36 35 98:0 /root /mount/point options optional… - type source super-options"
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = Split(line.substr(0, dash), ' ');
    const auto after = Split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    const std::string point(before[4]);
    if (after[0] == "cgroup2") points.emplace("cgroup2", point);
    if (after[0] != "cgroup") continue;
    for (const std::string_view option : Split(after[2], ',')) points.emplace(option, point);
  }
  return points;
}

std::string Found(const std::map<std::string, std::string, std::less<>>& points) {
  std::string found;
  for (const auto& [name, point] : points) {
    if (name == "rw" || name == "ro") continue;
    found += fmt::format("{}{} on {}", found.empty() ? "" : ", ", name, point);
  }
  return found.empty() ? "none" : found;
}

}  // namespace

const char* ToString(CgroupMode mode) {
  switch (mode) {
    case CgroupMode::kUnified:
      return "unified";
    case CgroupMode::kHybrid:
      return "hybrid";
  }
  return "unified";
}

Result<CgroupMounts> ParseCgroupMounts(std::string_view mountinfo) {
  const auto points = CgroupMountPoints(mountinfo);
  const auto at = [&](std::string_view name) {
    const auto found = points.find(name);
    return found == points.end() ? std::string() : found->second;
  };
  CgroupMounts mounts{CgroupMode::kUnified, at("cgroup2"), at("memory"), at("cpu"),
                      at("cpuacct"),        at("pids")};
  const bool any_v1 = !mounts.memory.empty() || !mounts.cpu.empty() || !mounts.pids.empty();
  if (!mounts.unified.empty() && !any_v1)
    return CgroupMounts{CgroupMode::kUnified, mounts.unified, {}, {}, {}, {}};
  mounts.mode = CgroupMode::kHybrid;
  if (!mounts.unified.empty() && !mounts.memory.empty() && !mounts.cpu.empty() &&
      !mounts.cpuacct.empty() && !mounts.pids.empty()) {
    return mounts;
  }
  return Fail(
      ErrorCode::kUnsupported,
      fmt::format("cgroup mounts found: {}; needed: cgroup2 alone (boot with "
                  "systemd.unified_cgroup_hierarchy=1), or v1 memory, cpu, cpuacct and pids "
                  "with a cgroup2 mount beside them",
                  Found(points)));
}

Result<CgroupMounts> FindCgroupMounts(const std::string& proc) {
  const auto mountinfo = ReadFile(proc + "/self/mountinfo", 4 << 20);
  if (!mountinfo) return Within("find the cgroup mounts", mountinfo.error());
  return ParseCgroupMounts(*mountinfo);
}

}  // namespace headroom
