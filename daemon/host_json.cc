#include "daemon/host_json.h"

#include <string>

#include "admission/windows.h"

namespace headroom {
namespace {

// One dimension of an account. The sums are those of Account (admission/charge.h): its capacity is
// without the reserve, which is put back here to be shown.
OrderedJson LineToJson(const std::optional<Account>& account,
                       const std::optional<ResourceVector>& observed,
                       int64_t ResourceVector::*dimension, int64_t reserve) {
  const auto at = [dimension](const ResourceVector& amounts) { return amounts.*dimension; };
  if (!account) {
    return {{"capacity", nullptr},     {"target", nullptr},      {"ceiling", nullptr},
            {"unmanaged", nullptr},    {"reserve", reserve},     {"observed", nullptr},
            {"charge", nullptr},       {"peak_charge", nullptr}, {"headroom", nullptr},
            {"peak_headroom", nullptr}};
  }
  const int64_t unmanaged = at(account->unmanaged);
  const int64_t charge = at(account->expected_charge);
  const int64_t peak_charge = at(account->peak_charge);
  return {{"capacity", at(account->capacity) + reserve},
          {"target", at(account->expected_free) + unmanaged + charge},
          {"ceiling", at(account->peak_free) + unmanaged + peak_charge},
          {"unmanaged", unmanaged},
          {"reserve", reserve},
          {"observed", observed ? OrderedJson(at(*observed)) : OrderedJson(nullptr)},
          {"charge", charge},
          {"peak_charge", peak_charge},
          {"headroom", at(account->expected_free)},
          {"peak_headroom", at(account->peak_free)}};
}

int64_t CountOf(const ResourceVector& amounts, const std::string& token) {
  return Amount(amounts, {Dimension::kToken, token});
}

OrderedJson TokenLinesToJson(const std::optional<Account>& account, const Policy& policy) {
  OrderedJson json = OrderedJson::object();
  for (const TokenAmount& token : policy.tokens) {
    OrderedJson held = nullptr;
    if (account) held = CountOf(account->peak_charge, token.name);
    json[token.name] = {{"capacity", token.count}, {"held", held}};
  }
  return json;
}

OrderedJson PsiLineToJson(const std::optional<PsiLine>& line) {
  if (!line) return nullptr;
  return {{"avg10", OrNull(line->avg10)},
          {"avg60", OrNull(line->avg60)},
          {"avg300", OrNull(line->avg300)},
          {"total_usec", OrNull(line->total_usec)}};
}

OrderedJson PsiToJson(const std::optional<Psi>& psi) {
  if (!psi) return nullptr;
  return {{"some", PsiLineToJson(psi->some)}, {"full", PsiLineToJson(psi->full)}};
}

OrderedJson PressureToJson(const PressureSample& pressure) {
  return {{"memory", PsiToJson(pressure.memory)},
          {"cpu", PsiToJson(pressure.cpu)},
          {"io", PsiToJson(pressure.io)}};
}

OrderedJson MemoryToJson(const MemorySample& memory) {
  return {{"current", OrNull(memory.current)},
          {"peak", OrNull(memory.peak)},
          {"swap", OrNull(memory.swap)},
          {"anon", OrNull(memory.anon)},
          {"shmem", OrNull(memory.shmem)},
          {"file", OrNull(memory.file)},
          {"kernel", OrNull(memory.kernel)},
          {"slab_reclaimable", OrNull(memory.slab_reclaimable)},
          {"slab_unreclaimable", OrNull(memory.slab_unreclaimable)},
          {"sock", OrNull(memory.sock)},
          {"dirty", OrNull(memory.dirty)},
          {"writeback", OrNull(memory.writeback)}};
}

OrderedJson MemoryEventsToJson(const MemoryEvents& events) {
  return {{"low", OrNull(events.low)},           {"high", OrNull(events.high)},
          {"max", OrNull(events.max)},           {"oom", OrNull(events.oom)},
          {"oom_kill", OrNull(events.oom_kill)}, {"oom_group_kill", OrNull(events.oom_group_kill)}};
}

OrderedJson CpuToJson(const CpuSample& cpu) {
  return {
      {"usage_usec", OrNull(cpu.usage_usec)},     {"user_usec", OrNull(cpu.user_usec)},
      {"system_usec", OrNull(cpu.system_usec)},   {"nr_periods", OrNull(cpu.nr_periods)},
      {"nr_throttled", OrNull(cpu.nr_throttled)}, {"throttled_usec", OrNull(cpu.throttled_usec)}};
}

// Null for what was never sampled: its instant is the clock's zero.
OrderedJson AgeToJson(TimePoint taken_at, TimePoint now) {
  return taken_at == TimePoint{} ? OrderedJson(nullptr) : OrderedJson(Seconds(now - taken_at));
}

OrderedJson CgroupToJson(const CgroupSample& cgroup, TimePoint now) {
  return {{"age_seconds", AgeToJson(cgroup.taken_at, now)},
          {"memory", MemoryToJson(cgroup.memory)},
          {"memory_events", MemoryEventsToJson(cgroup.events)},
          {"memory_events_local", MemoryEventsToJson(cgroup.events_local)},
          {"cpu", CpuToJson(cgroup.cpu)},
          {"pids", OrNull(cgroup.pids)},
          {"pids_peak", OrNull(cgroup.pids_peak)},
          {"pressure", PressureToJson(cgroup.pressure)}};
}

OrderedJson HostToJson(const HostSample& host, TimePoint now) {
  return {{"age_seconds", AgeToJson(host.taken_at, now)},
          {"memory_total", OrNull(host.memory_total)},
          {"memory_available", OrNull(host.memory_available)},
          {"memory_free", OrNull(host.memory_free)},
          {"swap_total", OrNull(host.swap_total)},
          {"swap_free", OrNull(host.swap_free)},
          {"cpu_busy_usec", OrNull(host.cpu_busy_usec)},
          {"online_cpus", OrNull(host.online_cpus)},
          {"pids", OrNull(host.pids)},
          {"pressure", PressureToJson(host.pressure)}};
}

}  // namespace

OrderedJson AmountsToJson(const ResourceVector& amounts) {
  OrderedJson tokens = OrderedJson::object();
  for (const TokenAmount& token : amounts.tokens) tokens[token.name] = token.count;
  return {{"memory_bytes", amounts.memory_bytes},
          {"cpu_millis", amounts.cpu_millis},
          {"pids", amounts.pids},
          {"tokens", tokens}};
}

OrderedJson WindowsToJson(const std::vector<OpenWindow>& windows, const Policy& policy,
                          TimePoint now) {
  OrderedJson json = OrderedJson::array();
  for (const OpenWindow& open : windows) {
    const TimeWindow* window = WindowOf(open, policy);
    if (window == nullptr || open.ends <= now) continue;
    json.push_back({{"name", window->name},
                    {"drain", window->drain},
                    {"begins_in_seconds", Seconds(open.begins - now)},
                    {"ends_in_seconds", Seconds(open.ends - now)}});
  }
  return json;
}

OrderedJson GateToJson(const GateState& gate, TimePoint now) {
  OrderedJson cause = nullptr;
  if (gate.cause) {
    cause = {{"resource", ToString(gate.cause->resource)},
             {"kind", ToString(gate.cause->kind)},
             {"value", gate.cause->value},
             {"must_fall_below", gate.cause->must_fall_below}};
  }
  OrderedJson quiet = nullptr;
  if (gate.quiet_since) quiet = Seconds(now - *gate.quiet_since);
  return {{"position", ToString(gate.position)},
          {"since_seconds", Seconds(now - gate.since)},
          {"quiet_for_seconds", quiet},
          {"cause", cause}};
}

OrderedJson LinesToJson(const std::optional<Account>& account,
                        const std::optional<ResourceVector>& observed, const Policy& policy) {
  return {{"memory", LineToJson(account, observed, &ResourceVector::memory_bytes,
                                policy.reserve_memory_bytes)},
          {"cpu",
           LineToJson(account, observed, &ResourceVector::cpu_millis, policy.reserve_cpu_millis)},
          {"pids", LineToJson(account, observed, &ResourceVector::pids, 0)},
          {"tokens", TokenLinesToJson(account, policy)}};
}

OrderedJson MeasurementsToJson(const Measurements& measurements, TimePoint now) {
  const CapacitySample& capacity = measurements.capacity;
  OrderedJson attempts = OrderedJson::object();
  for (const auto& [name, sample] : measurements.attempts) {
    attempts[name] = CgroupToJson(sample, now);
  }
  OrderedJson failures = OrderedJson::array();
  for (const CollectorFailure& failure : measurements.failures) {
    failures.push_back({{"collector", failure.collector}, {"message", failure.message}});
  }
  return {{"host", HostToJson(measurements.host, now)},
          {"capacity",
           {{"memory_bytes", OrNull(capacity.memory_bytes)},
            {"cpu_millis", OrNull(capacity.cpu_millis)},
            {"pids", OrNull(capacity.pids)},
            {"memory_limited_by", TextOrNull(capacity.memory_limited_by)},
            {"cpu_limited_by", TextOrNull(capacity.cpu_limited_by)}}},
          {"pool", CgroupToJson(measurements.pool, now)},
          {"attempts", attempts},
          {"failures", failures}};
}

}  // namespace headroom
