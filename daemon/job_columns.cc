#include "daemon/job_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace headroom {
namespace {

constexpr std::array kOomCauses = {OomCause::kNone, OomCause::kJobLimit, OomCause::kPoolLimit,
                                   OomCause::kHost};

// Lists as /proc/PID/environ has them: each string followed by a NUL.
void Append(std::string& list, std::string_view item) {
  list.append(item);
  list.push_back('\0');
}

template <class Take>
void ForEachItem(std::string_view list, Take take) {
  while (!list.empty()) {
    const auto end = std::min(list.find('\0'), list.size());
    take(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::pair<std::string_view, std::string_view> SplitAtEquals(std::string_view item) {
  const auto equals = std::min(item.find('='), item.size());
  return {item.substr(0, equals), item.substr(std::min(equals + 1, item.size()))};
}

std::string EncodeCommand(const std::vector<std::string>& command) {
  std::string list;
  for (const auto& argument : command) Append(list, argument);
  return list;
}

std::string EncodeEnvironment(const std::map<std::string, std::string>& environment) {
  std::string list;
  for (const auto& [name, value] : environment) Append(list, name + "=" + value);
  return list;
}

std::string EncodeTokens(const std::vector<TokenAmount>& tokens) {
  std::string list;
  for (const auto& token : tokens) Append(list, fmt::format("{}={}", token.name, token.count));
  return list;
}

std::vector<std::string> DecodeCommand(std::string_view list) {
  std::vector<std::string> command;
  ForEachItem(list, [&](std::string_view item) { command.emplace_back(item); });
  return command;
}

std::map<std::string, std::string> DecodeEnvironment(std::string_view list) {
  std::map<std::string, std::string> environment;
  ForEachItem(list, [&](std::string_view item) {
    const auto [name, value] = SplitAtEquals(item);
    environment.emplace(name, value);
  });
  return environment;
}

// A record that is being read; the first column that makes no sense is kept.
struct Reader {
  Query& row;
  std::string problem;

  void Doubt(const char* column) {
    if (problem.empty()) problem = column;
  }
  std::vector<TokenAmount> Tokens(const char* column) {
    std::vector<TokenAmount> tokens;
    ForEachItem(row.Text(), [&](std::string_view item) {
      const auto [name, number] = SplitAtEquals(item);
      TokenAmount token{std::string(name), 0};
      const char* const end = number.data() + number.size();
      const auto [rest, error] = std::from_chars(number.data(), end, token.count);
      if (error != std::errc() || rest != end) Doubt(column);
      tokens.push_back(std::move(token));
    });
    return tokens;
  }
  template <class Parse>
  auto Named(const char* column, Parse parse) {
    const auto value = parse(row.Text());
    if (!value) Doubt(column);
    return value;
  }
};

int64_t Count(WallTime time) { return time.time_since_epoch().count(); }
int64_t Count(TimePoint time) { return time.time_since_epoch().count(); }

template <class Time>
std::optional<int64_t> Count(std::optional<Time> time) {
  return time ? std::optional(Count(*time)) : std::nullopt;
}

WallTime ToWallTime(int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }
TimePoint ToTimePoint(int64_t ns) { return TimePoint(Duration(ns)); }

std::optional<int> Narrow(std::optional<int64_t> value) {
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

std::optional<int64_t> Widen(std::optional<int> value) {
  return value ? std::optional<int64_t>(*value) : std::nullopt;
}

void BindReserved(Query& query, const std::optional<ResourceVector>& reserved) {
  if (!reserved) {
    for (int i = 0; i < 4; ++i) query.Bind(std::optional<int64_t>());
    return;
  }
  query.Bind(reserved->memory_bytes).Bind(reserved->cpu_millis).Bind(reserved->pids);
  query.BindBlob(EncodeTokens(reserved->tokens));
}

std::optional<ResourceVector> ReadReserved(Reader& reader) {
  const auto memory = reader.row.MaybeInt();
  const auto cpu = reader.row.MaybeInt();
  const auto pids = reader.row.MaybeInt();
  auto tokens = reader.Tokens("reserved_tokens");
  if (!memory && !cpu && !pids) return std::nullopt;
  if (!memory || !cpu || !pids) reader.Doubt("reserved");
  return ResourceVector{memory.value_or(0), cpu.value_or(0), pids.value_or(0), std::move(tokens)};
}

void ReadJobColumns(Reader& reader, JobRecord& job) {
  Query& row = reader.row;
  job.state = reader.Named("state", ParseJobState).value_or(JobState::kWaiting);
  const auto outcome = row.MaybeText();
  if (outcome) job.outcome = ParseJobOutcome(*outcome);
  if (outcome && !job.outcome) reader.Doubt("outcome");
  job.attempt = static_cast<int32_t>(row.Int());
  job.submitted_at = ToWallTime(row.Int());
  if (const auto at = row.MaybeInt()) job.started_at = ToWallTime(*at);
  if (const auto at = row.MaybeInt()) job.finished_at = ToWallTime(*at);
  job.submitted_boottime = ToTimePoint(row.Int());
  if (const auto at = row.MaybeInt()) job.admitted_boottime = ToTimePoint(*at);
  job.boot_id = row.Text();
  job.reserved = ReadReserved(reader);
  job.exit_code = Narrow(row.MaybeInt());
  job.signal = Narrow(row.MaybeInt());
  job.oom = reader.Named("oom", ParseOomCause).value_or(OomCause::kNone);
  job.message = row.Text();
  job.usage.peak_memory_bytes = row.MaybeInt();
  job.usage.peak_pids = row.MaybeInt();
  job.usage.cpu_usec = row.MaybeInt();
  job.stdout_dropped.bytes = row.Int();
  job.stderr_dropped.bytes = row.Int();
  job.stdout_dropped.os_error = Narrow(row.MaybeInt()).value_or(0);
  job.stderr_dropped.os_error = Narrow(row.MaybeInt()).value_or(0);
  job.oom_retries = static_cast<int32_t>(row.MaybeInt().value_or(0));
  job.raised_memory_bytes = row.MaybeInt();
}

void ReadSubmissionColumns(Reader& reader, JobSubmission& job) {
  Query& row = reader.row;
  job.uid = static_cast<uid_t>(row.Int());
  job.user = row.Text();
  job.name = row.Text();
  job.tenant = row.Text();
  job.key = row.Text();
  job.priority = static_cast<int32_t>(row.Int());
  job.source = row.Text();
  job.external_id = row.Text();
  job.idempotency_key = row.Text();
  job.working_directory = row.Text();
  job.stdin_path = row.Text();
  job.request.memory_bytes = row.MaybeInt();
  job.request.cpu_millis = row.MaybeInt();
  job.request.pids = row.MaybeInt();
  job.request.tokens = reader.Tokens("request_tokens");
  job.memory_max_bytes = row.MaybeInt();
  job.cpu_max_millis = row.MaybeInt();
  job.pids_max = row.MaybeInt();
  if (const auto ns = row.MaybeInt()) job.duration = Duration(*ns);
  job.command = DecodeCommand(row.Text());
  job.environment = DecodeEnvironment(row.Text());
}

bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

std::optional<OomCause> ParseOomCause(std::string_view text) {
  for (const OomCause cause : kOomCauses) {
    if (text == ToString(cause)) return cause;
  }
  return std::nullopt;
}

const char* const kJobColumns =
    "state, outcome, attempt, submitted_at_ms, started_at_ms, finished_at_ms, "
    "submitted_boottime_ns, admitted_boottime_ns, boot_id, reserved_memory_bytes, "
    "reserved_cpu_millis, reserved_pids, reserved_tokens, exit_code, signal, oom, message, "
    "peak_memory_bytes, peak_pids, cpu_usec, stdout_dropped_bytes, stderr_dropped_bytes, "
    "stdout_error, stderr_error, oom_retries, raised_memory_bytes";

const char* const kSubmissionColumns =
    "uid, user, name, tenant, key, priority, source, external_id, idempotency_key, "
    "working_directory, stdin_path, request_memory_bytes, request_cpu_millis, request_pids, "
    "request_tokens, limit_memory_bytes, limit_cpu_millis, limit_pids, duration_ns, command, "
    "environment";

std::string Placeholders(const char* columns) {
  std::string list = "?1";
  const auto count = std::ranges::count(std::string_view(columns), ',') + 1;
  for (std::ptrdiff_t i = 2; i <= count; ++i) list += fmt::format(", ?{}", i);
  return list;
}

void BindJob(Query& query, const JobRecord& job) {
  query.Bind(std::string_view(ToString(job.state)));
  query.Bind(job.outcome ? std::optional<std::string_view>(ToString(*job.outcome)) : std::nullopt);
  query.Bind(job.attempt).Bind(Count(job.submitted_at));
  query.Bind(Count(job.started_at)).Bind(Count(job.finished_at));
  query.Bind(Count(job.submitted_boottime)).Bind(Count(job.admitted_boottime));
  query.Bind(std::string_view(job.boot_id));
  BindReserved(query, job.reserved);
  query.Bind(Widen(job.exit_code)).Bind(Widen(job.signal));
  query.Bind(std::string_view(ToString(job.oom))).Bind(std::string_view(job.message));
  query.Bind(job.usage.peak_memory_bytes).Bind(job.usage.peak_pids).Bind(job.usage.cpu_usec);
  query.Bind(job.stdout_dropped.bytes).Bind(job.stderr_dropped.bytes);
  for (const int os_error : {job.stdout_dropped.os_error, job.stderr_dropped.os_error}) {
    query.Bind(os_error == 0 ? std::nullopt : std::optional<int64_t>(os_error));
  }
  query.Bind(job.oom_retries == 0 ? std::nullopt : std::optional<int64_t>(job.oom_retries));
  query.Bind(job.raised_memory_bytes);
}

void BindSubmission(Query& query, const JobSubmission& job) {
  query.Bind(int64_t{job.uid});
  for (const std::string* text : {&job.user, &job.name, &job.tenant, &job.key}) {
    query.Bind(std::string_view(*text));
  }
  query.Bind(job.priority);
  for (const std::string* text : {&job.source, &job.external_id, &job.idempotency_key,
                                  &job.working_directory, &job.stdin_path}) {
    query.Bind(std::string_view(*text));
  }
  query.Bind(job.request.memory_bytes).Bind(job.request.cpu_millis).Bind(job.request.pids);
  query.BindBlob(EncodeTokens(job.request.tokens));
  query.Bind(job.memory_max_bytes).Bind(job.cpu_max_millis).Bind(job.pids_max);
  query.Bind(job.duration ? std::optional<int64_t>(job.duration->count()) : std::nullopt);
  query.BindBlob(EncodeCommand(job.command)).BindBlob(EncodeEnvironment(job.environment));
}

Status CheckStorable(const JobSubmission& job) {
  bool bad = std::ranges::any_of(job.command, HasNul);
  for (const auto& [name, value] : job.environment) {
    bad |= HasNul(name) || HasNul(value) || name.find('=') != std::string::npos;
  }
  for (const auto& token : job.request.tokens) {
    bad |= HasNul(token.name) || token.name.find('=') != std::string::npos;
  }
  if (!bad) return {};
  return Fail(
      ErrorCode::kInvalid,
      "a NUL in the command or environment, or an \"=\" in the name of a variable or token");
}

Result<JobRecord> ReadJob(Query& row) {
  Reader reader{row, {}};
  JobRecord job;
  job.id = JobId{row.Int()};
  ReadJobColumns(reader, job);
  if (!row.MaybeInt()) reader.Doubt("its submission is missing");
  ReadSubmissionColumns(reader, job.submission);
  if (reader.problem.empty()) return job;
  return Fail(ErrorCode::kCorrupt, fmt::format("job {}: {}", job.id.value, reader.problem));
}

}  // namespace headroom
