#include "admission/request.h"

#include <algorithm>

namespace headroom {
namespace {

struct Resolved {
  int64_t amount = 0;
  RequestSource source = RequestSource::kDefault;
};

// What is known of one dimension, best first.
struct Known {
  std::optional<int64_t> declared, of_key, of_tenant;
};

// `most` bounds what history may ask for: a job that has run must not become unschedulable.
Resolved ResolveOne(const Known& known, const AmountOrShare& otherwise, int64_t capacity,
                    int64_t reserve) {
  if (known.declared) return {*known.declared, RequestSource::kDeclared};
  const int64_t most = std::max<int64_t>(0, capacity - reserve);
  if (known.of_key) return {std::min(*known.of_key, most), RequestSource::kHistory};
  if (known.of_tenant) return {std::min(*known.of_tenant, most), RequestSource::kTenant};
  return {Resolve(otherwise, capacity), RequestSource::kDefault};
}

// Attempts that ran out of memory count however few are known, and never lower what else is known.
Resolved AtLeast(std::optional<int64_t> floor, Resolved resolved, int64_t most) {
  if (!floor || resolved.source == RequestSource::kDeclared || *floor <= resolved.amount)
    return resolved;
  return {std::max(resolved.amount, std::min(*floor, most)), RequestSource::kHistory};
}

}  // namespace

std::string_view ToString(RequestSource source) {
  switch (source) {
    case RequestSource::kDeclared:
      return "declared";
    case RequestSource::kHistory:
      return "history";
    case RequestSource::kTenant:
      return "tenant";
    case RequestSource::kRetry:
      return "retry";
    case RequestSource::kDefault:
      return "default";
  }
  return "default";
}

ResolvedRequest ResolveRequest(const DeclaredRequest& declared,
                               const std::optional<KeyHistory>& history, const Policy& policy,
                               const ResourceVector& capacity,
                               const std::optional<TenantHistory>& tenant) {
  const int64_t enough = policy.history_min_attempts;
  const KeyHistory key = history && history->attempts >= enough ? *history : KeyHistory{};
  const bool is_tenant_known = tenant && tenant->attempts >= enough;
  const auto of_tenant = [&](int64_t TenantHistory::*amount) {
    return is_tenant_known ? std::optional(*tenant.*amount) : std::nullopt;
  };
  const DefaultRequest& otherwise = policy.default_request;
  const Resolved memory = AtLeast(
      history ? history->memory_floor_bytes : std::nullopt,
      ResolveOne(
          {declared.memory_bytes, key.peak_memory_bytes, of_tenant(&TenantHistory::memory_bytes)},
          otherwise.memory, capacity.memory_bytes, policy.reserve_memory_bytes),
      std::max<int64_t>(0, capacity.memory_bytes - policy.reserve_memory_bytes));
  const Resolved cpu =
      ResolveOne({declared.cpu_millis, key.peak_cpu_millis, of_tenant(&TenantHistory::cpu_millis)},
                 otherwise.cpu, capacity.cpu_millis, policy.reserve_cpu_millis);
  const Resolved pids =
      ResolveOne({declared.pids, key.peak_pids, {}}, otherwise.pids, capacity.pids, 0);

  ResolvedRequest resolved{
      {memory.amount, cpu.amount, pids.amount, {}}, memory.source, cpu.source, pids.source};
  ResourceVector tokens;
  tokens.tokens = declared.tokens;
  resolved.request += tokens;
  resolved.tenant_attempts = tenant ? tenant->attempts : 0;
  if (!history) return resolved;
  resolved.key_attempts = history->attempts;
  resolved.duration_p50 = history->duration_p50;
  resolved.duration_p90 = history->duration;
  return resolved;
}

int64_t Resolve(const AmountOrShare& amount, int64_t whole) {
  return amount.share ? Scale(whole, *amount.share) : amount.amount;
}

}  // namespace headroom
