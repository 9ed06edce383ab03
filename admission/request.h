#pragma once

#include <optional>

#include "admission/job.h"
#include "admission/policy.h"
#include "admission/resources.h"

// What a job is expected to use at its peak: declared, else learned of its key, else learned of its
// tenant, else the pool's default.
namespace headroom {

// What the submitter said. Absent: nothing.
struct DeclaredRequest {
  std::optional<int64_t> memory_bytes;
  std::optional<int64_t> cpu_millis;
  std::optional<int64_t> pids;
  std::vector<TokenAmount> tokens;

  bool operator==(const DeclaredRequest&) const = default;
};

// What finished attempts of the job's key used.
struct KeyHistory {
  int64_t attempts = 0;
  std::optional<int64_t> peak_memory_bytes;  // the largest
  std::optional<int64_t> peak_cpu_millis;
  std::optional<int64_t> peak_pids;
  std::optional<Duration> duration;  // the 90th percentile
  std::optional<Duration> duration_p50 = std::nullopt;
  // What the next one is to have at least, because attempts ran out of memory (oom.h).
  std::optional<int64_t> memory_floor_bytes = std::nullopt;

  bool operator==(const KeyHistory&) const = default;
};

// What finished attempts of the tenant's keys say of a key that none is known of: what its jobs are
// expected to reach, never less than the pool's default (forecast.h).
struct TenantHistory {
  int64_t attempts = 0;
  int64_t memory_bytes = 0;
  int64_t cpu_millis = 0;

  bool operator==(const TenantHistory&) const = default;
};

struct ResolvedRequest {
  ResourceVector request;
  RequestSource memory_source = RequestSource::kDefault;
  RequestSource cpu_source = RequestSource::kDefault;
  RequestSource pids_source = RequestSource::kDefault;
  // What it rests on: finished attempts of the key, and of its tenant; how long those of the key
  // ran (absent: there are none).
  int64_t key_attempts = 0;
  int64_t tenant_attempts = 0;
  std::optional<Duration> duration_p50 = std::nullopt, duration_p90 = std::nullopt;

  bool operator==(const ResolvedRequest&) const = default;
};

// `capacity` turns shares into amounts. A learned request is never above the capacity: that would
// make a job unschedulable that has run before.
ResolvedRequest ResolveRequest(const DeclaredRequest& declared,
                               const std::optional<KeyHistory>& history, const Policy& policy,
                               const ResourceVector& capacity,
                               const std::optional<TenantHistory>& tenant = std::nullopt);

// An amount, or a share of `whole` rounded down.
int64_t Resolve(const AmountOrShare& amount, int64_t whole);

}  // namespace headroom
