#include "daemon/policy_use.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "admission/request.h"

namespace headroom {
namespace {

std::optional<int64_t> CapOf(const AmountOrShare& limit, const std::optional<int64_t>& whole) {
  if (limit.share && !whole) return std::nullopt;
  return Resolve(limit, whole.value_or(0));
}

std::optional<int64_t> Smaller(const std::optional<int64_t>& a, const std::optional<int64_t>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

bool Reads(const std::optional<Psi>& psi) { return psi && psi->some && psi->some->avg10; }

bool GateCanRead(const Policy& policy, const Measurements& seen) {
  return std::ranges::any_of(policy.gate, [&](const GateThreshold& row) {
    switch (row.resource) {
      case PressureResource::kMemory:
        return Reads(seen.host.pressure.memory) || Reads(seen.pool.pressure.memory);
      case PressureResource::kCpu:
        return Reads(seen.host.pressure.cpu) || Reads(seen.pool.pressure.cpu);
      case PressureResource::kIo:
        return Reads(seen.host.pressure.io) || Reads(seen.pool.pressure.io);
    }
    return false;
  });
}

// What it means for a job that a file of the kernel's cannot be written.
std::string MeaningOf(const std::string& file) {
  constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
      {"memory.high", "jobs are not slowed down before their memory limit"},
      {"memory.swap.max", "jobs may swap beyond jobs.swap_max"},
      {"memory.oom.group", "out of memory may kill only a part of a job"}};
  for (const auto& [known, meaning] : kMeanings) {
    if (file == known) return fmt::format("{} ({})", meaning, file);
  }
  return file;
}

// "not enforced: jobs may swap beyond jobs.swap_max (memory.swap.max); boot with ...".
std::string NotEnforced(const Enforcement& enforcement) {
  std::vector<std::string> meanings;
  for (const std::string& file : enforcement.missing) meanings.push_back(MeaningOf(file));
  return fmt::format("not enforced: {}; {}", fmt::join(meanings, ", "),
                     enforcement.mode == "unified"
                         ? "boot with swapaccount=1"
                         : "cgroup v2 can: boot with systemd.unified_cgroup_hierarchy=1");
}

}  // namespace

PoolCaps PoolCapsOf(const PoolLimits& limits, const Measurements& seen, std::string_view pool) {
  std::optional<int64_t> memory = seen.host.memory_total;
  std::optional<int64_t> cpu;
  if (seen.host.online_cpus) cpu = *seen.host.online_cpus * 1000;
  std::optional<int64_t> pids = seen.host.pids_max;
  for (const LimitSample& around : seen.capacity.limits) {
    if (around.path == pool) continue;
    memory = Smaller(memory, around.memory_bytes);
    cpu = Smaller(cpu, around.cpu_millis);
    pids = Smaller(pids, around.pids);
  }
  PoolCaps caps;
  caps.memory_max_bytes = CapOf(limits.memory_max, memory);
  if (limits.cpu_max) caps.cpu_max_millis = CapOf(*limits.cpu_max, cpu);
  caps.pids_max = CapOf(limits.pids_max, pids);
  return caps;
}

std::vector<std::string> Degradations(const Policy& policy, const Measurements& seen,
                                      const Enforcement& enforcement, std::size_t armed_triggers) {
  std::vector<std::string> notes;
  if (!policy.gate.empty() && !GateCanRead(policy, seen)) {
    notes.push_back("no PSI: the pressure gate cannot close (boot with psi=1)");
  } else if (!policy.gate.empty() && armed_triggers == 0) {
    notes.push_back("no PSI triggers: pressure is seen at the next tick only");
  }
  if (!enforcement.missing.empty()) notes.push_back(NotEnforced(enforcement));
  const auto throttle = std::ranges::find(policy.relief, ReliefStep::kThrottle, &ReliefRung::step);
  if (throttle != policy.relief.end() && enforcement.mode != "unified") {
    notes.push_back(
        "relief.throttle does nothing: cgroup v1 has no memory.high; cgroup v2 has: boot with "
        "systemd.unified_cgroup_hierarchy=1");
  }
  for (const CollectorFailure& failure : seen.failures) {
    notes.push_back("collector " + failure.collector + ": " + failure.message);
  }
  return notes;
}

}  // namespace headroom
