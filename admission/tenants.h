#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "admission/policy.h"
#include "admission/resources.h"
#include "admission/snapshot.h"

// Who has had how much: dominant resource fairness (Ghodsi et al., NSDI 2011) over what a tenant
// holds now and, decayed, over what it held before. Pure.
namespace headroom {

// What the tenants will have used before the next snapshot: a moving average of what they hold,
// with the policy's half-life. Unchanged without a measurement.
PastUse NextPastUse(const Snapshot& snapshot, const Policy& policy);

// Why a tenant may not have another job: it would pass what the policy lets it hold.
struct OverLimit {
  std::optional<Axis> axis;  // absent: the number of its jobs
  int64_t needed = 0, available = 0;
};

// The tenants of one pass. What is started is charged at once, by request, so that a burst is not
// ahead of what can be measured of it. `policy` outlives it.
class Tenants {
 public:
  Tenants(const Snapshot& snapshot, const Policy& policy, const ResourceVector& capacity);

  void Start(uint64_t tenant, const ResourceVector& request);
  int64_t starts() const { return starts_; }  // so many until now

  // The largest share of a resource that it holds and held, by its weight: who has the least goes
  // first.
  double ShareOf(uint64_t tenant) const;
  int64_t JobsOf(uint64_t tenant) const;

  // Whether it would hold more than its quota. False for all while nobody has a quota.
  bool WouldBorrow(uint64_t tenant, const ResourceVector& request) const;
  std::optional<OverLimit> LimitPassed(uint64_t tenant, const ResourceVector& request) const;

 private:
  struct Held {
    ResourceVector amounts;
    double past_memory = 0, past_cpu = 0;  // shares of capacity
    int64_t jobs = 0;
  };

  const TenantPolicy* RuleOf(uint64_t tenant) const;
  const Held& Of(uint64_t tenant) const;

  ResourceVector capacity_;
  bool has_quotas_ = false;
  int64_t starts_ = 0;
  std::unordered_map<uint64_t, const TenantPolicy*> rules_;
  const TenantPolicy* rule_of_others_ = nullptr;
  std::unordered_map<uint64_t, Held> held_;
};

}  // namespace headroom
