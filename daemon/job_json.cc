#include "daemon/job_json.h"

#include "base/units.h"

namespace headroom {
namespace {

OrderedJson IdOrNull(const std::optional<JobId>& id) {
  return id ? OrderedJson(id->value) : OrderedJson(nullptr);
}

OrderedJson TimeOrNull(const std::optional<WallTime>& time) {
  return time ? OrderedJson(FormatWallTime(*time)) : OrderedJson(nullptr);
}

OrderedJson TokensToJson(const std::vector<TokenAmount>& tokens) {
  OrderedJson json = OrderedJson::object();
  for (const TokenAmount& token : tokens) json[token.name] = token.count;
  return json;
}

// What it is reserved once it was admitted, what it would be before, and what was declared when
// neither is known.
OrderedJson RequestToJson(const JobView& job) {
  const JobRecord& record = job.record;
  const DeclaredRequest& declared = record.submission.request;
  if (record.reserved || job.resolved) {
    const ResourceVector& amounts = record.reserved ? *record.reserved : job.resolved->request;
    return {{"memory_bytes", amounts.memory_bytes},
            {"cpu_millis", amounts.cpu_millis},
            {"pids", amounts.pids},
            {"tokens", TokensToJson(amounts.tokens)}};
  }
  return {{"memory_bytes", OrNull(declared.memory_bytes)},
          {"cpu_millis", OrNull(declared.cpu_millis)},
          {"pids", OrNull(declared.pids)},
          {"tokens", TokensToJson(declared.tokens)}};
}

OrderedJson RequestSourceToJson(const JobView& job) {
  if (!job.resolved) return {{"memory", nullptr}, {"cpu", nullptr}, {"pids", nullptr}};
  return {{"memory", ToString(job.resolved->memory_source)},
          {"cpu", ToString(job.resolved->cpu_source)},
          {"pids", ToString(job.resolved->pids_source)}};
}

// What the request rests on.
OrderedJson HistoryToJson(const JobView& job) {
  if (!job.resolved) return nullptr;
  return {{"attempts", job.resolved->key_attempts},
          {"tenant_attempts", job.resolved->tenant_attempts},
          {"duration_p50_seconds", SecondsOrNull(job.resolved->duration_p50)},
          {"duration_p90_seconds", SecondsOrNull(job.resolved->duration_p90)}};
}

OrderedJson UsageToJson(const AttemptUsage& usage) {
  OrderedJson cpu_seconds = nullptr;
  if (usage.cpu_usec) cpu_seconds = static_cast<double>(*usage.cpu_usec) / 1e6;
  return {{"peak_memory_bytes", OrNull(usage.peak_memory_bytes)},
          {"peak_pids", OrNull(usage.peak_pids)},
          {"cpu_seconds", cpu_seconds}};
}

void Redact(OrderedJson& job) {
  for (const char* key : {"name", "tenant", "key", "source", "external_id", "command",
                          "working_directory", "decision"}) {
    job[key] = nullptr;
  }
  job["message"] = "";
}

// Written by the daemon itself, so it is an object; a damaged one says nothing.
// "write: No space left on device (ENOSPC)".
OrderedJson ErrorOrNull(const DroppedOutput& dropped) {
  if (dropped.os_error == 0) return nullptr;
  return FailErrno(dropped.os_error, "write").value().message;
}

OrderedJson DetailToJson(const std::string& text) {
  OrderedJson detail = OrderedJson::parse(text, nullptr, false);
  return detail.is_object() ? detail : OrderedJson::object();
}

}  // namespace

OrderedJson DecisionToJson(const Decision& decision, const JobView& job) {
  OrderedJson dimension = nullptr;
  OrderedJson token = nullptr;
  if (decision.axis) {
    dimension = ToString(decision.axis->dimension);
    token = TextOrNull(decision.axis->token);
  }
  return {{"verdict", ToString(decision.verdict)},
          {"reason", ToString(decision.reason)},
          {"dimension", dimension},
          {"token", token},
          {"needed", decision.needed},
          {"available", decision.available},
          {"head", IdOrNull(decision.head)},
          {"position", OrNull(job.position)},
          {"text", job.explanation}};
}

OrderedJson JobToJson(const JobView& job, Visibility visibility) {
  const JobRecord& record = job.record;
  const JobSubmission& asked = record.submission;
  OrderedJson outcome = nullptr;
  if (record.outcome) outcome = ToString(*record.outcome);
  OrderedJson json = {
      {"id", record.id.value},
      {"name", asked.name},
      {"state", ToString(record.state)},
      {"outcome", outcome},
      {"user", asked.user},
      {"uid", asked.uid},
      {"tenant", asked.tenant},
      {"key", asked.key},
      {"priority", asked.priority},
      {"source", TextOrNull(asked.source)},
      {"external_id", TextOrNull(asked.external_id)},
      {"command", asked.command},
      {"working_directory", asked.working_directory},
      {"request", RequestToJson(job)},
      {"request_source", RequestSourceToJson(job)},
      {"history", HistoryToJson(job)},
      {"limits",
       {{"memory_bytes", OrNull(asked.memory_max_bytes)},
        {"cpu_millis", OrNull(asked.cpu_max_millis)},
        {"pids", OrNull(asked.pids_max)}}},
      {"duration_seconds", SecondsOrNull(asked.duration)},
      {"attempt", record.attempt},
      {"submitted_at", FormatWallTime(record.submitted_at)},
      {"started_at", TimeOrNull(record.started_at)},
      {"finished_at", TimeOrNull(record.finished_at)},
      {"exit_code", OrNull(record.exit_code)},
      {"signal", OrNull(record.signal)},
      {"oom", ToString(record.oom)},
      {"message", record.message},
      {"observed",
       {{"memory_bytes", OrNull(job.observed.memory_bytes)},
        {"cpu_millis", OrNull(job.observed.cpu_millis)},
        {"pids", OrNull(job.observed.pids)}}},
      {"usage", UsageToJson(record.usage)},
      {"log",
       {{"stdout_dropped_bytes", record.stdout_dropped.bytes},
        {"stderr_dropped_bytes", record.stderr_dropped.bytes},
        {"stdout_error", ErrorOrNull(record.stdout_dropped)},
        {"stderr_error", ErrorOrNull(record.stderr_dropped)}}},
      {"decision", job.decision ? DecisionToJson(*job.decision, job) : OrderedJson(nullptr)},
  };
  if (visibility == Visibility::kOthers) Redact(json);
  return json;
}

OrderedJson JobsToJson(const std::vector<JobView>& jobs, const Caller& caller) {
  OrderedJson json = OrderedJson::array();
  for (const JobView& job : jobs) {
    const bool own = caller.admin || job.record.submission.uid == caller.uid;
    json.push_back(JobToJson(job, own ? Visibility::kFull : Visibility::kOthers));
  }
  return json;
}

OrderedJson EventToJson(const Event& event) {
  return {{"sequence", event.sequence},
          {"at", FormatWallTime(event.at)},
          {"kind", event.kind},
          {"job", IdOrNull(event.job)},
          {"detail", DetailToJson(event.detail)}};
}

}  // namespace headroom
