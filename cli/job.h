#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/failure.h"

// A job as the API shows it, for tables and for `run`. `--json` never goes through here: it prints
// the daemon's own object. Values; threads: any.
namespace headroom::cli {

struct Amounts {
  std::optional<int64_t> memory_bytes, cpu_millis, pids;
  std::map<std::string, int64_t> tokens;

  bool operator==(const Amounts&) const = default;
};

struct JobDecision {
  std::string verdict, reason, text;
  std::optional<int64_t> position;
  std::string dimension = {}, token = {};  // which decided; empty: none did
  std::optional<int64_t> head = {};        // the job that must not be delayed

  bool operator==(const JobDecision&) const = default;
};

struct Job {
  int64_t id = 0;
  std::string state, outcome;  // outcome: empty until finished
  std::string name, user, tenant, key, source, external_id, working_directory, message, oom;
  std::vector<std::string> command;
  int64_t priority = 0, attempt = 0;
  Amounts request, limits, observed;
  std::map<std::string, std::string> request_source;
  // What the request rests on; 0 of what is not known.
  int64_t key_attempts = 0, tenant_attempts = 0;
  std::optional<double> duration_p50_seconds, duration_p90_seconds;
  std::optional<double> duration_seconds;
  std::optional<WallTime> submitted_at, started_at, finished_at;
  std::optional<int> exit_code, signal;
  std::optional<int64_t> peak_memory_bytes, peak_pids;
  std::optional<double> cpu_seconds;
  int64_t stdout_dropped_bytes = 0, stderr_dropped_bytes = 0;
  std::string stdout_error, stderr_error;  // empty: what was dropped was over the limit
  std::optional<JobDecision> decision;

  bool finished() const { return state == "finished"; }
  bool operator==(const Job&) const = default;
};

// What --json calls "request" and "request_source".
Amounts ReadAmounts(const nlohmann::json& amounts);
std::map<std::string, std::string> ReadSources(const nlohmann::json& sources);

// A job of an answer. Without an id or a state it is not one, which is said with `what` was asked.
Outcome<Job> ReadJob(const nlohmann::json& json, std::string_view what);

// The jobs of {"jobs": [...]}.
Outcome<std::vector<Job>> ReadJobs(const nlohmann::json& json, std::string_view what);

}  // namespace headroom::cli
