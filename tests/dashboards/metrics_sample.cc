#include <iostream>

#include "daemon/metrics.h"

// Prints everything that the daemon can export, as it would: what dashboards, rules and
// docs/metrics.md are held against when no daemon runs.
namespace headroom {
namespace {

constexpr TimePoint kNow{std::chrono::hours(1)};
constexpr WallTime kWallNow{std::chrono::hours(490'000)};

Psi APsi(double some, double full) {
  return {PsiLine{some, some, some, 4'000'000}, PsiLine{full, full, full, 1'000'000}};
}

PressureSample APressure() { return {APsi(2, 1), APsi(30, 0), APsi(4, 3)}; }

Measurements AMeasurement() {
  Measurements seen;
  seen.started_at = kNow - std::chrono::milliseconds(202);
  seen.finished_at = kNow - std::chrono::milliseconds(200);
  seen.host.pressure = APressure();
  seen.capacity.memory_bytes = 64LL << 30;
  seen.capacity.cpu_millis = 16'000;
  seen.capacity.pids = 16'384;
  seen.pool.pressure = APressure();
  seen.pool.memory.current = 24LL << 30;
  seen.pool.memory.file = 4LL << 30;
  seen.pool.memory.shmem = 1LL << 30;
  seen.pool.events.high = seen.pool.events.max = 1;
  seen.pool.events.oom = seen.pool.events.oom_kill = 0;
  return seen;
}

Account AnAccount() {
  Account account;
  account.unmanaged = {6LL << 30, 1'000, 200, {}};
  account.expected_charge = {28LL << 30, 7'000, 300, {{"db", 4}}};
  account.expected_free = {4LL << 30, 1'600, 12'000, {}};
  account.peak_charge = {32LL << 30, 8'000, 400, {{"db", 4}}};
  account.peak_free = {19LL << 30, 5'400, 14'000, {}};
  return account;
}

StatusView AStatus() {
  StatusView status;
  status.now = kNow;
  status.measurement_age = std::chrono::milliseconds(200);
  status.measurements = AMeasurement();
  status.account = AnAccount();
  status.observed = ResourceVector{20LL << 30, 6'500, 280, {}};
  status.jobs_by_state = {{"waiting", 12}, {"running", 9}};
  status.policy.tokens = {{"db", 6}};
  status.enforcement.mode = "unified";
  return status;
}

std::string Sample() {
  const StatusView status = AStatus();
  const Decisions decisions;
  CycleReport cycle;
  cycle.status = &status;
  cycle.decisions = &decisions;
  cycle.wall_now = kWallNow;
  const Shadow shadow{Policy()};
  cycle.shadow = &shadow;
  Metrics metrics;
  metrics.PolicyReloaded(true, kWallNow);
  metrics.PoolCapped({64LL << 30, std::nullopt, std::nullopt});
  metrics.Publish(cycle);
  return metrics.Render();
}

}  // namespace
}  // namespace headroom

int main() { std::cout << headroom::Sample(); }
