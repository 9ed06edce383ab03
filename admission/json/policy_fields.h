#pragma once

#include <array>
#include <utility>

#include "admission/json/policy_values.h"
#include "admission/policy.h"
#include "admission/relief.h"

// What a policy file holds: every key once, read and written by the same lines. A visitor has
//   Field(name, value, Kind{})         one value
//   Object(name, visit)                an object that `visit` goes through
//   Row(name, row, visit)              an object, or null for no row
//   Tokens(name, tokens)               an object of counts by name
//   Tenants(name, tenants)             an object of tenants by name
//   Windows(name, windows)             an object of time windows by name
namespace headroom {

// Always 1: what this daemon reads. To be raised when an old file would mean something else.
struct PolicyVersion {
  using Type = int64_t;
  static Result<int64_t> Read(const nlohmann::json& value) {
    if (value == 1) return 1;
    return policy_values::Unexpected("1, the version that this daemon reads", value);
  }
  static nlohmann::ordered_json Write(int64_t version) { return version; }
};

template <class Visitor>
void VisitShares(Visitor& v, Shares& shares) {
  v.Field("memory", shares.memory, policy_values::Share{});
  v.Field("cpu", shares.cpu, policy_values::Share{});
  v.Field("pids", shares.pids, policy_values::Share{});
}

template <class Visitor>
void VisitAdmission(Visitor& v, Policy& policy) {
  using namespace policy_values;
  using enum AdmissionMode;
  v.Field("mode", policy.mode, Choice<AdmissionMode, kHeadroom, kCount, kNone>{});
  v.Field("max_jobs", policy.max_jobs, OrNull<Count>{});
  v.Object("target", [&](auto& shares) { VisitShares(shares, policy.target); });
  v.Object("resume", [&](auto& shares) { VisitShares(shares, policy.resume); });
  v.Object("ceiling", [&](auto& shares) { VisitShares(shares, policy.ceiling); });
  v.Object("reserve", [&](auto& reserve) {
    reserve.Field("memory", policy.reserve_memory_bytes, Bytes{});
    reserve.Field("cpu", policy.reserve_cpu_millis, Cores{});
  });
  v.Field("warm_up", policy.warm_up, Time{});
  v.Field("margin", policy.margin, Share{});
  v.Field("stale_after", policy.stale_after, Time{});
  v.Field("backoff_floor", policy.backoff_floor, OrNull<Share>{});
}

template <class Visitor>
void VisitQueue(Visitor& v, QueuePolicy& queue) {
  using namespace policy_values;
  using enum QueueOrder;
  v.Field("order", queue.order, Choice<QueueOrder, kFair, kAge, kJobRunner>{});
  v.Field("discipline", queue.discipline,
          Choice<QueueDiscipline, QueueDiscipline::kBackfill, QueueDiscipline::kStrict>{});
  v.Field("due_after", queue.due_after, OrNull<Time>{});
  v.Field("reserved", queue.reserved, Count{});
  v.Field("ageing", queue.ageing, OrNull<Time>{});
  v.Field("half_life", queue.half_life, Time{});
}

template <class Visitor>
void VisitTenant(Visitor& v, TenantPolicy& tenant) {
  using namespace policy_values;
  v.Field("weight", tenant.weight, Share{});
  v.Field("quota", tenant.quota, OrNull<Share>{});
  v.Object("most", [&](auto& most) {
    most.Field("memory", tenant.most_memory, OrNull<Share>{});
    most.Field("cpu", tenant.most_cpu, OrNull<Share>{});
    most.Field("jobs", tenant.most_jobs, OrNull<Count>{});
    most.Tokens("tokens", tenant.most_tokens);
  });
}

template <class Visitor>
void VisitWindow(Visitor& v, TimeWindow& window) {
  using namespace policy_values;
  v.Field("days", window.days, Weekdays{});
  v.Field("from", window.from, ClockTime{});
  v.Field("to", window.to, ClockTime{});
  v.Field("drain", window.drain, Flag{});
  v.Object("target", [&](auto& target) {
    target.Field("memory", window.target_memory, OrNull<Share>{});
    target.Field("cpu", window.target_cpu, OrNull<Share>{});
  });
}

inline constexpr std::pair<PressureResource, PressureKind> kGateRows[] = {
    {PressureResource::kMemory, PressureKind::kSome},
    {PressureResource::kMemory, PressureKind::kFull},
    {PressureResource::kCpu, PressureKind::kSome},
    {PressureResource::kCpu, PressureKind::kFull},
    {PressureResource::kIo, PressureKind::kSome},
    {PressureResource::kIo, PressureKind::kFull},
};

template <class Visitor>
void VisitGate(Visitor& v, Policy& policy) {
  v.Field("quiet", policy.gate_quiet, policy_values::Time{});
  std::vector<GateThreshold> rows;
  for (const auto& listened : kGateRows) {
    // Named by hand: clang 14 captures no structured binding.
    const auto& resource = listened.first;
    const auto& kind = listened.second;
    std::optional<GateThreshold> row;
    for (const GateThreshold& known : policy.gate) {
      if (known.resource == resource && known.kind == kind) row = known;
    }
    const std::string name = std::string(ToString(resource)) + "_" + std::string(ToString(kind));
    v.Row(name, row, [&](auto& thresholds) {
      row->resource = resource;
      row->kind = kind;
      thresholds.Field("open", row->open, policy_values::Percentage{});
      thresholds.Field("closing", row->closing, policy_values::Percentage{});
      thresholds.Field("close", row->close, policy_values::Percentage{});
    });
    if (row) rows.push_back(*row);
  }
  policy.gate = std::move(rows);
}

template <class Visitor>
void VisitJobs(Visitor& v, JobLimits& jobs) {
  using namespace policy_values;
  v.Field("memory_max", jobs.memory_max, OrNull<Bytes>{});
  v.Field("memory_high", jobs.memory_high_share, OrNull<Share>{});
  v.Field("swap_max", jobs.swap_max, Bytes{});
  v.Field("oom_group", jobs.oom_group, Flag{});
  v.Field("cpu_max", jobs.cpu_max_millis, OrNull<Cores>{});
  v.Field("cpu_weight", jobs.cpu_weight, Count{});
  v.Field("pids_max", jobs.pids_max, Count{});
  v.Field("log_max", jobs.log_max_bytes, Bytes{});
}

// All rungs by name; those that are null are not in the policy.
template <class Visitor>
void VisitRelief(Visitor& v, Policy& policy) {
  using namespace policy_values;
  std::vector<ReliefRung> rungs;
  for (const ReliefStep step : kReliefSteps) {
    std::optional<ReliefRung> rung;
    for (const ReliefRung& known : policy.relief)
      if (known.step == step) rung = known;
    v.Row(ToString(step), rung, [&](auto& fields) {
      rung->step = step;
      fields.Field("above", rung->above, Percentage{});
      fields.Field("after", rung->after, Time{});
      fields.Field("undone_after", rung->undone_after, Time{});
    });
    if (rung) rungs.push_back(*rung);
  }
  policy.relief = std::move(rungs);
}

template <class Visitor>
void VisitPolicy(Visitor& v, Policy& policy) {
  using namespace policy_values;
  int64_t version = 1;
  v.Field("version", version, PolicyVersion{});
  v.Field("tick", policy.tick, Time{});
  v.Field("admin_group", policy.admin_group, Text{});
  v.Object("admission", [&](auto& admission) { VisitAdmission(admission, policy); });
  v.Object("queue", [&](auto& queue) { VisitQueue(queue, policy.queue); });
  v.Tenants("tenants", policy.tenants);
  v.Windows("windows", policy.windows);
  v.Object("gate", [&](auto& gate) { VisitGate(gate, policy); });
  v.Object("requests", [&](auto& requests) {
    requests.Object("default", [&](auto& request) {
      request.Field("memory", policy.default_request.memory, OrShare<Bytes>{});
      request.Field("cpu", policy.default_request.cpu, OrShare<Cores>{});
      request.Field("pids", policy.default_request.pids, OrShare<Count>{});
    });
    requests.Field("history_min_attempts", policy.history_min_attempts, Count{});
  });
  v.Tokens("tokens", policy.tokens);
  v.Object("pool", [&](auto& pool) {
    pool.Field("memory_max", policy.pool.memory_max, OrShare<Bytes>{});
    pool.Field("cpu_max", policy.pool.cpu_max, OrNull<OrShare<Cores>>{});
    pool.Field("pids_max", policy.pool.pids_max, OrShare<Count>{});
  });
  v.Object("jobs", [&](auto& jobs) { VisitJobs(jobs, policy.jobs); });
  v.Object("retry", [&](auto& retry) {
    retry.Field("oom", policy.retry.oom, Count{});
    retry.Field("alone", policy.retry.alone, Flag{});
  });
  v.Field("shadow_policy", policy.shadow_policy, OrNull<Text>{});
  v.Object("relief", [&](auto& relief) { VisitRelief(relief, policy); });
  v.Object("retention", [&](auto& retention) {
    retention.Field("jobs", policy.retention.jobs, Count{});
    retention.Field("events", policy.retention.events, Count{});
    retention.Object("decisions", [&](auto& decisions) {
      decisions.Field("bytes", policy.retention.decision_bytes, Bytes{});
      decisions.Field("age", policy.retention.decision_age, Time{});
    });
  });
}

}  // namespace headroom
