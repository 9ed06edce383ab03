#include "daemon/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>

#include "daemon/metric_families.h"
#include "daemon/process_stats.h"

namespace headroom {
namespace {

constexpr char kCompiler[] = "g++ " __VERSION__;
constexpr double kPercent = 100, kMillis = 1000, kMicros = 1e6;

std::optional<double> Number(std::optional<int64_t> value, double unit = 1) {
  if (!value) return std::nullopt;
  return static_cast<double>(*value) / unit;
}

double SinceEpoch(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

Series Zeros(const std::vector<LabelValues>& values) {
  Series series;
  for (const LabelValues& value : values) series[value] = 0;
  return series;
}

// A state as series: 1 for the one that holds, 0 for the others.
Series OneOf(const std::vector<LabelValues>& values, std::string_view holds) {
  Series series = Zeros(values);
  series[{std::string(holds)}] = 1;
  return series;
}

Series CountWaiting(const Decisions& decisions) {
  Series series = Zeros(Each(kWaitReasons));
  for (const Decision& decision : decisions.jobs) {
    if (decision.verdict == Verdict::kWait) series[{NameOf(decision.reason)}] += 1;
  }
  return series;
}

Series CountLive(const std::map<std::string, int64_t>& jobs_by_state) {
  Series series = Zeros(Each(kLiveStates));
  for (auto& [state, count] : series) {
    const auto at = jobs_by_state.find(state.front());
    if (at != jobs_by_state.end()) count = static_cast<double>(at->second);
  }
  return series;
}

using Field = int64_t ResourceVector::*;

// One resource of the account; null: not known. The lines are put together from their parts, so
// that what is shown adds up: target = unmanaged + charge + headroom.
void PublishAccount(AccountGauges& gauges, const Account* account, Field field, double unit) {
  const auto set = [=](Gauges& gauge, int64_t amount) {
    gauge.Set(account != nullptr ? Number(amount, unit) : std::nullopt);
  };
  const Account known = account != nullptr ? *account : Account{};
  const int64_t unmanaged = known.unmanaged.*field;
  const int64_t charge = known.expected_charge.*field, free = known.expected_free.*field;
  const int64_t peak = known.peak_charge.*field, peak_free = known.peak_free.*field;
  set(gauges.unmanaged, unmanaged);
  set(gauges.charge, charge);
  set(gauges.headroom, free);
  set(gauges.target, unmanaged + charge + free);
  set(gauges.peak_charge, peak);
  set(gauges.peak_headroom, peak_free);
  set(gauges.ceiling, unmanaged + peak + peak_free);
}

Series TokenSeries(const std::vector<TokenAmount>& tokens) {
  Series series;
  for (const TokenAmount& token : tokens) series[{token.name}] = static_cast<double>(token.count);
  return series;
}

// Every token of the policy, held or not.
Series HeldTokens(const std::vector<TokenAmount>& known, const Account& account) {
  Series series = TokenSeries(account.expected_charge.tokens);
  for (const TokenAmount& token : known) series.try_emplace({token.name}, 0);
  return series;
}

Series ThresholdSeries(const std::vector<GateThreshold>& thresholds) {
  Series series;
  for (const GateThreshold& at : thresholds) {
    const std::string resource(ToString(at.resource)), kind(ToString(at.kind));
    series[{resource, kind, "open"}] = at.open / kPercent;
    series[{resource, kind, "closing"}] = at.closing / kPercent;
    series[{resource, kind, "close"}] = at.close / kPercent;
  }
  return series;
}

const std::optional<Psi>& Of(const PressureSample& sample, PressureResource resource) {
  switch (resource) {
    case PressureResource::kMemory:
      return sample.memory;
    case PressureResource::kCpu:
      return sample.cpu;
    case PressureResource::kIo:
      return sample.io;
  }
  std::abort();
}

// Every line of PSI that could be read, by scope, resource and kind.
std::map<LabelValues, PsiLine> PressureLines(const Measurements& measured) {
  std::map<LabelValues, PsiLine> lines;
  const auto add = [&lines](const std::string& scope, const PressureSample& sample) {
    for (const PressureResource resource : kPressureResources) {
      const std::optional<Psi>& psi = Of(sample, resource);
      const std::string name(ToString(resource));
      if (psi && psi->some) lines[{scope, name, "some"}] = *psi->some;
      if (psi && psi->full) lines[{scope, name, "full"}] = *psi->full;
    }
  };
  add("host", measured.host.pressure);
  add("pool", measured.pool.pressure);
  return lines;
}

// `file` holds shared memory and pages that are not yet written: neither goes by itself.
std::optional<double> CleanCache(const MemorySample& memory) {
  if (!memory.file || !memory.shmem) return std::nullopt;
  const int64_t kept = *memory.shmem + memory.dirty.value_or(0) + memory.writeback.value_or(0);
  return Number(std::max<int64_t>(*memory.file - kept, 0));
}

std::string HttpClass(int status) { return status < 400 ? "2xx" : status < 500 ? "4xx" : "5xx"; }

void PublishScore(MetricFamilies& to, const ScoreTotals& score) {
  to.false_admits.Follow({"pressure"}, Number(score.false_admits_by_pressure));
  to.false_admits.Follow({"oom"}, Number(score.false_admits_by_oom));
  to.false_block.Follow({}, Seconds(score.false_block));
  to.unused_memory.Follow({}, score.unused_memory_byte_seconds);
  to.unused_cpu.Follow({}, score.unused_cpu_core_seconds);
}

void PublishShadow(MetricFamilies& to, const Shadow* shadow) {
  if (shadow == nullptr) {
    to.shadow_waiting.Replace({});
    to.shadow_startable.Set(std::nullopt);
    return;
  }
  to.shadow_waiting.Replace(CountWaiting(shadow->last()));
  to.shadow_startable.Set(static_cast<double>(shadow->would_start()));
  to.shadow_starts.Follow({"alike"}, Number(shadow->totals().alike));
  to.shadow_starts.Follow({"earlier"}, Number(shadow->totals().earlier));
  to.shadow_starts.Follow({"later"}, Number(shadow->totals().later));
}

void PublishCycle(MetricFamilies& to, const CycleReport& cycle) {
  PublishScore(to, cycle.score);
  to.cycle.Observe(cycle.cycle_time);
  to.store_commits.Follow({}, Number(cycle.store.commits));
  to.store_errors.Follow({}, Number(cycle.store.errors));
  to.store_commit.Set(Seconds(cycle.store.last_commit));
  to.triggers_armed.Set(static_cast<double>(cycle.armed_triggers));
  to.head_age.Set(Seconds(cycle.head_age));
  PublishShadow(to, cycle.shadow);
  if (cycle.decisions == nullptr) return;
  to.waiting.Replace(CountWaiting(*cycle.decisions));
  to.decide.Observe(cycle.decide_time);
}

// Numbers that are too old to admit by are too old to show as the present.
bool IsFresh(const StatusView& status) {
  return status.measurement_age && *status.measurement_age <= status.policy.stale_after;
}

void PublishAccounts(MetricFamilies& to, const StatusView& status) {
  const bool fresh = IsFresh(status);
  const Account* account = fresh && status.account ? &*status.account : nullptr;
  PublishAccount(to.memory, account, &ResourceVector::memory_bytes, 1);
  PublishAccount(to.cpu, account, &ResourceVector::cpu_millis, kMillis);
  PublishAccount(to.pids, account, &ResourceVector::pids, 1);

  const auto observed = [&](Field field, double unit) {
    return fresh && status.observed ? Number((*status.observed).*field, unit) : std::nullopt;
  };
  to.memory.observed.Set(observed(&ResourceVector::memory_bytes, 1));
  to.cpu.observed.Set(observed(&ResourceVector::cpu_millis, kMillis));
  to.pids.observed.Set(observed(&ResourceVector::pids, 1));

  to.token_capacity.Replace(TokenSeries(status.policy.tokens));
  to.token_held.Replace(account != nullptr ? HeldTokens(status.policy.tokens, *account) : Series{});
}

void PublishPool(MetricFamilies& to, const Measurements& measured) {
  const CapacitySample& capacity = measured.capacity;
  to.memory.capacity.Set(Number(capacity.memory_bytes));
  to.cpu.capacity.Set(Number(capacity.cpu_millis, kMillis));
  to.pids.capacity.Set(Number(capacity.pids));

  to.pool_memory_current.Set(Number(measured.pool.memory.current));
  to.pool_memory_cache.Set(CleanCache(measured.pool.memory));
  const MemoryEvents& events = measured.pool.events;
  to.pool_memory_events.Follow({"high"}, Number(events.high));
  to.pool_memory_events.Follow({"max"}, Number(events.max));
  to.pool_memory_events.Follow({"oom"}, Number(events.oom));
  to.pool_memory_events.Follow({"oom_kill"}, Number(events.oom_kill));
}

Series CountRelief(const std::vector<ReliefInForce>& in_force) {
  Series series = Zeros(Each(kReliefSteps));
  for (const ReliefInForce& taken : in_force) series[{NameOf(taken.step)}] += 1;
  return series;
}

void PublishGate(MetricFamilies& to, const StatusView& status) {
  const GatePosition position = status.gate.position;
  if (to.last_position && *to.last_position != position)
    to.gate_transitions.Increment({NameOf(position)});
  to.last_position = position;
  to.gate_state.Replace(OneOf(Each(kGatePositions), ToString(position)));
  to.target_factor.Set(status.target_factor);
  to.relief_jobs.Replace(CountRelief(status.relief));
  to.gate_threshold.Replace(ThresholdSeries(status.policy.gate));
}

void PublishPressure(MetricFamilies& to, const Measurements& measured) {
  Series ratios;
  for (const auto& [labels, line] : PressureLines(measured)) {
    if (line.avg10) ratios[labels] = *line.avg10 / kPercent;
    to.pressure_stall.Follow(labels, Number(line.total_usec, kMicros));
  }
  to.pressure.Replace(ratios);
}

// A cycle that did not measure shows the last sweep again; its failures count once.
void PublishCollectors(MetricFamilies& to, const StatusView& status, WallTime wall_now) {
  if (status.measurement_age)
    to.measured_at.Set(SinceEpoch(wall_now) - Seconds(*status.measurement_age));
  const Measurements& measured = status.measurements;
  if (measured.finished_at == TimePoint{} || to.last_sweep == measured.finished_at) return;
  to.last_sweep = measured.finished_at;
  to.collector_duration.Set(Seconds(measured.finished_at - measured.started_at));

  std::set<std::string> failed;
  for (const CollectorFailure& failure : measured.failures) failed.insert(failure.collector);
  for (const std::string& collector : failed) to.collector_errors.Increment({collector});
  Series up;
  for (const char* collector : kCollectorNames)
    up[{collector}] = failed.contains(collector) ? 0 : 1;
  to.collector_up.Replace(up);
}

void PublishDaemon(MetricFamilies& to, const StatusView& status) {
  to.jobs.Replace(CountLive(status.jobs_by_state));
  to.max_jobs.Set(Number(status.policy.max_jobs.value_or(0)));
  to.policy_generation.Set(Number(status.policy_generation));
  to.enforcement_mode.Replace(OneOf({{"unified"}, {"hybrid"}}, status.enforcement.mode));
  to.enforcement_missing.Set(static_cast<double>(status.enforcement.missing.size()));
  to.degraded.Set(static_cast<double>(status.degraded.size()));
  to.store_works.Set(status.store_failure ? 0 : 1);
}

void ReadProcess(MetricFamilies& to) {
  const ProcessStats process = ReadProcessStats();
  // Worked out from two clocks, so asked once: a start that moves looks like a restart.
  if (!to.started_at) to.started_at = process.start_time_seconds;
  to.start_time.Set(to.started_at);
  to.cpu_seconds.Follow({}, process.cpu_seconds);
  to.resident.Set(process.resident_bytes);
  to.open_fds.Set(process.open_fds);
  to.max_fds.Set(process.max_fds);
}

}  // namespace

Metrics::Metrics() noexcept : families_(std::make_unique<MetricFamilies>()) {
  families_->jobs.Replace(Zeros(Each(kLiveStates)));
  families_->waiting.Replace(Zeros(Each(kWaitReasons)));
  families_->build_info.Replace({{{kVersion, kCompiler}, 1}});
}

Metrics::~Metrics() = default;

void Metrics::JobSubmitted() { families_->submitted.Increment(); }

void Metrics::JobAdmitted(Reason reason, Duration waited) {
  families_->admitted.Increment({NameOf(reason)});
  families_->queue_wait.Observe(waited);
}

void Metrics::EtaScored(const ScoredEta& eta) {
  families_->eta_error.Observe(std::max(eta.error, -eta.error));
  families_->eta_starts.Increment({ToString(eta.fell)});
}

void Metrics::JobRejected() {
  families_->rejected.Increment();
  JobFinished(JobOutcome::kRejected, std::nullopt);
}

void Metrics::JobFinished(JobOutcome outcome, std::optional<Duration> ran) {
  families_->finished.Increment({NameOf(outcome)});
  if (ran) families_->run.Observe(*ran);
}

void Metrics::OomKill(OomCause cause) {
  if (cause != OomCause::kNone) families_->oom_kills.Increment({NameOf(cause)});
}

void Metrics::JobRequeued(RequeueCause cause) { families_->requeued.Increment({NameOf(cause)}); }

void Metrics::LaunchTook(Duration launch) { families_->launch.Observe(launch); }

void Metrics::PressureTriggered(PressureResource resource) {
  families_->triggers.Increment({NameOf(resource)});
}

void Metrics::ReliefTaken(ReliefStep step) { families_->relief_steps.Increment({NameOf(step)}); }

void Metrics::PoolCapped(const PoolCaps& caps) {
  families_->pool_memory_max.Set(Number(caps.memory_max_bytes));
}

void Metrics::PolicyReloaded(bool success, WallTime at) {
  families_->reload_success.Set(success ? 1 : 0);
  if (success) families_->reload_at.Set(SinceEpoch(at));
}

void Metrics::HttpRequest(int status) { families_->http_requests.Increment({HttpClass(status)}); }

void Metrics::Recovered(bool adopted) {
  families_->recovered.Increment({adopted ? "adopted" : "never_ran"});
}

void Metrics::Publish(const CycleReport& cycle) noexcept {
  PublishCycle(*families_, cycle);
  if (cycle.status == nullptr) return;
  const StatusView& status = *cycle.status;
  PublishDaemon(*families_, status);
  PublishAccounts(*families_, status);
  PublishPool(*families_, status.measurements);
  PublishGate(*families_, status);
  PublishPressure(*families_, status.measurements);
  PublishCollectors(*families_, status, cycle.wall_now);
}

std::string Metrics::Render() noexcept {
  ReadProcess(*families_);
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace headroom
