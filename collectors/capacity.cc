#include "collectors/capacity.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "collectors/cgroup_parse.h"
#include "collectors/parse.h"
#include "collectors/proc_parse.h"

namespace headroom {
namespace {

template <auto Parse, auto Field, class Sample>
Status Into(std::string_view text, Sample& into) {
  auto parsed = Parse(text);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  into.*Field = *parsed;
  return {};
}

constexpr FileSpec<CgroupLimits> kUnifiedFiles[] = {
    {0, "memory.max", Need::kOptional, Topic::kUse, &Into<&ParseLimit, &CgroupLimits::memory_max>},
    {0, "memory.high", Need::kOptional, Topic::kUse,
     &Into<&ParseLimit, &CgroupLimits::memory_high>},
    {0, "cpu.max", Need::kOptional, Topic::kUse, &Into<&ParseCpuMax, &CgroupLimits::cpu_millis>},
    {0, "cpuset.cpus.effective", Need::kOptional, Topic::kUse,
     &Into<&CountCpuList, &CgroupLimits::cpus>},
    {0, "pids.max", Need::kOptional, Topic::kUse, &Into<&ParseLimit, &CgroupLimits::pids_max>},
};

enum HybridRoot : std::size_t { kMemory = 0, kCpu = 1, kPids = 3 };  // as CgroupRoots()

constexpr FileSpec<CgroupLimits> kHybridFiles[] = {
    {kMemory, "memory.limit_in_bytes", Need::kOptional, Topic::kUse,
     &Into<&ParseMemoryLimitV1, &CgroupLimits::memory_max>},
    {kCpu, "cpu.cfs_quota_us", Need::kOptional, Topic::kUse,
     &Into<&ParseCfsQuota, &CgroupLimits::cfs_quota>},
    {kCpu, "cpu.cfs_period_us", Need::kOptional, Topic::kUse,
     &Into<&ParseAmount, &CgroupLimits::cfs_period>},
    {kPids, "pids.max", Need::kOptional, Topic::kUse, &Into<&ParseLimit, &CgroupLimits::pids_max>},
};

constexpr FileSpec<CgroupLimits> kOwnFiles[] = {
    {0, "self/status", Need::kRequired, Topic::kUse, &Into<&ParseCpusAllowed, &CgroupLimits::cpus>},
};

std::span<const FileSpec<CgroupLimits>> LimitFiles(CgroupMode mode) {
  switch (mode) {
    case CgroupMode::kUnified:
      return kUnifiedFiles;
    case CgroupMode::kHybrid:
      return kHybridFiles;
  }
  return {};
}

// The smaller of two limits, where an absent one is none.
std::optional<int64_t> Smaller(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// A minimum in the making, which starts from something that every host has.
class Smallest {
 public:
  Smallest(std::optional<int64_t> start, std::string_view name) : amount_(start), name_(name) {}
  void Offer(std::optional<int64_t> amount, std::string_view name) {
    if (!amount_ || !amount || *amount >= *amount_) return;
    amount_ = amount;
    name_ = name;
  }
  std::optional<int64_t> amount() const { return amount_; }
  std::string_view name() const { return amount_ ? name_ : ""; }

 private:
  std::optional<int64_t> amount_;
  std::string_view name_;
};

std::optional<int64_t> CpusToMillis(std::optional<int64_t> cpus) {
  return cpus ? std::optional(*cpus * 1000) : std::nullopt;
}

void Forget(CapacitySample& into) {
  into.limits.clear();
  into.memory_bytes = into.cpu_millis = into.pids = std::nullopt;
  into.memory_limited_by.clear();
  into.cpu_limited_by.clear();
}

}  // namespace

bool SetLimits(const CgroupLimits& limits, const HostSample& host, LimitSample& into) {
  into.memory_bytes = Smaller(limits.memory_max, limits.memory_high);
  into.cpu_millis = limits.cpu_millis;
  if (limits.cfs_quota && limits.cfs_period.value_or(0) > 0) {
    into.cpu_millis = *limits.cfs_quota * 1000 / *limits.cfs_period;
  }
  if (limits.cpus < host.online_cpus) {
    into.cpu_millis = Smaller(into.cpu_millis, CpusToMillis(limits.cpus));
  }
  into.pids = limits.pids_max;
  return into.memory_bytes || into.cpu_millis || into.pids;
}

void FindSmallest(const HostSample& host, std::optional<int64_t> cpus_allowed,
                  CapacitySample& into) {
  Smallest memory(host.memory_total, "MemTotal");
  Smallest cpu(CpusToMillis(host.online_cpus), "online CPUs");
  Smallest pids(host.pids_max, "kernel");
  cpu.Offer(CpusToMillis(cpus_allowed), "the daemon's own CPUs");
  for (const LimitSample& level : into.limits) {
    memory.Offer(level.memory_bytes, level.path);
    cpu.Offer(level.cpu_millis, level.path);
    pids.Offer(level.pids, level.path);
  }
  into.memory_bytes = memory.amount();
  into.cpu_millis = cpu.amount();
  into.pids = pids.amount();
  into.memory_limited_by = memory.name();
  into.cpu_limited_by = cpu.name();
}

CapacityReader::CapacityReader(const CgroupLayout& layout, std::span<const std::string> roots) {
  if (layout.mounts.mode == CgroupMode::kHybrid) {
    own_.emplace(Source::kCapacity, std::span(&layout.proc, 1), "", kOwnFiles);
  }
  for (std::string path = layout.Pool();;) {
    levels_.push_back(Level{
        {Source::kCapacity, roots, path, LimitFiles(layout.mounts.mode)},
        {layout.mounts.mode, roots, path, Source::kCapacity},
    });
    if (path.empty()) return;
    const auto slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
}

void CapacityReader::Read(const Clock& clock, const HostSample& host, const CgroupSample& pool,
                          ReadBuffer& buffer, CapacitySample& into, FailureLog& failures) {
  CgroupLimits own;
  const Outcome outcome = own_ ? own_->Read(buffer, own, failures) : Outcome::kWhole;
  if (outcome == Outcome::kWhole && ReadLevels(clock, host, pool, buffer, into.limits, failures)) {
    FindSmallest(host, own.cpus, into);
  } else {
    Forget(into);
  }
}

bool CapacityReader::ReadLevels(const Clock& clock, const HostSample& host,
                                const CgroupSample& pool, ReadBuffer& buffer,
                                std::vector<LimitSample>& into, FailureLog& failures) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    CgroupLimits limits;
    const Outcome outcome = levels_[i].limits.Read(buffer, limits, failures);
    if (outcome == Outcome::kGone) {
      failures.Add(Source::kCapacity, "/" + levels_[i].limits.path(),
                   {ErrorCode::kNotFound, "the cgroup is not there", ENOENT});
    }
    if (outcome != Outcome::kWhole) return false;
    if (used == into.size()) into.emplace_back();
    LimitSample& level = into[used];
    if (!SetLimits(limits, host, level)) continue;
    level.path.assign("/").append(levels_[i].limits.path());
    if (i == 0) {
      level.use = pool;
    } else if (levels_[i].use.Read(clock, buffer, level.use, failures) != Outcome::kWhole) {
      return false;
    }
    ++used;
  }
  into.resize(used);
  return true;
}

}  // namespace headroom
