#include "collectors/cgroup_reader.h"

#include <utility>

#include "collectors/cgroup_parse.h"
#include "collectors/parse.h"

namespace headroom {
namespace {

// What can be done with a text, as the functions that the tables name.

Status Store(Result<int64_t> amount, std::optional<int64_t>& into) {
  if (!amount) return tl::unexpected(std::move(amount.error()));
  into = *amount;
  return {};
}

template <auto Part, auto Field>
Status Amount(std::string_view text, CgroupSample& into) {
  return Store(ParseAmount(text), into.*Part.*Field);
}

template <auto Field>
Status Amount(std::string_view text, CgroupSample& into) {
  return Store(ParseAmount(text), into.*Field);
}

template <auto Parse, auto Part>
Status Fields(std::string_view text, CgroupSample& into) {
  return Parse(text, into.*Part);
}

Status CpuacctUsage(std::string_view text, CgroupSample& into) {
  return Store(ParseCpuacctUsage(text), into.cpu.usage_usec);
}

using Spec = FileSpec<CgroupSample>;
constexpr auto kMemory = &CgroupSample::memory;
constexpr auto kEvents = &CgroupSample::events;
constexpr auto kLocal = &CgroupSample::events_local;
constexpr auto kCpu = &CgroupSample::cpu;

// The roots of a hybrid host. A unified one has the one root 0.
enum HybridRoot : std::size_t { kV1Memory, kV1Cpu, kV1Cpuacct, kV1Pids, kTwin };

constexpr Spec kUnifiedFiles[] = {
    {0, "memory.current", Need::kRequired, Topic::kUse, &Amount<kMemory, &MemorySample::current>},
    {0, "memory.stat", Need::kRequired, Topic::kUse, &Fields<&ParseMemoryStat, kMemory>},
    {0, "memory.peak", Need::kOptional, Topic::kUse,
     &Amount<kMemory, &MemorySample::peak>},  // 5.19
    {0, "memory.swap.current", Need::kOptional, Topic::kUse, &Amount<kMemory, &MemorySample::swap>},
    {0, "memory.events", Need::kOptional, Topic::kUse, &Fields<&ParseMemoryEvents, kEvents>},
    {0, "memory.events.local", Need::kOptional, Topic::kUse, &Fields<&ParseMemoryEvents, kLocal>},
    {0, "cpu.stat", Need::kRequired, Topic::kUse, &Fields<&ParseCpuStat, kCpu>},
    {0, "pids.current", Need::kRequired, Topic::kUse, &Amount<&CgroupSample::pids>},
    {0, "pids.peak", Need::kOptional, Topic::kUse, &Amount<&CgroupSample::pids_peak>},  // 6.1
    {0, "memory.pressure", Need::kOptional, Topic::kPressure,
     &ParsePressure<&PressureSample::memory>},
    {0, "cpu.pressure", Need::kOptional, Topic::kPressure, &ParsePressure<&PressureSample::cpu>},
    {0, "io.pressure", Need::kOptional, Topic::kPressure, &ParsePressure<&PressureSample::io>},
};

constexpr Spec kHybridFiles[] = {
    {kV1Memory, "memory.usage_in_bytes", Need::kRequired, Topic::kUse,
     &Amount<kMemory, &MemorySample::current>},
    {kV1Memory, "memory.stat", Need::kRequired, Topic::kUse, &Fields<&ParseMemoryStatV1, kMemory>},
    {kV1Memory, "memory.max_usage_in_bytes", Need::kOptional, Topic::kUse,
     &Amount<kMemory, &MemorySample::peak>},
    {kV1Memory, "memory.kmem.usage_in_bytes", Need::kOptional, Topic::kUse,
     &Amount<kMemory, &MemorySample::kernel>},
    {kV1Memory, "memory.kmem.tcp.usage_in_bytes", Need::kOptional, Topic::kUse,
     &Amount<kMemory, &MemorySample::sock>},
    {kV1Memory, "memory.oom_control", Need::kOptional, Topic::kUse,
     &Fields<&ParseOomControlV1, kEvents>},
    {kV1Memory, "memory.failcnt", Need::kOptional, Topic::kUse,
     &Amount<kEvents, &MemoryEvents::max>},
    {kV1Cpu, "cpu.stat", Need::kOptional, Topic::kUse, &Fields<&ParseCpuStatV1, kCpu>},
    {kTwin, "cpu.stat", Need::kOptional, Topic::kUse, &Fields<&ParseCpuStat, kCpu>},
    {kV1Cpuacct, "cpuacct.usage", Need::kRequired, Topic::kUse, &CpuacctUsage},
    {kV1Pids, "pids.current", Need::kRequired, Topic::kUse, &Amount<&CgroupSample::pids>},
    {kV1Pids, "pids.peak", Need::kOptional, Topic::kUse, &Amount<&CgroupSample::pids_peak>},
    {kTwin, "memory.pressure", Need::kOptional, Topic::kPressure,
     &ParsePressure<&PressureSample::memory>},
    {kTwin, "cpu.pressure", Need::kOptional, Topic::kPressure,
     &ParsePressure<&PressureSample::cpu>},
    {kTwin, "io.pressure", Need::kOptional, Topic::kPressure, &ParsePressure<&PressureSample::io>},
};

// The mount itself has only some of these, unless it is a container's.
constexpr Spec kUnifiedUse[] = {
    {0, "memory.stat", Need::kOptional, Topic::kUse, &Fields<&ParseMemoryStat, kMemory>},
    {0, "memory.swap.current", Need::kOptional, Topic::kUse, &Amount<kMemory, &MemorySample::swap>},
    {0, "cpu.stat", Need::kOptional, Topic::kUse, &Fields<&ParseCpuStat, kCpu>},
    {0, "pids.current", Need::kOptional, Topic::kUse, &Amount<&CgroupSample::pids>},
};

constexpr Spec kHybridUse[] = {
    {kV1Memory, "memory.usage_in_bytes", Need::kOptional, Topic::kUse,
     &Amount<kMemory, &MemorySample::current>},
    {kV1Memory, "memory.stat", Need::kOptional, Topic::kUse, &Fields<&ParseMemoryStatV1, kMemory>},
    {kV1Cpuacct, "cpuacct.usage", Need::kOptional, Topic::kUse, &CpuacctUsage},
    {kV1Pids, "pids.current", Need::kOptional, Topic::kUse, &Amount<&CgroupSample::pids>},
};

std::span<const Spec> Files(CgroupMode mode, Source source) {
  const bool use_only = source == Source::kCapacity;
  switch (mode) {
    case CgroupMode::kUnified:
      return use_only ? std::span<const Spec>(kUnifiedUse) : kUnifiedFiles;
    case CgroupMode::kHybrid:
      return use_only ? std::span<const Spec>(kHybridUse) : kHybridFiles;
  }
  return {};
}

}  // namespace

std::vector<std::string> CgroupRoots(const CgroupMounts& mounts) {
  switch (mounts.mode) {
    case CgroupMode::kUnified:
      return {mounts.unified};
    case CgroupMode::kHybrid:
      return {mounts.memory, mounts.cpu, mounts.cpuacct, mounts.pids, mounts.unified};
  }
  return {};
}

CgroupReader::CgroupReader(CgroupMode mode, std::span<const std::string> roots, std::string path,
                           Source source)
    : files_(source, roots, std::move(path), Files(mode, source)) {}

Outcome CgroupReader::Read(const Clock& clock, ReadBuffer& buffer, CgroupSample& into,
                           FailureLog& failures) {
  into = CgroupSample{};
  into.taken_at = clock.Now();
  const Outcome outcome = files_.Read(buffer, into, failures);
  into.cgroup_id = files_.id();
  return outcome;
}

}  // namespace headroom
