#include "admission/policy.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "admission/past.h"
#include "admission/request.h"
#include "base/units.h"

namespace headroom {
namespace {

std::string Text(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end.ptr);
}

struct Percent {
  double share;
};
std::string Text(Percent value) { return Text(100 * value.share) + "%"; }
std::string Text(int64_t value) { return std::to_string(value); }
std::string Text(const std::string& value) { return value; }
std::string Text(Duration value) { return FormatDuration(value); }

// Collects problems: `Expect(holds, where, what was expected, what was found)`.
class Checks {
 public:
  template <class T>
  void Expect(bool holds, std::string pointer, const std::string& expected, const T& got) {
    if (!holds)
      problems_.push_back({std::move(pointer), "expected " + expected + ", got " + Text(got)});
  }
  void Report(std::string pointer, std::string message) {
    problems_.push_back({std::move(pointer), std::move(message)});
  }
  std::vector<PolicyProblem> Take() { return std::move(problems_); }

 private:
  std::vector<PolicyProblem> problems_;
};

void CheckLines(Checks& checks, const std::string& dimension, double target, double resume,
                double ceiling) {
  const bool target_is_usable = target > 0 && target < 1;
  checks.Expect(target_is_usable, "/admission/target/" + dimension, "a share above 0 and below 1",
                target);
  if (!target_is_usable) return;  // what the others must be follows from it
  checks.Expect(resume > 0 && resume < target, "/admission/resume/" + dimension,
                "a share above 0 and below the target " + Text(target), resume);
  checks.Expect(ceiling > target && ceiling <= 1, "/admission/ceiling/" + dimension,
                "a share above the target " + Text(target) + " and at most 1", ceiling);
}

void CheckAdmission(Checks& checks, const Policy& policy) {
  const Shares& target = policy.target;
  const Shares& resume = policy.resume;
  const Shares& ceiling = policy.ceiling;
  CheckLines(checks, "memory", target.memory, resume.memory, ceiling.memory);
  CheckLines(checks, "cpu", target.cpu, resume.cpu, ceiling.cpu);
  CheckLines(checks, "pids", target.pids, resume.pids, ceiling.pids);
  if (policy.max_jobs) {
    checks.Expect(*policy.max_jobs >= 1, "/admission/max_jobs",
                  "at least 1, or null for no ceiling", *policy.max_jobs);
  } else if (policy.mode == AdmissionMode::kCount) {
    checks.Report("/admission/max_jobs", "mode \"count\" needs a number here");
  }
  checks.Expect(policy.margin >= 0 && policy.margin <= 1, "/admission/margin",
                "a share from 0 to 1", policy.margin);
  if (policy.backoff_floor) {
    checks.Expect(
        *policy.backoff_floor > 0 && *policy.backoff_floor < 1, "/admission/backoff_floor",
        "a share of the target above 0 and below 1, or null for never", *policy.backoff_floor);
  }
  checks.Expect(policy.stale_after >= policy.tick, "/admission/stale_after",
                "at least one tick (" + Text(policy.tick) + ")", policy.stale_after);
}

void CheckQueue(Checks& checks, const QueuePolicy& queue) {
  constexpr int64_t kMostReserved = 100;
  if (queue.due_after) {
    checks.Expect(*queue.due_after >= Duration{}, "/queue/due_after", "at least 0s, or null",
                  *queue.due_after);
  }
  checks.Expect(queue.reserved >= 1 && queue.reserved <= kMostReserved, "/queue/reserved",
                "from 1 to " + std::to_string(kMostReserved), queue.reserved);
  if (queue.ageing) {
    checks.Expect(*queue.ageing > Duration{}, "/queue/ageing", "more than 0s, or null for never",
                  *queue.ageing);
  }
  checks.Expect(queue.half_life > Duration{}, "/queue/half_life", "more than 0s", queue.half_life);
}

void CheckTenant(Checks& checks, const TenantPolicy& tenant, const Policy& policy) {
  const std::string pointer = "/tenants/" + tenant.name;
  checks.Expect(tenant.weight > 0, pointer + "/weight", "more than 0", tenant.weight);
  const auto check_share = [&](const char* name, const std::optional<double>& share) {
    if (share) {
      checks.Expect(*share > 0 && *share <= 1, pointer + name, "a share above 0 and at most 1",
                    *share);
    }
  };
  check_share("/quota", tenant.quota);
  check_share("/most/memory", tenant.most_memory);
  check_share("/most/cpu", tenant.most_cpu);
  if (tenant.most_jobs) {
    checks.Expect(*tenant.most_jobs >= 1, pointer + "/most/jobs",
                  "at least 1 (it could never run any)", *tenant.most_jobs);
  }
  for (const TokenAmount& token : tenant.most_tokens) {
    const std::string where = pointer + "/most/tokens/" + token.name;
    checks.Expect(token.count >= 0, where, "at least 0", token.count);
    if (std::ranges::find(policy.tokens, token.name, &TokenAmount::name) == policy.tokens.end())
      checks.Report(where, "no such token in /tokens");
  }
}

// `name` is "memory" or "cpu".
void CheckWindowTarget(Checks& checks, const std::string& pointer, const std::string& name,
                       const std::optional<double>& target, double Shares::*share,
                       const Policy& policy) {
  if (!target) return;
  const double ceiling = policy.ceiling.*share;
  const bool leaves_a_resume_line = *target > policy.target.*share - policy.resume.*share;
  checks.Expect(*target > 0 && *target < ceiling, pointer + "/target/" + name,
                "a share above 0 and below the ceiling " + Text(ceiling), *target);
  if (*target > 0 && !leaves_a_resume_line)
    checks.Report(pointer + "/target/" + name,
                  "leaves no room for a resume line as far below it as /admission/resume/" + name +
                      " is below /admission/target/" + name);
}

void CheckWindow(Checks& checks, const TimeWindow& window, const Policy& policy) {
  const std::string pointer = "/windows/" + window.name;
  if (window.from >= std::chrono::hours(24))
    checks.Report(pointer + "/from",
                  "expected a time before \"24:00\", which is no begin of a day");
  if (window.from == window.to)
    checks.Report(pointer + "/to",
                  "the same as \"from\": a whole day is from \"00:00\" to \"24:00\"");
  CheckWindowTarget(checks, pointer, "memory", window.target_memory, &Shares::memory, policy);
  CheckWindowTarget(checks, pointer, "cpu", window.target_cpu, &Shares::cpu, policy);
  const bool has_target = window.target_memory || window.target_cpu;
  if (window.drain && has_target)
    checks.Report(pointer + "/target", "has no meaning with \"drain\": nothing starts then");
  if (!window.drain && !has_target)
    checks.Report(pointer, "changes nothing: expected \"drain\": true or a \"target\"");
}

void CheckWindows(Checks& checks, const Policy& policy) {
  constexpr int64_t kMost = 100;
  checks.Expect(std::ssize(policy.windows) <= kMost, "/windows",
                "at most " + std::to_string(kMost) + " windows",
                int64_t{std::ssize(policy.windows)});
  for (const TimeWindow& window : policy.windows) CheckWindow(checks, window, policy);
}

void CheckGate(Checks& checks, const std::vector<GateThreshold>& gate) {
  for (const GateThreshold& row : gate) {
    const std::string pointer =
        "/gate/" + std::string(ToString(row.resource)) + "_" + std::string(ToString(row.kind));
    checks.Expect(row.open > 0, pointer + "/open", "a percentage above 0", row.open);
    checks.Expect(row.closing > row.open, pointer + "/closing", "more than open " + Text(row.open),
                  row.closing);
    checks.Expect(row.close >= row.closing && row.close <= 100, pointer + "/close",
                  "from closing " + Text(row.closing) + " to 100", row.close);
  }
}

void CheckAmount(Checks& checks, const std::string& pointer, const AmountOrShare& amount) {
  if (amount.share) {
    checks.Expect(*amount.share > 0 && *amount.share <= 1, pointer,
                  "a share above 0% and at most 100%", Percent{*amount.share});
  } else {
    checks.Expect(amount.amount > 0, pointer, "more than 0", amount.amount);
  }
}

// Where both are amounts it is known before any host is that `part` cannot fit into the pool.
void CheckFitsPool(Checks& checks, const std::string& pointer, Dimension dimension,
                   const AmountOrShare& part, const AmountOrShare& pool) {
  if (part.share || pool.share) return;
  const Axis axis{dimension, {}};
  checks.Expect(part.amount <= pool.amount, pointer,
                "at most the pool's " + std::string(ToString(dimension)) + "_max of " +
                    FormatAmount(pool.amount, axis),
                FormatAmount(part.amount, axis));
}

void CheckFitsPool(Checks& checks, const std::string& pointer, Dimension dimension,
                   const AmountOrShare& part, const std::optional<AmountOrShare>& pool) {
  if (pool) CheckFitsPool(checks, pointer, dimension, part, *pool);
}

void CheckRequests(Checks& checks, const Policy& policy) {
  const DefaultRequest& request = policy.default_request;
  const PoolLimits& pool = policy.pool;
  CheckAmount(checks, "/requests/default/memory", request.memory);
  CheckAmount(checks, "/requests/default/cpu", request.cpu);
  CheckAmount(checks, "/requests/default/pids", request.pids);
  CheckFitsPool(checks, "/requests/default/memory", Dimension::kMemory, request.memory,
                pool.memory_max);
  CheckFitsPool(checks, "/requests/default/cpu", Dimension::kCpu, request.cpu, pool.cpu_max);
  CheckFitsPool(checks, "/requests/default/pids", Dimension::kPids, request.pids, pool.pids_max);
  checks.Expect(policy.history_min_attempts >= 1 && policy.history_min_attempts <= kAttemptsPerKey,
                "/requests/history_min_attempts", "from 1 to " + std::to_string(kAttemptsPerKey),
                policy.history_min_attempts);
}

void CheckTokens(Checks& checks, const std::vector<TokenAmount>& tokens) {
  for (const TokenAmount& token : tokens) {
    checks.Expect(token.count >= 1, "/tokens/" + token.name,
                  "at least 1 (a job that needs it could never run)", token.count);
  }
}

void CheckPool(Checks& checks, const Policy& policy) {
  const PoolLimits& pool = policy.pool;
  CheckAmount(checks, "/pool/memory_max", pool.memory_max);
  if (pool.cpu_max) CheckAmount(checks, "/pool/cpu_max", *pool.cpu_max);
  CheckAmount(checks, "/pool/pids_max", pool.pids_max);
  CheckFitsPool(checks, "/admission/reserve/memory", Dimension::kMemory,
                {policy.reserve_memory_bytes, std::nullopt}, pool.memory_max);
  CheckFitsPool(checks, "/admission/reserve/cpu", Dimension::kCpu,
                {policy.reserve_cpu_millis, std::nullopt}, pool.cpu_max);
}

void CheckJobs(Checks& checks, const JobLimits& jobs) {
  if (jobs.memory_max) {
    checks.Expect(*jobs.memory_max > 0, "/jobs/memory_max", "more than 0", *jobs.memory_max);
  }
  if (jobs.memory_high_share) {
    checks.Expect(*jobs.memory_high_share > 0 && *jobs.memory_high_share <= 1, "/jobs/memory_high",
                  "a share of memory_max above 0 and at most 1", *jobs.memory_high_share);
  }
  if (jobs.cpu_max_millis) {
    // The kernel takes no quota below 1 ms (Documentation/scheduler/sched-bwc.rst), of our 100 ms.
    checks.Expect(*jobs.cpu_max_millis >= 10, "/jobs/cpu_max", "at least 10m",
                  std::to_string(*jobs.cpu_max_millis) + "m");
  }
  checks.Expect(jobs.cpu_weight >= 1 && jobs.cpu_weight <= 10'000, "/jobs/cpu_weight",
                "from 1 to 10000", jobs.cpu_weight);
  checks.Expect(jobs.pids_max >= 1, "/jobs/pids_max", "at least 1", jobs.pids_max);
}

void CheckRetry(Checks& checks, const RetryPolicy& retry) {
  constexpr int64_t kMostRetries = 20;
  checks.Expect(retry.oom >= 0 && retry.oom <= kMostRetries, "/retry/oom",
                "from 0 to " + std::to_string(kMostRetries), retry.oom);
}

// A harsher step never comes before a milder one, and none while the gate would still let jobs
// start: what is frozen would make room for the next one.
void CheckRelief(Checks& checks, const Policy& policy) {
  constexpr Duration kLongest = std::chrono::hours(1);
  if (policy.relief.empty()) return;
  if (policy.mode != AdmissionMode::kHeadroom)
    return checks.Report("/relief", "needs /admission/mode \"headroom\": in mode \"" +
                                        std::string(ToString(policy.mode)) +
                                        "\" jobs would start into the room that it makes");
  const auto gate = std::ranges::find_if(policy.gate, [](const GateThreshold& row) {
    return row.resource == PressureResource::kMemory && row.kind == PressureKind::kFull;
  });
  if (gate == policy.gate.end())
    return checks.Report("/relief", "needs /gate/memory_full: without it new jobs start meanwhile");
  double lowest = gate->close;
  std::string below = "/gate/memory_full/close";
  Duration patience{};
  for (const ReliefRung& rung : policy.relief) {
    const std::string pointer = "/relief/" + std::string(ToString(rung.step));
    const bool is_first = &rung == &policy.relief.front();
    checks.Expect((is_first ? rung.above >= lowest : rung.above > lowest) && rung.above <= 100,
                  pointer + "/above",
                  std::string(is_first ? "from " : "more than ") + below + " " + Text(lowest) +
                      (is_first ? " to 100" : " and at most 100"),
                  rung.above);
    checks.Expect(rung.after >= patience, pointer + "/after",
                  "at least " + Text(patience) + ", as long as the rung below it waits",
                  rung.after);
    checks.Expect(rung.undone_after > Duration{} && rung.undone_after <= kLongest,
                  pointer + "/undone_after", "more than 0s, at most 1h", rung.undone_after);
    lowest = std::max(lowest, rung.above);
    below = pointer + "/above";
    patience = std::max(patience, rung.after);
  }
}

void CheckRetention(Checks& checks, const Retention& retention) {
  // Less would take a job away before whoever waits for it has seen its end.
  checks.Expect(retention.jobs >= 100, "/retention/jobs", "at least 100", retention.jobs);
  checks.Expect(retention.events >= 1000, "/retention/events", "at least 1000", retention.events);
  constexpr int64_t kLeastBytes = 1 << 20;
  const int64_t bytes = retention.decision_bytes;
  checks.Expect(bytes == 0 || bytes >= kLeastBytes, "/retention/decisions/bytes",
                "0 or at least \"1MiB\"", bytes);
}

}  // namespace

std::string_view ToString(AdmissionMode mode) {
  switch (mode) {
    case AdmissionMode::kHeadroom:
      return "headroom";
    case AdmissionMode::kCount:
      return "count";
    case AdmissionMode::kNone:
      return "none";
  }
  return "headroom";
}

std::string_view ToString(QueueOrder order) {
  switch (order) {
    case QueueOrder::kFair:
      return "fair";
    case QueueOrder::kAge:
      return "age";
    case QueueOrder::kJobRunner:
      return "job_runner";
  }
  return "fair";
}

std::string_view ToString(QueueDiscipline discipline) {
  switch (discipline) {
    case QueueDiscipline::kBackfill:
      return "backfill";
    case QueueDiscipline::kStrict:
      return "strict";
  }
  return "backfill";
}

std::string_view ToString(ReliefStep step) {
  switch (step) {
    case ReliefStep::kWeight:
      return "weight";
    case ReliefStep::kThrottle:
      return "throttle";
    case ReliefStep::kFreeze:
      return "freeze";
  }
  return "weight";
}

std::string Located(const PolicyProblem& problem) {
  return problem.pointer.empty() ? problem.message : problem.pointer + ": " + problem.message;
}

std::vector<PolicyProblem> Validate(const Policy& policy) {
  Checks checks;
  constexpr Duration kShortestTick = std::chrono::milliseconds(10);
  constexpr Duration kLongestTick = std::chrono::minutes(1);
  checks.Expect(policy.tick >= kShortestTick && policy.tick <= kLongestTick, "/tick",
                "from 10ms to 1m", policy.tick);
  if (policy.admin_group.empty()) checks.Report("/admin_group", "expected the name of a group");
  CheckAdmission(checks, policy);
  CheckQueue(checks, policy.queue);
  for (const TenantPolicy& tenant : policy.tenants) CheckTenant(checks, tenant, policy);
  CheckWindows(checks, policy);
  CheckGate(checks, policy.gate);
  CheckRequests(checks, policy);
  CheckTokens(checks, policy.tokens);
  CheckPool(checks, policy);
  CheckJobs(checks, policy.jobs);
  CheckRetry(checks, policy.retry);
  CheckRelief(checks, policy);
  CheckRetention(checks, policy.retention);
  return checks.Take();
}

}  // namespace headroom
