#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admission/gate.h"
#include "admission/resources.h"
#include "base/clock.h"

// Every knob of the daemon: meaning, default, when to change it. deploy/policy.json holds the same
// defaults, docs/policy.md explains them at length, and a test compares the three.
namespace headroom {

enum class AdmissionMode {
  kHeadroom,  // by what is really free
  kCount,     // only by max_jobs, as MAX_WORKERS did: for comparison and migration
  kNone,      // everything at once: for comparison only
};

std::string_view ToString(AdmissionMode mode);  // "headroom", "count", "none"

// Who goes first among jobs of one priority.
enum class QueueOrder {
  kFair,       // the tenant with the smallest share, and of its jobs the one that waits longest for
               // its length
  kAge,        // first come, first served
  kJobRunner,  // as OpenSAFELY's job-runner: the tenant with the fewest running jobs, jobs that
               // hold tokens before others, then age
};

std::string_view ToString(QueueOrder order);  // "fair", "age", "job_runner"

enum class QueueDiscipline { kBackfill, kStrict };

std::string_view ToString(QueueDiscipline discipline);  // "backfill", "strict"

struct QueuePolicy {
  QueueOrder order = QueueOrder::kFair;
  // Whether a smaller job may pass a blocked one when that does not delay it.
  QueueDiscipline discipline = QueueDiscipline::kBackfill;
  // How long others may pass a job freely. Afterwards it is due: it goes first, by age, and what it
  // needs is kept for it. Absent: 30 times the average duration of jobs. In order "age" every job
  // is due at once.
  std::optional<Duration> due_after;
  // For how many due jobs at once what they need is kept.
  int64_t reserved = 1;
  // A job's priority counts one higher for each time that it has waited so long, up to the highest
  // that waits. Absent: never, and low priorities may starve.
  std::optional<Duration> ageing = std::chrono::hours(24);
  // How fast what a tenant has used is forgotten.
  Duration half_life = std::chrono::hours(24);

  bool operator==(const QueuePolicy&) const = default;
};

// What is true of one tenant; of "*": of each that is not named. Shares are of the capacity.
struct TenantPolicy {
  std::string name;
  // Its share counts divided by this.
  double weight = 1;
  // Up to this share of its dominant resource it goes before those that are beyond theirs, and
  // these start nothing while it waits. Absent: everything that it holds is borrowed.
  std::optional<double> quota;
  // What it may hold at most, whatever is free. Absent, or a token that is not named: no limit.
  std::optional<double> most_memory, most_cpu;
  std::optional<int64_t> most_jobs;
  std::vector<TokenAmount> most_tokens;

  bool operator==(const TenantPolicy&) const = default;
};

// A share of capacity in each measured dimension, 0 to 1.
struct Shares {
  double memory = 0;
  double cpu = 0;
  double pids = 0;

  bool operator==(const Shares&) const = default;
};

// An absolute amount, or a share of the pool's capacity ("2.5%").
struct AmountOrShare {
  int64_t amount = 0;
  std::optional<double> share;

  bool operator==(const AmountOrShare&) const = default;
};

struct DefaultRequest {
  // What a job is taken to need that declares nothing and whose key has no history. The biggest
  // knob while the daemon knows little: target divided by the usual number of jobs is a good start.
  AmountOrShare memory{0, 0.025};
  AmountOrShare cpu{0, 0.025};
  AmountOrShare pids{32, std::nullopt};

  bool operator==(const DefaultRequest&) const = default;
};

struct PoolLimits {
  // Hard cap of all jobs together (memory.max of the pool). Keep it below the host's own limit, so
  // that Docker and other services always have room to answer. Default: 80 % of what the host has.
  AmountOrShare memory_max{0, 0.80};
  // Hard cap on CPU (cpu.max of the pool). Absent: none. CPU is shared by weight, so rarely needed.
  std::optional<AmountOrShare> cpu_max;
  // Hard cap on processes and threads of all jobs together (pids.max). Default: 50 % of the host's.
  AmountOrShare pids_max{0, 0.50};

  bool operator==(const PoolLimits&) const = default;
};

struct JobLimits {
  // Hard cap of a job that declares none (memory.max). Absent: the pool's cap. Limits protect
  // neighbours; admission never counts them.
  std::optional<int64_t> memory_max;
  // Where the kernel starts to reclaim and slow a job down, as a share of its memory.max
  // (memory.high). Absent: never. Without swap it can livelock a job; leave it off unless you know.
  std::optional<double> memory_high_share;
  // memory.swap.max. Swap hides growth; the default gives jobs none.
  int64_t swap_max = 0;
  // memory.oom.group: when a job runs out of memory, all of it dies, not one process of it.
  bool oom_group = true;
  // cpu.max of a job that declares none. Absent: none.
  std::optional<int64_t> cpu_max_millis;
  // cpu.weight, 1 to 10000.
  int64_t cpu_weight = 100;
  // pids.max: a fork bomb stops here.
  int64_t pids_max = 4096;
  // What is kept of stdout and of stderr, each. More is counted and dropped; the job goes on.
  int64_t log_max_bytes = 64LL << 20;

  bool operator==(const JobLimits&) const = default;
};

// What becomes of a job that ran out of memory.
struct RetryPolicy {
  // How often it is tried again, with a larger request each time.
  int64_t oom = 0;
  // Tried again only when nothing else runs, and nothing starts beside it.
  bool alone = false;

  bool operator==(const RetryPolicy&) const = default;
};

// A time of the week in which other rules hold, in the host's local time.
struct TimeWindow {
  std::string name;
  std::vector<int> days;  // 0 is Sunday, sorted; those on which it begins. Empty: every day
  Duration from{}, to{};  // since midnight; `to` not after `from`: it ends on the next day
  // Nothing runs in it: what may still run when it begins is not started before it.
  bool drain = false;
  // Instead of the policy's target; absent: that.
  std::optional<double> target_memory, target_cpu;

  bool operator==(const TimeWindow&) const = default;
};

// What is done to running jobs when the host is in trouble although nothing starts.
enum class ReliefStep {
  kWeight,    // lower cpu.weight
  kThrottle,  // memory.high
  kFreeze,
};

std::string_view ToString(ReliefStep step);  // "weight", "throttle", "freeze"

// One rung of the ladder. Off unless the policy names it.
struct ReliefRung {
  ReliefStep step = ReliefStep::kWeight;
  double above = 0;  // percent of avg10 of full memory pressure, at which it counts as trouble
  Duration after{};  // how long that must last
  Duration undone_after{};  // at the latest

  bool operator==(const ReliefRung&) const = default;
};

// What is kept of what is over. The oldest goes first.
struct Retention {
  // Finished jobs, with their logs and idempotency keys.
  int64_t jobs = 10'000;
  int64_t events = 100'000;
  // What was decided from, so that it can be decided again (`headroom explain --at`). 0: nothing.
  int64_t decision_bytes = 256LL << 20;
  Duration decision_age = std::chrono::hours(7 * 24);

  bool operator==(const Retention&) const = default;
};

struct Policy {
  AdmissionMode mode = AdmissionMode::kHeadroom;
  // The most jobs at once, whatever is free; absent: no ceiling. The whole rule in mode "count".
  std::optional<int64_t> max_jobs;
  // The share of capacity that admission fills: the expected line.
  Shares target{0.60, 0.60, 0.80};
  // Once the target was reached, nothing starts until use falls below this. Validate(): < target.
  Shares resume{0.57, 0.57, 0.77};
  // The share that the summed peaks may reach: the peak line. Validate(): > target, at most 1.
  Shares ceiling{0.90, 0.90, 0.90};
  // Taken off capacity before anything else, for services that must answer.
  int64_t reserve_memory_bytes = 0;
  int64_t reserve_cpu_millis = 0;
  // How long a job's request counts in full, whatever it uses. As long as jobs take to show their
  // size. Afterwards the request fades over the same time and what the job uses counts.
  Duration warm_up = std::chrono::seconds(60);
  // Added to what a job uses once its request has faded, as a share.
  double margin = 0.02;
  // Older measurements admit nothing.
  Duration stale_after = std::chrono::seconds(5);
  // How far the target is lowered after pressure closed the gate or the pool ran out of memory, as
  // a share of itself: by a tenth each time, not below this. It comes back in quiet use. Absent:
  // never.
  std::optional<double> backoff_floor;
  std::vector<TimeWindow> windows;  // by name
  QueuePolicy queue;
  std::vector<TenantPolicy> tenants;  // by name

  std::vector<GateThreshold> gate{
      {PressureResource::kMemory, PressureKind::kSome, 1, 5, 20},
      {PressureResource::kMemory, PressureKind::kFull, 0.5, 1, 5},
  };
  // How long pressure must stay below `open` before the gate opens.
  Duration gate_quiet = std::chrono::seconds(30);

  DefaultRequest default_request;
  // How many finished attempts of a key must be known before their largest peak is its request.
  int64_t history_min_attempts = 3;
  // Countable resources by name, sorted.
  std::vector<TokenAmount> tokens;

  PoolLimits pool;
  JobLimits jobs;
  RetryPolicy retry;
  std::vector<ReliefRung> relief;  // in the order of ReliefStep
  Retention retention;
  // Another policy file, decided beside this one on every cycle and exported, never acted on.
  std::optional<std::string> shadow_policy;
  // How often the daemon looks when nothing wakes it.
  Duration tick = std::chrono::seconds(1);
  // Members of this group may do what root may: see all jobs, cancel any, reload the policy.
  std::string admin_group = "headroom";

  bool operator==(const Policy&) const = default;
};

// One thing that is wrong with a policy. `pointer` is a JSON pointer (RFC 6901) into its file.
struct PolicyProblem {
  std::string pointer;
  std::string message;  // what was found, what was expected, and the nearest right name if any

  bool operator==(const PolicyProblem&) const = default;
};

// "/tick: expected ...", or the message alone where it is about the whole document.
std::string Located(const PolicyProblem& problem);

// Everything wrong with the values of a policy: ranges and the order of thresholds. Pure.
std::vector<PolicyProblem> Validate(const Policy& policy);

}  // namespace headroom
