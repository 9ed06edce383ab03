#include "cli/job.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/json_read.h"

namespace headroom::cli {
namespace {

std::optional<int> SmallIntAt(const nlohmann::json& json, const char* key) {
  const auto value = IntAt(json, key);
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<JobDecision> ReadDecision(const nlohmann::json& json) {
  const auto& decision = ObjectAt(json, "decision");
  if (decision.empty()) return std::nullopt;
  return JobDecision{TextAt(decision, "verdict"),   TextAt(decision, "reason"),
                     TextAt(decision, "text"),      IntAt(decision, "position"),
                     TextAt(decision, "dimension"), TextAt(decision, "token"),
                     IntAt(decision, "head")};
}

std::vector<std::string> ReadCommand(const nlohmann::json& json) {
  std::vector<std::string> command;
  for (const auto& word : ArrayAt(json, "command")) {
    if (word.is_string()) command.push_back(word.get<std::string>());
  }
  return command;
}

void ReadUse(const nlohmann::json& json, Job* job) {
  const auto& usage = ObjectAt(json, "usage");
  job->peak_memory_bytes = IntAt(usage, "peak_memory_bytes");
  job->peak_pids = IntAt(usage, "peak_pids");
  job->cpu_seconds = NumberAt(usage, "cpu_seconds");
  const auto& log = ObjectAt(json, "log");
  job->stdout_dropped_bytes = IntAt(log, "stdout_dropped_bytes").value_or(0);
  job->stderr_dropped_bytes = IntAt(log, "stderr_dropped_bytes").value_or(0);
  job->stdout_error = TextAt(log, "stdout_error");
  job->stderr_error = TextAt(log, "stderr_error");
}

void ReadPlaceInTime(const nlohmann::json& json, Job* job) {
  job->duration_seconds = NumberAt(json, "duration_seconds");
  job->submitted_at = WallTimeAt(json, "submitted_at");
  job->started_at = WallTimeAt(json, "started_at");
  job->finished_at = WallTimeAt(json, "finished_at");
}

void ReadIdentity(const nlohmann::json& json, Job* job) {
  const std::pair<const char*, std::string*> texts[] = {
      {"state", &job->state},    {"outcome", &job->outcome},
      {"name", &job->name},      {"user", &job->user},
      {"tenant", &job->tenant},  {"key", &job->key},
      {"source", &job->source},  {"external_id", &job->external_id},
      {"oom", &job->oom},        {"working_directory", &job->working_directory},
      {"message", &job->message}};
  for (const auto& [key, value] : texts) *value = TextAt(json, key);
  job->priority = IntAt(json, "priority").value_or(0);
  job->attempt = IntAt(json, "attempt").value_or(0);
  job->exit_code = SmallIntAt(json, "exit_code");
  job->signal = SmallIntAt(json, "signal");
}

}  // namespace

Amounts ReadAmounts(const nlohmann::json& json) {
  Amounts amounts{IntAt(json, "memory_bytes"), IntAt(json, "cpu_millis"), IntAt(json, "pids"), {}};
  for (const auto& [name, count] : ObjectAt(json, "tokens").items()) {
    if (count.is_number_integer()) amounts.tokens[name] = count.get<int64_t>();
  }
  return amounts;
}

std::map<std::string, std::string> ReadSources(const nlohmann::json& json) {
  std::map<std::string, std::string> sources;
  for (const char* dimension : {"memory", "cpu", "pids"})
    sources[dimension] = TextAt(json, dimension);
  return sources;
}

Outcome<Job> ReadJob(const nlohmann::json& json, std::string_view what) {
  const auto id = IntAt(json, "id");
  if (!id || TextAt(json, "state").empty()) {
    return Refuse(ExitCode::kFailed,
                  fmt::format("{}: the daemon's answer is not a job (no id or state)", what),
                  "does another program listen on this socket?");
  }
  Job job;
  job.id = *id;
  ReadIdentity(json, &job);
  ReadPlaceInTime(json, &job);
  ReadUse(json, &job);
  job.command = ReadCommand(json);
  job.request = ReadAmounts(ObjectAt(json, "request"));
  job.limits = ReadAmounts(ObjectAt(json, "limits"));
  job.observed = ReadAmounts(ObjectAt(json, "observed"));
  job.request_source = ReadSources(ObjectAt(json, "request_source"));
  const auto& history = ObjectAt(json, "history");
  job.key_attempts = IntAt(history, "attempts").value_or(0);
  job.tenant_attempts = IntAt(history, "tenant_attempts").value_or(0);
  job.duration_p50_seconds = NumberAt(history, "duration_p50_seconds");
  job.duration_p90_seconds = NumberAt(history, "duration_p90_seconds");
  job.decision = ReadDecision(json);
  return job;
}

Outcome<std::vector<Job>> ReadJobs(const nlohmann::json& json, std::string_view what) {
  std::vector<Job> jobs;
  for (const auto& item : ArrayAt(json, "jobs")) {
    auto job = ReadJob(item, what);
    if (!job) return tl::unexpected<Failure>(job.error());
    jobs.push_back(std::move(*job));
  }
  return jobs;
}

}  // namespace headroom::cli
