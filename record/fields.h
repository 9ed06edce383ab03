#pragma once

#include <type_traits>

#include "admission/decision.h"
#include "admission/job.h"
#include "admission/past.h"
#include "admission/request.h"
#include "admission/snapshot.h"
#include "record/bytes.h"

// Which fields of the core's values are recorded, in both directions at once. Every struct is taken
// apart by a structured binding: a field that is added to it does not compile here until it is
// decided whether a replay needs it.
namespace headroom::record {

template <class T, class Of>
concept A = std::is_same_v<std::remove_const_t<T>, Of>;

template <class Archive>
void Fields(Archive& archive, A<JobId> auto& id) {
  auto& [value] = id;
  archive(value);
}
template <class Archive>
void Fields(Archive& archive, A<TokenAmount> auto& token) {
  auto& [name, count] = token;
  archive(name, count);
}
template <class Archive>
void Fields(Archive& archive, A<ResourceVector> auto& amounts) {
  auto& [memory_bytes, cpu_millis, pids, tokens] = amounts;
  archive(memory_bytes, cpu_millis, pids, tokens);
}
template <class Archive>
void Fields(Archive& archive, A<DeclaredRequest> auto& declared) {
  auto& [memory_bytes, cpu_millis, pids, tokens] = declared;
  archive(memory_bytes, cpu_millis, pids, tokens);
}
template <class Archive>
void Fields(Archive& archive, A<Use> auto& use) {
  auto& [memory_bytes, cpu_millis] = use;
  archive(memory_bytes, cpu_millis);
}
template <class Archive>
void Fields(Archive& archive, A<ObservedUse> auto& observed) {
  auto& [memory_bytes, cpu_millis, pids] = observed;
  archive(memory_bytes, cpu_millis, pids);
}
template <class Archive>
void Fields(Archive& archive, A<HostView> auto& host) {
  auto& [measured_at, capacity, unmanaged] = host;
  archive(measured_at, capacity, unmanaged);
}
template <class Archive>
void Fields(Archive& archive, A<GateCause> auto& cause) {
  auto& [resource, kind, value, must_fall_below] = cause;
  EnumField(archive, resource, PressureResource::kIo);
  EnumField(archive, kind, PressureKind::kFull);
  archive(value, must_fall_below);
}
template <class Archive>
void Fields(Archive& archive, A<GateState> auto& gate) {
  auto& [position, since, quiet_since, cause] = gate;
  EnumField(archive, position, GatePosition::kClosed);
  archive(since, quiet_since, cause);
}
template <class Archive>
void Fields(Archive& archive, A<Resting> auto& resting) {
  auto& [memory, cpu, pids] = resting;
  archive(memory, cpu, pids);
}
template <class Archive>
void Fields(Archive& archive, A<Trim> auto& trim) {
  auto& [share, at] = trim;
  archive(share, at);
}
template <class Archive>
void Fields(Archive& archive, A<TenantUse> auto& use) {
  auto& [tenant, memory, cpu] = use;
  archive(tenant, memory, cpu);
}
template <class Archive>
void Fields(Archive& archive, A<PastUse> auto& past) {
  auto& [at, tenants] = past;
  archive(at, tenants);
}
template <class Archive>
void Fields(Archive& archive, A<OpenWindow> auto& open) {
  auto& [window, begins, ends] = open;
  archive(window, begins, ends);
}
// What of a running job does not change; `observed` and the forecast come apart.
template <class Archive>
void Fields(Archive& archive, A<RunningJob> auto& job) {
  auto& [id, request, admitted_at, duration, observed, key, tenant, forecast, declares_duration,
         alone] = job;
  static_cast<void>(observed), static_cast<void>(forecast);
  archive(id, request, admitted_at, duration, key, tenant, declares_duration, alone);
}
// The outlook is made again.
template <class Archive>
void Fields(Archive& archive, A<WaitingJob> auto& job) {
  auto& [id, priority, declares_duration, submitted_at, request, duration, key, tenant, outlook,
         alone] = job;
  static_cast<void>(outlook);
  archive(id, priority, declares_duration, submitted_at, request, duration, key, tenant, alone);
}
// The running jobs and the past use come apart, and the mean duration is made again.
template <class Archive>
void Fields(Archive& archive, A<Snapshot> auto& snapshot) {
  auto& [now, host, running, gate, resting, trim, mean_duration, past_use, target_factor, windows] =
      snapshot;
  static_cast<void>(running), static_cast<void>(mean_duration), static_cast<void>(past_use);
  archive(now, host, gate, resting, trim, target_factor, windows);
}

inline void Fields(Writer& writer, const Growth& growth) { writer(growth.ToBytes()); }
inline void Fields(Reader& reader, Growth& growth) {
  std::string bytes;
  reader(bytes);
  auto read = Growth::FromBytes(bytes);
  if (!read) return reader.Fail();
  growth = *std::move(read);
}
template <class Archive>
void Fields(Archive& archive, A<PastAttempt> auto& past) {
  auto& [duration, peak, growth, raised_memory_bytes, started] = past;
  archive(duration, peak, growth, raised_memory_bytes, started);
}

// Of what was decided only a hash is kept: a replay decides again.
template <class Archive>
void Fields(Archive& archive, A<Axis> auto& axis) {
  auto& [dimension, token] = axis;
  EnumField(archive, dimension, Dimension::kToken);
  archive(token);
}
template <class Archive>
void Fields(Archive& archive, A<Decision> auto& decision) {
  auto& [job, verdict, reason, axis, needed, available, head] = decision;
  EnumField(archive, verdict, Verdict::kReject);
  EnumField(archive, reason, Reason::kDrainWindow);
  archive(job, axis, needed, available, head);
}
template <class Archive>
void Fields(Archive& archive, A<HeadReservation> auto& head) {
  auto& [job, starts_by, spare] = head;
  archive(job, starts_by, spare);
}
template <class Archive>
void Fields(Archive& archive, A<Account> auto& account) {
  auto& [capacity, unmanaged, expected_charge, peak_charge, expected_free, peak_free] = account;
  archive(capacity, unmanaged, expected_charge, peak_charge, expected_free, peak_free);
}
template <class Archive>
void Fields(Archive& archive, A<Decisions> auto& decisions) {
  auto& [jobs, head, account, resting, trim, past_use] = decisions;
  archive(jobs, head, account, resting, trim, past_use);
}

}  // namespace headroom::record
