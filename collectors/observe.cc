#include "collectors/observe.h"

#include <algorithm>
#include <limits>

#include "admission/contention.h"

namespace headroom {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

int64_t Add(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kMost : sum;
}

// Microseconds of CPU in a stretch of time, as thousandths of a core.
std::optional<int64_t> MillisBetween(std::optional<int64_t> before, std::optional<int64_t> after,
                                     Duration elapsed) {
  if (!before || !after || *after < *before) return std::nullopt;
  if (elapsed < std::chrono::milliseconds(10)) return std::nullopt;
  const int64_t used = *after - *before;
  if (used > kMost / 1000) return std::nullopt;
  return used * 1000 / std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
}

const CgroupSample* AttemptBefore(const Measurements& before, const std::string& name) {
  const auto found = before.attempts.find(name);
  return found == before.attempts.end() ? nullptr : &found->second;
}

const LimitSample* LimitBefore(const Measurements& before, const std::string& path) {
  for (const LimitSample& limit : before.capacity.limits) {
    if (limit.path == path) return &limit;
  }
  return nullptr;
}

// What is used at one place that has limits: the host, the pool, an ancestor. All or nothing.
struct Use {
  std::optional<int64_t> memory_bytes, cpu_millis, pids;
};

// What our jobs use. CPU is taken from the pool itself, which also knows that of jobs that ended
// since `before`; memory and pids of ended jobs that stay are not ours any more.
ResourceVector OurUse(const Measurements& before, const Measurements& now) {
  ResourceVector ours;
  for (const auto& [name, sample] : now.attempts) {
    const ObservedUse use = Observe(AttemptBefore(before, name), sample);
    ours.memory_bytes = Add(ours.memory_bytes, use.memory_bytes.value_or(0));
    ours.cpu_millis = Add(ours.cpu_millis, use.cpu_millis.value_or(0));
    ours.pids = Add(ours.pids, use.pids.value_or(0));
  }
  const auto pool = CpuMillisBetween(before.pool, now.pool);
  ours.cpu_millis = std::max(ours.cpu_millis, pool.value_or(0));
  return ours;
}

// Swapped-out memory is use as well: the jobs' is in what they are observed to use.
Use HostUse(const HostSample& before, const HostSample& now) {
  Use use;
  if (now.memory_total && now.memory_available) {
    use.memory_bytes = *now.memory_total - std::min(*now.memory_available, *now.memory_total);
    if (now.swap_total && now.swap_free) {
      const int64_t swapped = *now.swap_total - std::min(*now.swap_free, *now.swap_total);
      use.memory_bytes = Add(*use.memory_bytes, swapped);
    }
  }
  use.cpu_millis =
      MillisBetween(before.cpu_busy_usec, now.cpu_busy_usec, now.taken_at - before.taken_at);
  use.pids = now.pids;
  return use;
}

// What others use at one place where `limit` is what all together may use, as far as it takes from
// `capacity`: it fills the gap between the two first. False if it cannot be told.
bool AddOthers(std::optional<int64_t> limit, std::optional<int64_t> used, int64_t ours,
               int64_t capacity, int64_t& unmanaged) {
  if (!limit) return true;
  if (!used) return false;
  const int64_t others = std::max<int64_t>(0, *used - ours);
  unmanaged = std::max(unmanaged, others - std::max<int64_t>(0, *limit - capacity));
  return true;
}

bool AddOthers(const Use& limit, const Use& used, const ResourceVector& ours, HostView& view) {
  const ResourceVector& capacity = view.capacity;
  ResourceVector& unmanaged = view.unmanaged;
  return AddOthers(limit.memory_bytes, used.memory_bytes, ours.memory_bytes, capacity.memory_bytes,
                   unmanaged.memory_bytes) &&
         AddOthers(limit.cpu_millis, used.cpu_millis, ours.cpu_millis, capacity.cpu_millis,
                   unmanaged.cpu_millis) &&
         AddOthers(limit.pids, used.pids, ours.pids, capacity.pids, unmanaged.pids);
}

bool AddOthersOnHost(const Measurements& before, const Measurements& now,
                     const ResourceVector& ours, HostView& view) {
  const std::optional<int64_t> cpus = now.host.online_cpus;
  const Use limit{now.host.memory_total.value_or(view.capacity.memory_bytes),
                  cpus ? *cpus * 1000 : view.capacity.cpu_millis,
                  now.host.pids_max.value_or(view.capacity.pids)};
  return AddOthers(limit, HostUse(before.host, now.host), ours, view);
}

bool AddOthersUnder(const LimitSample& limit, const Measurements& before,
                    const ResourceVector& ours, HostView& view) {
  Use used{ObservedMemory(limit.use.memory), std::nullopt, limit.use.pids};
  if (const LimitSample* earlier = LimitBefore(before, limit.path)) {
    used.cpu_millis = CpuMillisBetween(earlier->use, limit.use);
  }
  return AddOthers({limit.memory_bytes, limit.cpu_millis, limit.pids}, used, ours, view);
}

std::optional<double> Avg10(const std::optional<Psi>& psi, PressureKind kind) {
  if (!psi) return std::nullopt;
  const std::optional<PsiLine>& line = kind == PressureKind::kSome ? psi->some : psi->full;
  return line ? line->avg10 : std::nullopt;
}

std::optional<Psi> PressureSample::*FieldOf(PressureResource resource) {
  switch (resource) {
    case PressureResource::kMemory:
      return &PressureSample::memory;
    case PressureResource::kCpu:
      return &PressureSample::cpu;
    case PressureResource::kIo:
      return &PressureSample::io;
  }
  return &PressureSample::memory;
}

std::optional<Duration> StallOf(const PressureSample& sample, PressureKind kind) {
  const std::optional<Psi>& psi = sample.cpu;
  if (!psi) return std::nullopt;
  const std::optional<PsiLine>& line = kind == PressureKind::kSome ? psi->some : psi->full;
  if (!line || !line->total_usec) return std::nullopt;
  return std::chrono::microseconds(*line->total_usec);
}

// Absent as well when the counter was set back.
std::optional<Duration> Since(std::optional<Duration> before, std::optional<Duration> now) {
  if (!before || !now || *now < *before) return std::nullopt;
  return *now - *before;
}

std::optional<Duration> ThrottledOf(const CgroupSample& sample) {
  if (!sample.cpu.nr_throttled) return std::nullopt;
  return std::min(*sample.cpu.nr_throttled, kMost / kQuotaPeriod.count()) * kQuotaPeriod;
}

// Counters of a cgroup begin at nothing.
CpuWait WaitOf(const CgroupSample* before, const CgroupSample& now, PressureKind kind) {
  const std::optional<Duration> stalled = StallOf(now.pressure, kind), throttled = ThrottledOf(now);
  const bool is_new = before == nullptr || before->cgroup_id != now.cgroup_id;
  if (is_new) return {stalled, throttled, is_new};
  return {Since(StallOf(before->pressure, kind), stalled), Since(ThrottledOf(*before), throttled),
          is_new};
}

CpuWaits WaitsOf(const Measurements& before, const Measurements& now, PressureKind kind) {
  CpuWaits waits;
  waits.elapsed = now.started_at - before.started_at;
  waits.host_stalled = Since(StallOf(before.host.pressure, kind), StallOf(now.host.pressure, kind));
  waits.pool_stalled = Since(StallOf(before.pool.pressure, kind), StallOf(now.pool.pressure, kind));
  for (const auto& [name, sample] : now.attempts)
    waits.jobs.push_back(WaitOf(AttemptBefore(before, name), sample, kind));
  return waits;
}

// In less time than this a job that waits for its cpu.max all the time may not show it.
constexpr Duration kShortest = 5 * kQuotaPeriod;

bool WasEverThrottled(const Measurements& now) {
  return std::ranges::any_of(now.attempts, [](const auto& attempt) {
    return attempt.second.cpu.nr_throttled.value_or(0) > 0;
  });
}

PressureReading ReadOne(const Measurements* before, const Measurements& now,
                        PressureResource resource, PressureKind kind) {
  const auto field = FieldOf(resource);
  PressureReading reading{resource, kind, std::nullopt};
  reading.avg10 = std::max(Avg10(now.host.pressure.*field, kind),  // absent is less than any
                           Avg10(now.pool.pressure.*field, kind));
  if (resource != PressureResource::kCpu) return reading;
  if (before == nullptr || now.started_at - before->started_at < kShortest) {
    if (WasEverThrottled(now)) reading.avg10.reset();
    return reading;
  }
  const CpuWaits waits = WaitsOf(*before, now, kind);
  if (!AnyThrottled(waits)) return reading;
  if (const auto contention = Contention(waits)) {
    reading.avg10 = 100 * *contention;
    reading.own_limits_taken_out = true;
  }
  return reading;
}

}  // namespace

std::optional<int64_t> ObservedMemory(const MemorySample& memory) {
  if (!memory.anon) return std::nullopt;
  int64_t observed = *memory.anon;
  if (memory.kernel) {
    observed = Add(observed,
                   *memory.kernel - std::min(*memory.kernel, memory.slab_reclaimable.value_or(0)));
  } else {
    observed = Add(observed, memory.slab_unreclaimable.value_or(0));
  }
  for (const auto& part :
       {memory.shmem, memory.sock, memory.dirty, memory.writeback, memory.swap}) {
    observed = Add(observed, part.value_or(0));
  }
  return observed;
}

std::optional<int64_t> CpuMillisBetween(const CgroupSample& before, const CgroupSample& after) {
  if (before.cgroup_id != after.cgroup_id) return std::nullopt;
  return MillisBetween(before.cpu.usage_usec, after.cpu.usage_usec,
                       after.taken_at - before.taken_at);
}

ObservedUse Observe(const CgroupSample* before, const CgroupSample& now) {
  ObservedUse use;
  use.memory_bytes = ObservedMemory(now.memory);
  if (before != nullptr) use.cpu_millis = CpuMillisBetween(*before, now);
  use.pids = now.pids;
  return use;
}

std::optional<HostView> ViewHost(const Measurements* before, const Measurements& now,
                                 const std::vector<TokenAmount>& tokens) {
  const CapacitySample& capacity = now.capacity;
  if (before == nullptr || !capacity.memory_bytes || !capacity.cpu_millis || !capacity.pids) {
    return std::nullopt;
  }
  HostView view;
  view.measured_at = now.started_at;
  view.capacity = {*capacity.memory_bytes, *capacity.cpu_millis, *capacity.pids, tokens};

  const ResourceVector ours = OurUse(*before, now);
  if (!AddOthersOnHost(*before, now, ours, view)) return std::nullopt;
  for (const LimitSample& limit : capacity.limits) {
    if (!AddOthersUnder(limit, *before, ours, view)) return std::nullopt;
  }
  return view;
}

std::vector<PressureReading> ReadPressure(const Measurements* before, const Measurements& now) {
  std::vector<PressureReading> readings;
  for (const auto resource :
       {PressureResource::kMemory, PressureResource::kCpu, PressureResource::kIo}) {
    for (const auto kind : {PressureKind::kSome, PressureKind::kFull}) {
      readings.push_back(ReadOne(before, now, resource, kind));
    }
  }
  return readings;
}

}  // namespace headroom
