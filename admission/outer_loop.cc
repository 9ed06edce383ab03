#include "admission/outer_loop.h"

#include <algorithm>

#include "admission/windows.h"

namespace headroom {
namespace {

constexpr double kDecrease = 0.9;
// A lowering is made good after ten minutes of quiet use.
constexpr double kIncreasePerMinute = 0.01;

double Minutes(Duration duration) {
  return std::chrono::duration<double, std::ratio<60>>(duration).count();
}

bool IsTheSameTrouble(const OuterLoop& before, const Policy& policy, TimePoint now) {
  return before.lowered_at && now - *before.lowered_at < policy.gate_quiet;
}

bool IsLowered(const OuterLoop& before, const OuterSignals& signals, const Policy& policy,
               TimePoint now) {
  return signals.trouble && signals.use != TargetUse::kIdle &&
         !IsTheSameTrouble(before, policy, now);
}

bool IsRaised(const OuterLoop& before, const OuterSignals& signals) {
  return !signals.trouble && signals.quiet && signals.use == TargetUse::kHoldsBack &&
         before.at != TimePoint{};
}

// Whether at least half of what may be used up to the target is.
bool IsUsed(const Account& account, int64_t ResourceVector::*amount) {
  const int64_t used = account.unmanaged.*amount + account.expected_charge.*amount;
  return used >= account.expected_free.*amount;
}

Shares Lowered(Shares shares, double factor) {
  shares.memory *= factor;
  shares.cpu *= factor;
  return shares;
}

}  // namespace

OuterLoop NextOuterLoop(const OuterLoop& before, const OuterSignals& signals, const Policy& policy,
                        TimePoint now) {
  if (!policy.backoff_floor) return {1, now, std::nullopt};
  OuterLoop next{before.factor, now, before.lowered_at};
  if (IsLowered(before, signals, policy, now)) {
    next.factor *= kDecrease;
    next.lowered_at = now;
  } else if (IsRaised(before, signals)) {
    next.factor += kIncreasePerMinute * Minutes(now - before.at);
  }
  next.factor = std::clamp(next.factor, *policy.backoff_floor, 1.0);
  return next;
}

TargetUse TargetUseOf(const Decisions& decisions) {
  const bool holds_back = std::ranges::any_of(decisions.jobs, [](const Decision& decision) {
    return decision.reason == Reason::kOverTarget || decision.reason == Reason::kResting;
  });
  if (holds_back) return TargetUse::kHoldsBack;
  if (!decisions.account) return TargetUse::kIdle;
  const bool is_used = IsUsed(*decisions.account, &ResourceVector::memory_bytes) ||
                       IsUsed(*decisions.account, &ResourceVector::cpu_millis);
  return is_used ? TargetUse::kUsed : TargetUse::kIdle;
}

Shares EffectiveTarget(const Snapshot& snapshot, const Policy& policy) {
  return Lowered(TargetAt(snapshot, policy), snapshot.target_factor);
}

Shares EffectiveResume(const Snapshot& snapshot, const Policy& policy) {
  return Lowered(ResumeAt(snapshot, policy), snapshot.target_factor);
}

}  // namespace headroom
