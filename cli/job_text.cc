#include "cli/job_text.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/units.h"
#include "cli/text.h"

namespace headroom::cli {
namespace {

std::string FormatCores(int64_t millis) {
  return fmt::format("{:.2f}c", static_cast<double>(millis) / 1000.0);
}

Tone StateTone(const Job& job) {
  if (job.state == "running" || job.outcome == "succeeded") return Tone::kGood;
  if (job.state == "waiting") return Tone::kPlain;
  if (job.outcome == "cancelled" || job.outcome == "withdrawn") return Tone::kDim;
  return job.finished() ? Tone::kBad : Tone::kWarn;
}

// What the last column says: why it waits, or how it ended.
std::string ReasonText(const Job& job) {
  if (job.finished()) return job.outcome == "succeeded" ? "" : EndText(job);
  if (!job.decision && job.state != "waiting") return "";
  if (!job.decision) return job.message.empty() ? "not decided yet" : job.message;
  std::string_view text = job.decision->text;
  for (const std::string_view prefix : {"waits: ", "wait: "}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  return std::string(text);
}

std::string OomText(const std::string& cause) {
  if (cause == "job_limit") return "out of memory: over its own limit";
  if (cause == "pool_limit") return "out of memory: all jobs together reached the pool's limit";
  if (cause == "host") return "out of memory: the host had none left";
  return "out of memory";
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

Duration ToDuration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// "12 attempts of its key: half ran for up to 3m, nine of ten for up to 5m".
std::string KnownText(const Job& job) {
  const auto attempts = [](int64_t n) { return fmt::format("{} attempt{}", n, n == 1 ? "" : "s"); };
  if (job.key_attempts > 0 && job.duration_p50_seconds && job.duration_p90_seconds) {
    return fmt::format("{} of its key: half ran for up to {}, nine of ten for up to {}",
                       attempts(job.key_attempts),
                       FormatDuration(ToDuration(*job.duration_p50_seconds)),
                       FormatDuration(ToDuration(*job.duration_p90_seconds)));
  }
  if (job.tenant_attempts == 0) return {};
  return fmt::format("none of its key, {} of its tenant", attempts(job.tenant_attempts));
}

std::string UsageText(const Job& job) {
  std::vector<std::string> parts;
  if (job.peak_memory_bytes) parts.push_back(FormatBytes(*job.peak_memory_bytes) + " memory");
  if (job.peak_pids) parts.push_back(fmt::format("{} pids", *job.peak_pids));
  if (job.cpu_seconds) parts.push_back(fmt::format("{:.1f} s of CPU", *job.cpu_seconds));
  return Join(parts, ", ");
}

// "2026-11-24T04:03:38.123Z (5m 2s ago)".
std::string TimeText(const std::optional<WallTime>& time, WallTime now) {
  if (!time) return {};
  const std::string text = FormatWallTime(*time);
  return now < *time ? text : fmt::format("{} ({} ago)", text, FormatDuration(now - *time));
}

std::string UserText(const Job& job) {
  std::vector<std::string> parts;
  if (!job.tenant.empty() && job.tenant != job.user) parts.push_back("tenant " + job.tenant);
  if (!job.key.empty()) parts.push_back("key " + job.key);
  if (job.priority != 0) parts.push_back(fmt::format("priority {}", job.priority));
  return parts.empty() ? job.user : fmt::format("{} ({})", job.user, Join(parts, ", "));
}

std::string Title(const Job& job, const Look& look) {
  const std::string name = job.name.empty() ? "" : fmt::format(" ({})", Escape(job.name));
  return fmt::format("{}{} {}\n", Paint(fmt::format("job {}", job.id), Tone::kStrong, look), name,
                     Paint(job.finished() ? job.outcome : job.state, StateTone(job), look));
}

bool NeedsNoQuotes(std::string_view word) {
  constexpr std::string_view kPlain = "_-./=:,+@%^";
  return !word.empty() && std::ranges::all_of(word, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kPlain.find(c) != std::string_view::npos;
  });
}

std::string Quote(const std::string& word) {
  if (NeedsNoQuotes(word)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string BriefReason(const JobDecision& decision) {
  if (decision.verdict != "wait") return {};
  if (decision.text.find("; next try in ") != std::string::npos) return {};
  if (!decision.token.empty()) return fmt::format("token {} taken", decision.token);
  if (decision.reason == "over_target") return decision.dimension + " at target";
  if (decision.reason == "over_ceiling") return decision.dimension + " at ceiling";
  if (decision.reason == "resting") return decision.dimension + " resting";
  if (decision.reason == "behind_head" && decision.head)
    return fmt::format("behind job {}", *decision.head);
  if (decision.reason == "no_measurement") return "not measured yet";
  if (decision.reason == "stale") return "stale measurement";
  std::string words = decision.reason;  // gate_closed, max_jobs, those of a newer daemon
  std::ranges::replace(words, '_', ' ');
  return words;
}

std::string ShellQuote(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  quoted.reserve(words.size());
  for (const std::string& word : words) quoted.push_back(Quote(word));
  return Join(quoted, " ");
}

std::string ShortAmounts(const Amounts& amounts) {
  std::vector<std::string> parts;
  if (amounts.memory_bytes) parts.push_back(FormatBytes(*amounts.memory_bytes));
  if (amounts.cpu_millis) parts.push_back(FormatCores(*amounts.cpu_millis));
  for (const auto& [name, count] : amounts.tokens)
    parts.push_back(fmt::format("{} {}", count, name));
  return parts.empty() ? "-" : Join(parts, " ");
}

std::string LongAmounts(const Amounts& amounts, const std::map<std::string, std::string>& sources) {
  const auto source = [&](const char* dimension) {
    const auto found = sources.find(dimension);
    return found == sources.end() || found->second.empty() ? std::string()
                                                           : fmt::format(" ({})", found->second);
  };
  std::vector<std::string> parts;
  if (amounts.memory_bytes)
    parts.push_back(FormatBytes(*amounts.memory_bytes) + " memory" + source("memory"));
  if (amounts.cpu_millis) parts.push_back(FormatCpuMillis(*amounts.cpu_millis) + source("cpu"));
  if (amounts.pids) parts.push_back(fmt::format("{} pids{}", *amounts.pids, source("pids")));
  for (const auto& [name, count] : amounts.tokens)
    parts.push_back(fmt::format("{} of token {}", count, name));
  return Join(parts, ", ");
}

std::string DroppedText(const Job& job) {
  const struct {
    const char* name;
    int64_t bytes;
    const std::string& error;
  } streams[] = {{"stdout", job.stdout_dropped_bytes, job.stdout_error},
                 {"stderr", job.stderr_dropped_bytes, job.stderr_error}};
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const auto& [name, bytes, error] : streams) {
    if (bytes <= 0) continue;
    const std::string why = error.empty() ? "over the policy's jobs.log_max" : error;
    by_reason[why].push_back(fmt::format("{} of {}", FormatBytes(bytes), name));
  }
  std::vector<std::string> parts;
  parts.reserve(by_reason.size());
  for (const auto& [why, what] : by_reason)
    parts.push_back(fmt::format("{} dropped: {}", Join(what, ", "), why));
  return Join(parts, "; ");
}

std::string EndText(const Job& job) {
  if (!job.finished()) return {};
  if (job.outcome == "oom_killed") return OomText(job.oom);
  if (job.signal) {
    const char* name = ::sigabbrev_np(*job.signal);
    return name != nullptr ? fmt::format("signal {} (SIG{})", *job.signal, name)
                           : fmt::format("signal {}", *job.signal);
  }
  if (!job.message.empty()) return job.message;
  if (job.exit_code && *job.exit_code != 0) return fmt::format("exit code {}", *job.exit_code);
  return job.outcome;
}

std::string OutcomeText(const Job& job) {
  const std::string end = EndText(job);
  return end.starts_with(job.outcome) ? end : job.outcome + ": " + end;
}

std::optional<Duration> Age(const Job& job, WallTime now) {
  const auto from = job.started_at ? job.started_at : job.submitted_at;
  if (!from) return std::nullopt;
  const WallTime until = job.finished_at.value_or(now);
  return until < *from ? Duration::zero() : Duration(until - *from);
}

Table JobsTable(const std::vector<Job>& jobs, WallTime now) {
  Table table{{{"ID", Align::kRight, {}},
               {"STATE", Align::kLeft, {}},
               {"NAME", Align::kLeft, 6, 1},
               {"USER", Align::kLeft, 4, 5},
               {"REQUEST", Align::kRight, {}, 3},
               {"OBSERVED", Align::kRight, {}, 4},
               {"WAIT/RUN", Align::kRight, {}, 2},
               {"REASON", Align::kLeft, 17}},
              {}};
  for (const Job& job : jobs) {
    const auto age = Age(job, now);
    table.rows.push_back({{fmt::to_string(job.id)},
                          {job.finished() ? job.outcome : job.state, StateTone(job)},
                          {job.name},
                          {job.user},
                          {ShortAmounts(job.request)},
                          {ShortAmounts(job.observed)},
                          {age ? FormatDuration(*age) : "-"},
                          {ReasonText(job), Tone::kPlain,
                           job.decision ? BriefReason(*job.decision) : std::string()}});
  }
  return table;
}

void Sheet::Add(std::string label, std::string text, Tone tone) {
  if (!text.empty()) lines_.push_back({std::move(label), std::move(text), tone});
}

std::string Sheet::Render(const Look& look) const {
  constexpr int kLeastRoom = 20;  // narrower terminals wrap by themselves
  std::size_t width = 0;
  for (const Line& line : lines_) width = std::max(width, line.label.size());
  const int indent = static_cast<int>(width) + 4;
  const int room = look.width ? std::max(*look.width - indent, kLeastRoom) : 0;
  std::string text;
  for (const Line& line : lines_) {
    const std::string safe = Escape(line.text);
    std::string label = line.label;
    for (const std::string& piece : room > 0 ? WrapWords(safe, room) : std::vector{safe}) {
      text += fmt::format("  {:<{}}  {}\n", label, width, Paint(piece, line.tone, look));
      label.clear();
    }
  }
  return text;
}

std::string JobText(const Job& job, WallTime now, const Look& look) {
  Sheet sheet;
  sheet.Add("command", ShellQuote(job.command));
  sheet.Add("directory", job.working_directory);
  sheet.Add("user", UserText(job));
  if (!job.source.empty()) sheet.Add("source", job.source + ", there " + job.external_id);
  sheet.Add("requested", LongAmounts(job.request, job.request_source));
  sheet.Add("known", KnownText(job));
  sheet.Add("limited to", LongAmounts(job.limits, {}));
  sheet.Add("uses now", LongAmounts(job.observed, {}));
  if (job.state == "waiting") sheet.Add("waits", ReasonText(job));
  sheet.Add("submitted", TimeText(job.submitted_at, now));
  sheet.Add("started", TimeText(job.started_at, now));
  sheet.Add("finished", TimeText(job.finished_at, now));
  if (const auto age = Age(job, now); age && job.started_at)
    sheet.Add(job.finished() ? "ran" : "runs", "for " + FormatDuration(*age));
  sheet.Add("ended", EndText(job), StateTone(job));
  sheet.Add("used at most", UsageText(job));
  sheet.Add("logs", DroppedText(job), Tone::kWarn);
  return Title(job, look) + sheet.Render(look);
}

}  // namespace headroom::cli
