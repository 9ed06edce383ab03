#pragma once

#include <prometheus/registry.h>

#include <optional>
#include <string>
#include <vector>

#include "base/version.h"
#include "daemon/metric_cells.h"
#include "daemon/metrics.h"

// The declaration of every metric: name, help, labels, buckets. A new one is a member here, a line
// in metrics.cc that feeds it, and a row in docs/metrics.md.
namespace headroom {

inline constexpr JobState kLiveStates[] = {JobState::kWaiting, JobState::kStarting,
                                           JobState::kRunning, JobState::kStopping};
inline constexpr JobOutcome kOutcomes[] = {
    JobOutcome::kSucceeded, JobOutcome::kFailed,       JobOutcome::kSignaled,
    JobOutcome::kOomKilled, JobOutcome::kCancelled,    JobOutcome::kWithdrawn,
    JobOutcome::kRejected,  JobOutcome::kLaunchFailed, JobOutcome::kLost};
inline constexpr Reason kAdmitReasons[] = {Reason::kFits, Reason::kIdleHost, Reason::kNoLimit};
inline constexpr Reason kWaitReasons[] = {
    Reason::kNoMeasurement, Reason::kStale,      Reason::kGateClosed, Reason::kGateClosing,
    Reason::kMaxJobs,       Reason::kResting,    Reason::kOverTarget, Reason::kOverCeiling,
    Reason::kNewKey,        Reason::kBehindHead, Reason::kAlone,      Reason::kTenantLimit,
    Reason::kBeyondQuota,   Reason::kDrainWindow};
inline constexpr GatePosition kGatePositions[] = {GatePosition::kOpen, GatePosition::kClosing,
                                                  GatePosition::kClosed};
inline constexpr PressureResource kPressureResources[] = {
    PressureResource::kMemory, PressureResource::kCpu, PressureResource::kIo};
inline constexpr OomCause kOomCauses[] = {OomCause::kJobLimit, OomCause::kPoolLimit,
                                          OomCause::kHost};

inline constexpr RequeueCause kRequeueCauses[] = {RequeueCause::kOutOfMemory};

inline constexpr EtaFell kEtaFell[] = {EtaFell::kEarly, EtaFell::kInside, EtaFell::kLate};

inline std::string NameOf(const char* name) { return name; }
template <class Enum>
std::string NameOf(Enum enumerator) {
  return std::string(ToString(enumerator));
}

// The values of one label: the names of these enumerators.
template <class T, std::size_t kSize>
std::vector<LabelValues> Each(const T (&of)[kSize]) {
  std::vector<LabelValues> values;
  for (const T& one : of) values.push_back({NameOf(one)});
  return values;
}

// Upper bounds in seconds, as wide as what they time can vary.
inline const std::vector<double> kQuick{1e-5,   2.5e-5, 5e-5, 1e-4,   2.5e-4, 5e-4, 1e-3,
                                        2.5e-3, 5e-3,   1e-2, 2.5e-2, 5e-2,   1e-1};
inline const std::vector<double> kMedium{1e-3,   2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 1e-1,
                                         2.5e-1, 5e-1,   1,    2.5,  5,      10};
inline const std::vector<double> kLong{0.1,  0.25, 0.5,  1,     2,     5,     10,
                                       20,   30,   60,   120,   300,   600,   1200,
                                       1800, 3600, 7200, 14400, 28800, 43200, 86400};

// What the account says about one resource. A sum over resources means nothing, so each has names
// of its own: "memory" with the unit "_bytes", "cpu" with "_cores", "pids" with none.
struct AccountGauges {
  AccountGauges(prometheus::Registry& in, const std::string& of, const std::string& in_unit,
                const std::string& for_people)
      : registry(in), resource(of), unit(in_unit), noun(for_people) {}

  Gauges Declare(const std::string& what, const std::string& help) {
    return {registry, "headroom_" + resource + "_" + what + unit, noun + " " + help};
  }

  prometheus::Registry& registry;
  std::string resource, unit, noun;
  Gauges capacity = Declare("capacity", "that jobs may really use: the smallest limit above them.");
  Gauges target = Declare("target", "up to which admission fills.");
  Gauges ceiling = Declare("ceiling", "that the summed peaks may reach.");
  Gauges unmanaged =
      Declare("unmanaged", "used outside the jobs, as far as it takes from what they may have.");
  Gauges charge = Declare("charge",
                          "that running jobs count for: their use, or what still counts "
                          "of their request.");
  Gauges peak_charge = Declare("peak_charge", "that running jobs may come to use at most.");
  Gauges observed = Declare("observed", "used by running jobs now.");
  Gauges headroom = Declare("headroom", "left under the target; below zero when passed.");
  Gauges peak_headroom =
      Declare("peak_headroom", "left under the ceiling; below zero when passed.");
};

struct MetricFamilies {
  prometheus::Registry registry;

  // Jobs
  Gauges jobs{registry, "headroom_jobs", "Jobs that are not finished, by state.", {"state"}};
  Counters submitted{
      registry, "headroom_jobs_submitted_total", "Jobs taken into the queue.", {}, {{}}};
  Counters admitted{registry,
                    "headroom_jobs_admitted_total",
                    "Jobs admitted, by reason.",
                    {"reason"},
                    Each(kAdmitReasons)};
  Counters rejected{
      registry, "headroom_jobs_rejected_total", "Jobs refused: they can never fit.", {}, {{}}};
  Counters finished{registry,
                    "headroom_jobs_finished_total",
                    "Jobs ended, by outcome.",
                    {"outcome"},
                    Each(kOutcomes)};
  Counters recovered{registry,
                     "headroom_attempts_recovered_total",
                     "Attempts of an earlier daemon found at the start, by what became of them.",
                     {"how"},
                     {{"adopted"}, {"never_ran"}}};
  Counters oom_kills{registry,
                     "headroom_oom_kills_total",
                     "Jobs killed for want of memory, by whose limit was met.",
                     {"cause"},
                     Each(kOomCauses)};
  Counters requeued{registry,
                    "headroom_jobs_requeued_total",
                    "Jobs put back in line although an attempt of them ran, by why.",
                    {"cause"},
                    Each(kRequeueCauses)};
  Gauges waiting{registry, "headroom_waiting_jobs", "Waiting jobs, by the reason why.", {"reason"}};
  Gauges head_age{registry, "headroom_queue_head_age_seconds",
                  "How long the first job in line has waited; 0 when nobody waits."};
  DurationHistogram queue_wait{registry, "headroom_queue_wait_seconds",
                               "From submission to admission.", kLong};
  DurationHistogram run{registry, "headroom_run_duration_seconds",
                        "From the start of a command to its end.", kLong};

  // The account
  AccountGauges memory{registry, "memory", "_bytes", "Memory"};
  AccountGauges cpu{registry, "cpu", "_cores", "CPU"};
  AccountGauges pids{registry, "pids", "", "Processes and threads"};
  Gauges token_capacity{
      registry, "headroom_token_capacity", "How many of a token there are.", {"token"}};
  Gauges token_held{
      registry, "headroom_token_held", "How many of a token running jobs hold.", {"token"}};
  Gauges max_jobs{registry, "headroom_policy_max_jobs",
                  "The policy's fixed ceiling on jobs at once; 0: none."};

  // How good the decisions were
  DurationHistogram eta_error{
      registry, "headroom_eta_error_seconds",
      "Between the start of a job and what was foretold of it first (p50), either way.", kLong};
  Counters eta_starts{registry,
                      "headroom_eta_starts_total",
                      "Starts of which a band was foretold, by where they fell.",
                      {"fell"},
                      Each(kEtaFell)};
  Counters false_admits{registry,
                        "headroom_false_admits_total",
                        "Starts followed within a warm-up by a closed gate or a kill for want of "
                        "memory.",
                        {"cause"},
                        {{"pressure"}, {"oom"}}};
  Counters false_block{registry,
                       "headroom_false_block_seconds_total",
                       "Time that the first in line waited for room that stayed unused.",
                       {},
                       {{}}};
  Counters unused_memory{registry,
                         "headroom_unused_memory_byte_seconds_total",
                         "Memory under the target that nothing used while jobs waited for room.",
                         {},
                         {{}}};
  Counters unused_cpu{registry,
                      "headroom_unused_cpu_core_seconds_total",
                      "Cores under the target that nothing used while jobs waited for room.",
                      {},
                      {{}}};

  // What another policy would have decided
  Gauges shadow_waiting{registry,
                        "headroom_shadow_waiting_jobs",
                        "Jobs that would wait under the shadow policy, by the reason why.",
                        {"reason"}};
  Gauges shadow_startable{registry, "headroom_shadow_startable_jobs",
                          "Waiting jobs that the shadow policy would start now."};
  Counters shadow_starts{registry,
                         "headroom_shadow_starts_total",
                         "Jobs that started, by when the shadow policy would have started them.",
                         {"when"},
                         {{"alike"}, {"earlier"}, {"later"}}};

  // The pool
  Gauges pool_memory_current{registry, "headroom_pool_memory_current_bytes",
                             "Memory of all jobs as the kernel counts it, page cache included."};
  Gauges pool_memory_max{registry, "headroom_pool_memory_max_bytes",
                         "Hard cap of all jobs together (memory.max of the pool)."};
  Gauges pool_memory_cache{registry, "headroom_pool_memory_cache_bytes",
                           "Clean page cache of the pool: it goes when memory is needed."};
  Counters pool_memory_events{registry,
                              "headroom_pool_memory_events_total",
                              "How often the pool met a memory limit (memory.events).",
                              {"event"}};

  // Pressure and the gate
  Gauges gate_state{
      registry, "headroom_gate_state", "1 for the position that the gate is in.", {"state"}};
  Counters gate_transitions{registry,
                            "headroom_gate_transitions_total",
                            "Moves of the gate, by its new position.",
                            {"to"},
                            Each(kGatePositions)};
  Counters relief_steps{registry,
                        "headroom_relief_steps_total",
                        "Steps of relief that were taken on running jobs, by step.",
                        {"step"},
                        Each(kReliefSteps)};
  Gauges relief_jobs{registry,
                     "headroom_relief_jobs",
                     "Running jobs on which a step of relief is in force, by step.",
                     {"step"}};
  Gauges gate_threshold{registry,
                        "headroom_gate_threshold_ratio",
                        "Pressure at which the policy moves the gate, by level.",
                        {"resource", "kind", "level"}};
  Gauges target_factor{registry, "headroom_target_factor_ratio",
                       "Share of the policy's target that is filled; less than 1 after trouble."};
  Gauges pressure{registry,
                  "headroom_pressure_ratio",
                  "Share of the last 10 s in which tasks stalled (PSI avg10).",
                  {"scope", "resource", "kind"}};
  Counters pressure_stall{registry,
                          "headroom_pressure_stall_seconds_total",
                          "Time in which tasks stalled (PSI total).",
                          {"scope", "resource", "kind"}};
  Gauges triggers_armed{registry, "headroom_pressure_triggers_armed",
                        "PSI triggers that can wake the daemon."};
  Counters triggers{registry,
                    "headroom_pressure_triggers_total",
                    "PSI triggers that fired.",
                    {"resource"},
                    Each(kPressureResources)};

  // Measuring and deciding
  Gauges collector_up{registry,
                      "headroom_collector_up",
                      "1 if the collector's last sweep was complete.",
                      {"collector"}};
  Counters collector_errors{registry,
                            "headroom_collector_errors_total",
                            "Sweeps in which the collector failed.",
                            {"collector"},
                            Each(kCollectorNames)};
  Gauges collector_duration{registry, "headroom_collector_duration_seconds",
                            "Time that the last sweep took."};
  Gauges measured_at{registry, "headroom_measurement_timestamp_seconds",
                     "When the host was last measured in full, since the epoch."};
  DurationHistogram cycle{registry, "headroom_cycle_duration_seconds",
                          "One cycle: reap, measure, decide, apply, publish.", kMedium};
  DurationHistogram decide{registry, "headroom_decide_duration_seconds",
                           "The decision for the whole queue.", kQuick};
  DurationHistogram launch{registry, "headroom_launch_duration_seconds",
                           "Starting one attempt: cgroup, limits, shim.", kMedium};

  // The daemon
  Gauges policy_generation{registry, "headroom_policy_generation",
                           "Number of the policy in force; grows with each reload."};
  Gauges reload_success{registry, "headroom_policy_reload_success",
                        "1 if the last attempt to load the policy succeeded."};
  Gauges reload_at{registry, "headroom_policy_reload_timestamp_seconds",
                   "When the policy was last loaded with success, since the epoch."};
  Gauges enforcement_mode{registry,
                          "headroom_enforcement_mode",
                          "1 for the way in which limits are enforced.",
                          {"mode"}};
  Gauges enforcement_missing{registry, "headroom_enforcement_missing",
                             "Limits that the policy asks for and this host cannot enforce."};
  Gauges degraded{registry, "headroom_degraded", "Things that do not work as they should."};
  Gauges store_works{registry, "headroom_store_works",
                     "0 while nothing can be stored (a full disk, say), else 1."};
  Counters store_commits{registry, "headroom_store_commits_total", "Durable commits."};
  Counters store_errors{registry, "headroom_store_errors_total", "Failed writes and commits."};
  Gauges store_commit{registry, "headroom_store_commit_seconds", "Time that the last commit took."};
  Counters http_requests{registry,
                         "headroom_http_requests_total",
                         "Answers of the API; 2xx is everything below 400.",
                         {"code"},
                         {{"2xx"}, {"4xx"}, {"5xx"}}};
  Gauges build_info{
      registry, "headroom_build_info", "What was built; always 1.", {"version", "compiler"}};

  // The process, under the names that every Prometheus client uses
  Gauges start_time{registry, "process_start_time_seconds",
                    "When the process started, since the epoch."};
  Counters cpu_seconds{registry, "process_cpu_seconds_total", "CPU time used."};
  Gauges resident{registry, "process_resident_memory_bytes", "Resident memory."};
  Gauges open_fds{registry, "process_open_fds", "Open file descriptors."};
  Gauges max_fds{registry, "process_max_fds", "Limit of open file descriptors."};

  // What the next cycle compares with.
  std::optional<GatePosition> last_position;
  std::optional<TimePoint> last_sweep;
  std::optional<double> started_at;
};

}  // namespace headroom
