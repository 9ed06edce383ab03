#include "executor/exit_record.h"

#include <charconv>

namespace headroom {
namespace {

constexpr std::string_view kFirstLine = "headroom-exit 1";
constexpr std::string_view kLastLine = "end";

// Cuts up to the separator; the whole rest when there is none.
std::string_view Take(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const std::string_view head = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return head;
}

template <class Integer>
bool ParseInto(std::string_view text, Integer& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size() && !text.empty();
}

bool ParseInto(std::string_view text, TimePoint& value) {
  int64_t nanoseconds = 0;
  if (!ParseInto(text, nanoseconds)) return false;
  value = TimePoint(Duration(nanoseconds));
  return true;
}

std::string Printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

std::string FormatOutcome(const Outcome& outcome) {
  if (const auto* exited = std::get_if<Exited>(&outcome))
    return "exited " + std::to_string(exited->code);
  if (const auto* signaled = std::get_if<Signaled>(&outcome))
    return "signaled " + std::to_string(signaled->signal);
  if (const auto* failed = std::get_if<LaunchFailed>(&outcome)) {
    return "launch_failed " + Printable(failed->step) + " " + std::to_string(failed->os_error) +
           " " + Printable(failed->message);
  }
  const auto* lost = std::get_if<Lost>(&outcome);
  return "lost " + (lost == nullptr ? std::string() : Printable(lost->message));
}

bool ParseOutcome(std::string_view text, Outcome& outcome) {
  const std::string_view kind = Take(text, ' ');
  if (kind == "exited") return ParseInto(text, outcome.emplace<Exited>().code);
  if (kind == "signaled") return ParseInto(text, outcome.emplace<Signaled>().signal);
  if (kind == "lost") {
    outcome = Lost{std::string(text)};
    return true;
  }
  if (kind != "launch_failed") return false;
  auto& failed = outcome.emplace<LaunchFailed>();
  failed.step = Take(text, ' ');
  const bool good = ParseInto(Take(text, ' '), failed.os_error) && !failed.step.empty();
  failed.message = text;
  return good;
}

bool ParseLine(std::string_view line, ExitRecord& record, bool& has_outcome) {
  const std::string_view key = Take(line, ' ');
  if (key == "boot") {
    record.boot_id = line;
    return true;
  }
  if (key == "outcome") return has_outcome = ParseOutcome(line, record.outcome);
  if (key == "started") return ParseInto(line, record.started_at);
  if (key == "ended") return ParseInto(line, record.ended_at);
  if (key == "stdout_dropped") return ParseInto(line, record.stdout_dropped.bytes);
  if (key == "stderr_dropped") return ParseInto(line, record.stderr_dropped.bytes);
  if (key == "stdout_error") return ParseInto(line, record.stdout_dropped.os_error);
  if (key == "stderr_error") return ParseInto(line, record.stderr_dropped.os_error);
  if (key == "pool_oom") return ParseInto(line, record.pool_oom_events);
  return true;
}

}  // namespace

std::string FormatExitRecord(const ExitRecord& record) {
  std::string text;
  const auto line = [&text](std::string_view key, const std::string& value) {
    text.append(key).append(" ").append(value).append("\n");
  };
  text.append(kFirstLine).append("\n");
  line("boot", Printable(record.boot_id));
  line("outcome", FormatOutcome(record.outcome));
  line("started", std::to_string(record.started_at.time_since_epoch().count()));
  line("ended", std::to_string(record.ended_at.time_since_epoch().count()));
  line("stdout_dropped", std::to_string(record.stdout_dropped.bytes));
  line("stderr_dropped", std::to_string(record.stderr_dropped.bytes));
  line("stdout_error", std::to_string(record.stdout_dropped.os_error));
  line("stderr_error", std::to_string(record.stderr_dropped.os_error));
  line("pool_oom", std::to_string(record.pool_oom_events));
  return text.append(kLastLine).append("\n");
}

std::optional<ExitRecord> ParseExitRecord(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  if (Take(text, '\n') != kFirstLine) return std::nullopt;
  ExitRecord record;
  bool has_outcome = false;
  while (!text.empty()) {
    const std::string_view line = Take(text, '\n');
    if (line == kLastLine)
      return text.empty() && has_outcome ? std::optional(record) : std::nullopt;
    if (!ParseLine(line, record, has_outcome)) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace headroom
