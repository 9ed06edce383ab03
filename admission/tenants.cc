#include "admission/tenants.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "admission/draw.h"

namespace headroom {
namespace {

// Who holds nothing any more, and held less than this share on average, is forgotten.
constexpr double kLeastShare = 1e-6;

double Ratio(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

double DominantShare(const ResourceVector& amounts, const ResourceVector& capacity) {
  double share = std::max(Ratio(amounts.memory_bytes, capacity.memory_bytes),
                          Ratio(amounts.cpu_millis, capacity.cpu_millis));
  for (const TokenAmount& token : amounts.tokens) {
    const int64_t whole = Amount(capacity, {Dimension::kToken, token.name});
    share = std::max(share, Ratio(token.count, whole));
  }
  return share;
}

}  // namespace

PastUse NextPastUse(const Snapshot& snapshot, const Policy& policy) {
  if (!snapshot.host) return snapshot.past_use;
  const Duration passed = snapshot.now - snapshot.past_use.at;
  const bool is_first = snapshot.past_use.at == TimePoint{};
  const double fresh =
      is_first || passed <= Duration{}
          ? 0
          : 1 - std::exp2(-std::chrono::duration<double>(passed) / policy.queue.half_life);
  // Summed up as whole numbers, so that the order of the jobs does not matter.
  std::map<uint64_t, ResourceVector> held;
  for (const RunningJob& job : snapshot.running) held[job.tenant] += job.request;
  std::map<uint64_t, TenantUse> next;
  for (const TenantUse& use : snapshot.past_use.tenants)
    next[use.tenant] = {use.tenant, (1 - fresh) * use.memory, (1 - fresh) * use.cpu};
  const ResourceVector& capacity = snapshot.host->capacity;
  for (const auto& [tenant, amounts] : held) {
    TenantUse& use = next[tenant];
    use.tenant = tenant;
    use.memory += fresh * Ratio(amounts.memory_bytes, capacity.memory_bytes);
    use.cpu += fresh * Ratio(amounts.cpu_millis, capacity.cpu_millis);
  }
  PastUse past{snapshot.now, {}};
  // What is added in one cycle is little: only who holds nothing any more is forgotten.
  for (const auto& [tenant, use] : next) {
    if (held.contains(tenant) || std::max(use.memory, use.cpu) >= kLeastShare)
      past.tenants.push_back(use);
  }
  return past;
}

Tenants::Tenants(const Snapshot& snapshot, const Policy& policy, const ResourceVector& capacity)
    : capacity_(capacity) {
  for (const TenantPolicy& rule : policy.tenants) {
    has_quotas_ |= rule.quota.has_value();
    if (rule.name == "*")
      rule_of_others_ = &rule;
    else
      rules_.emplace(KeyNumber(rule.name), &rule);
  }
  for (const TenantUse& use : snapshot.past_use.tenants) {
    Held& held = held_[use.tenant];
    held.past_memory = use.memory;
    held.past_cpu = use.cpu;
  }
  for (const RunningJob& job : snapshot.running) Start(job.tenant, job.request);
}

void Tenants::Start(uint64_t tenant, const ResourceVector& request) {
  Held& held = held_[tenant];
  held.amounts += request;
  held.jobs += 1;
  starts_ += 1;
}

const Tenants::Held& Tenants::Of(uint64_t tenant) const {
  static const Held kNothing;
  const auto found = held_.find(tenant);
  return found == held_.end() ? kNothing : found->second;
}

const TenantPolicy* Tenants::RuleOf(uint64_t tenant) const {
  if (rules_.empty()) return rule_of_others_;
  const auto found = rules_.find(tenant);
  return found == rules_.end() ? rule_of_others_ : found->second;
}

double Tenants::ShareOf(uint64_t tenant) const {
  const Held& held = Of(tenant);
  const TenantPolicy* rule = RuleOf(tenant);
  const double now = DominantShare(held.amounts, capacity_);
  return (now + std::max(held.past_memory, held.past_cpu)) / (rule == nullptr ? 1 : rule->weight);
}

int64_t Tenants::JobsOf(uint64_t tenant) const { return Of(tenant).jobs; }

bool Tenants::WouldBorrow(uint64_t tenant, const ResourceVector& request) const {
  if (!has_quotas_) return false;
  const TenantPolicy* rule = RuleOf(tenant);
  ResourceVector amounts = Of(tenant).amounts;
  amounts += request;
  return DominantShare(amounts, capacity_) > (rule == nullptr ? 0 : rule->quota.value_or(0));
}

std::optional<OverLimit> Tenants::LimitPassed(uint64_t tenant,
                                              const ResourceVector& request) const {
  const TenantPolicy* rule = RuleOf(tenant);
  if (rule == nullptr) return std::nullopt;
  const Held& held = Of(tenant);
  if (rule->most_jobs && held.jobs >= *rule->most_jobs)
    return OverLimit{std::nullopt, 1, *rule->most_jobs - held.jobs};
  const auto passed = [&](const Axis& axis, int64_t most) -> std::optional<OverLimit> {
    const int64_t needed = Amount(request, axis), free = most - Amount(held.amounts, axis);
    if (needed <= free || needed == 0) return std::nullopt;
    return OverLimit{axis, needed, free};
  };
  std::optional<OverLimit> over;
  if (rule->most_memory)
    over = passed({Dimension::kMemory, {}}, Scale(capacity_.memory_bytes, *rule->most_memory));
  if (!over && rule->most_cpu)
    over = passed({Dimension::kCpu, {}}, Scale(capacity_.cpu_millis, *rule->most_cpu));
  for (const TokenAmount& token : rule->most_tokens) {
    if (over) break;
    over = passed({Dimension::kToken, token.name}, token.count);
  }
  return over;
}

}  // namespace headroom
