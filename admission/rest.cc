#include "admission/rest.h"

#include <algorithm>

#include "admission/outer_loop.h"

namespace headroom {
namespace {

struct Row {
  Dimension dimension;
  bool Resting::*rests;
  int64_t ResourceVector::*amount;
  double Shares::*share;
};

// Tokens are not here: they are counted, so a use close to the limit is nothing to recover from.
constexpr Row kRows[] = {
    {Dimension::kMemory, &Resting::memory, &ResourceVector::memory_bytes, &Shares::memory},
    {Dimension::kCpu, &Resting::cpu, &ResourceVector::cpu_millis, &Shares::cpu},
    {Dimension::kPids, &Resting::pids, &ResourceVector::pids, &Shares::pids},
};

}  // namespace

RestRule::RestRule(const Snapshot& snapshot, const Policy& policy, const ResourceVector& capacity,
                   const ResourceVector& expected_free) {
  const Shares target = EffectiveTarget(snapshot, policy);
  const Shares resume = EffectiveResume(snapshot, policy);
  for (const Row& row : kRows) {
    const int64_t whole = capacity.*row.amount;
    band_.*row.amount = Scale(whole, target.*row.share) - Scale(whole, resume.*row.share);
    now_.*row.rests = snapshot.resting.*row.rests && expected_free.*row.amount <= band_.*row.amount;
  }
  next_ = now_;
}

std::optional<Axis> RestRule::Blocks(const ResourceVector& request) const {
  for (const Row& row : kRows) {
    if (now_.*row.rests && request.*row.amount > 0) return Axis{row.dimension, {}};
  }
  return std::nullopt;
}

ResourceVector RestRule::BelowResume(ResourceVector expected_free) const {
  expected_free -= band_;
  return expected_free;
}

void RestRule::TurnedAway(Dimension dimension, const ResourceVector& expected_free) {
  for (const Row& row : kRows) {
    if (row.dimension != dimension) continue;
    next_.*row.rests |= expected_free.*row.amount <= band_.*row.amount;
  }
}

ResourceVector RestRule::MustBeFree(const ResourceVector& request) const {
  ResourceVector needed = request;
  for (const Row& row : kRows) {
    if (!(next_.*row.rests) || request.*row.amount <= 0) continue;
    needed.*row.amount = std::max(request.*row.amount, band_.*row.amount + 1);
  }
  return needed;
}

}  // namespace headroom
