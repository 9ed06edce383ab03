#include "cli/status_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "admission/resources.h"
#include "base/units.h"
#include "cli/job_text.h"
#include "cli/json_read.h"
#include "cli/text.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

ResourceLines ReadLines(const json& lines) {
  return {IntAt(lines, "capacity"),    IntAt(lines, "target"),   IntAt(lines, "unmanaged"),
          IntAt(lines, "reserve"),     IntAt(lines, "observed"), IntAt(lines, "charge"),
          IntAt(lines, "peak_charge"), IntAt(lines, "headroom"), IntAt(lines, "peak_headroom")};
}

std::vector<TokenLine> ReadTokens(const json& tokens) {
  std::vector<TokenLine> lines;
  for (const auto& [name, line] : tokens.items())
    lines.push_back({name, IntAt(line, "capacity"), IntAt(line, "held")});
  return lines;
}

std::vector<std::string> Texts(const json& array) {
  std::vector<std::string> texts;
  for (const auto& item : array) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string SecondsText(double seconds) {
  constexpr double kCentury = 3.2e9;  // more would overflow, and is not true
  return FormatDuration(std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::clamp(seconds, 0.0, kCentury))));
}

std::string AmountText(Dimension dimension, const std::optional<int64_t>& amount) {
  return amount ? FormatAmount(*amount, {dimension, {}}) : std::string("unknown");
}

struct BarCharacters {
  const char *taken, *charged, *free, *mark;
};

BarCharacters CharactersOf(Charset charset) {
  switch (charset) {
    case Charset::kAscii:
      return {"%", "#", ".", "|"};
    case Charset::kUtf8:
      return {"▒", "█", "·", "│"};
  }
  return {"%", "#", ".", "|"};
}

Tone FreeTone(const ResourceLines& lines) {
  if (!lines.headroom || !lines.target) return Tone::kDim;
  if (*lines.headroom <= 0) return Tone::kBad;
  return *lines.headroom * 10 < *lines.target ? Tone::kWarn : Tone::kGood;
}

// What a line has beside its bar and its text: "memory  [" and "]  42%  ". The text is as long as
// "11.4 GiB free under the target", or "11.4 GiB free" where the terminal is narrow.
constexpr int kBarFrame = 17;
constexpr int kLongText = 33;
constexpr int kShortText = 16;
constexpr int kLeastBar = 5;

bool HasLongText(const Look& look) {
  return look.width.value_or(80) >= kBarFrame + kLongText + 2 * kLeastBar;
}

// 0: no room for a bar.
int BarCells(const Look& look) {
  const int room =
      look.width.value_or(80) - kBarFrame - (HasLongText(look) ? kLongText : kShortText);
  return room < kLeastBar ? 0 : std::min(room, 50);
}

std::string FreeText(Dimension dimension, int64_t headroom, const Look& look) {
  const bool over = headroom < 0;
  return fmt::format("{} {}{}", FormatAmount(over ? -headroom : headroom, {dimension, {}}),
                     over ? "over" : "free",
                     !HasLongText(look) ? "" : (over ? " the target" : " under the target"));
}

// "memory  [▒▒████···│     ]  41%  12.1 GiB free under the target".
std::string BarLine(const char* name, Dimension dimension, const ResourceLines& lines,
                    const Look& look) {
  if (!lines.capacity || *lines.capacity <= 0) return fmt::format("{:<7} not measured\n", name);
  const int64_t used = lines.unmanaged.value_or(0) + lines.charge.value_or(0);
  const double percent = 100.0 * static_cast<double>(used) / static_cast<double>(*lines.capacity);
  const int cells = BarCells(look);
  const std::string bar =
      cells > 0 ? fmt::format("[{}] ", Bar(lines, cells, look.charset)) : std::string();
  const std::string free =
      lines.headroom ? FreeText(dimension, *lines.headroom, look) : std::string("unknown");
  return fmt::format("{:<7} {}{:>3.0f}%  {}\n", name, bar, percent,
                     Paint(free, FreeTone(lines), look));
}

// What is left of the terminal's width behind a label.
constexpr int kIndent = 8;

std::optional<int> RoomOf(const Look& look) {
  if (!look.width) return std::nullopt;
  return std::max(*look.width - kIndent, 1);
}

// `parts` with `separator` between them, in as many lines as they take, or in one.
std::vector<std::string> FitParts(const std::vector<std::string>& parts, std::string_view separator,
                                  const Look& look, Overflow overflow) {
  const auto room = RoomOf(look);
  std::vector<std::string> lines{""};
  for (const std::string& part : parts) {
    std::string& line = lines.back();
    const std::string longer = line.empty() ? part : fmt::format("{}{}{}", line, separator, part);
    if (line.empty() || !room || DisplayWidth(longer) <= *room) {
      line = longer;
      continue;
    }
    if (overflow == Overflow::kCut) break;
    line += separator.substr(0, separator.find_last_not_of(' ') + 1);
    lines.push_back(part);
  }
  return lines;
}

// Parts that are wider than a line are broken, or cut, between their words.
std::vector<std::string> FitLines(const std::vector<std::string>& parts, std::string_view separator,
                                  const Look& look, Overflow overflow) {
  const auto room = RoomOf(look);
  std::vector<std::string> fitting;
  for (const std::string& line : FitParts(parts, separator, look, overflow)) {
    if (!room || DisplayWidth(line) <= *room || overflow == Overflow::kCut) {
      fitting.push_back(room ? TruncateWords(line, *room, Ellipsis(look)) : line);
      continue;
    }
    for (std::string& piece : WrapWords(line, *room)) fitting.push_back(std::move(piece));
  }
  return fitting;
}

// "label   first line", the others below it.
std::string Labelled(std::string_view label, Tone label_tone, const std::vector<std::string>& lines,
                     Tone tone, const Look& look) {
  std::string text = Paint(label, label_tone, look);
  text.append(kIndent - label.size(), ' ');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text.append("\n").append(kIndent, ' ');
    text += Paint(lines[i], tone, look);
  }
  return text + "\n";
}

// A line of words, as they came from the daemon.
std::string Sentence(std::string_view label, const std::string& text, const Look& look,
                     Overflow overflow, Tone label_tone = Tone::kPlain, Tone tone = Tone::kPlain) {
  const std::string safe = Escape(text);
  const std::vector<std::string> parts =
      overflow == Overflow::kCut ? std::vector<std::string>{safe} : Words(safe);
  const std::vector<std::string> lines = FitLines(parts, " ", look, overflow);
  return Labelled(label, label_tone, lines, tone, look);
}

std::string NumbersLine(Dimension dimension, const ResourceLines& lines, const Look& look,
                        Overflow overflow) {
  if (!lines.capacity) return {};
  const auto amount = [&](const std::optional<int64_t>& value) {
    return AmountText(dimension, value);
  };
  std::vector<std::string> parts{
      amount(lines.capacity) + " capacity", amount(lines.target) + " target",
      fmt::format("{} charged ({} used)", amount(lines.charge), amount(lines.observed)),
      amount(lines.unmanaged) + " outside our jobs"};
  if (lines.reserve.value_or(0) > 0) parts.push_back(amount(lines.reserve) + " reserved");
  if (lines.peak_headroom) parts.push_back(amount(lines.peak_headroom) + " left at peak");
  return Labelled("", Tone::kPlain, FitLines(parts, ", ", look, overflow), Tone::kDim, look);
}

// "2 of 6 db", for each.
std::vector<std::string> TokenTexts(const std::vector<TokenLine>& tokens) {
  std::vector<std::string> parts;
  for (const TokenLine& token : tokens) {
    const auto number = [](const std::optional<int64_t>& count) {
      return count ? fmt::to_string(*count) : std::string("?");
    };
    parts.push_back(
        Escape(fmt::format("{} of {} {}", number(token.held), number(token.capacity), token.name)));
  }
  if (!parts.empty()) parts.back() += " held";
  return parts;
}

std::string JobsText(const std::map<std::string, int64_t>& by_state) {
  std::vector<std::string> parts;
  for (const char* state : {"running", "starting", "stopping", "waiting", "finished"}) {
    const auto found = by_state.find(state);
    const int64_t count = found == by_state.end() ? 0 : found->second;
    const bool always =
        std::string_view(state) == "running" || std::string_view(state) == "waiting";
    if (count > 0 || always) parts.push_back(fmt::format("{} {}", count, state));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

Tone GateTone(const std::string& position) {
  if (position == "open") return Tone::kGood;
  return position == "closed" ? Tone::kBad : Tone::kWarn;
}

std::string TargetText(double factor) {
  return fmt::format("lowered to {:.0f}% of the policy's after trouble, comes back by 1% a minute",
                     100 * factor);
}

// "job 7 frozen for 12s for want of memory, undone within 48s".
std::string ReliefText(const ReliefReport& relief) {
  std::string did = relief.step;
  if (relief.step == "weight") did = "at a tenth of its CPU weight";
  if (relief.step == "throttle") did = "held at the memory that it has";
  if (relief.step == "freeze") did = "frozen";
  return fmt::format("job {} {} for {} for want of memory, undone within {}",
                     relief.job ? fmt::to_string(*relief.job) : "?", did,
                     SecondsText(relief.since_seconds.value_or(0)),
                     SecondsText(std::max(0.0, relief.undone_within_seconds.value_or(0))));
}

std::string DaemonText(const StatusReport& report) {
  std::vector<std::string> parts;
  if (report.policy_generation)
    parts.push_back(fmt::format("policy generation {}", *report.policy_generation));
  if (!report.enforcement_mode.empty())
    parts.push_back(fmt::format("{} cgroups", report.enforcement_mode));
  const auto age = report.headroom.measurement_age_seconds;
  parts.push_back(age ? fmt::format("measured {} ago", SecondsText(*age))
                      : std::string("not measured yet"));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string StoreText(const StatusReport& report) {
  return fmt::format(
      "nothing can be stored for {}: no job is accepted or started, running ones go on; {}",
      SecondsText(*report.store_failing_for_seconds), report.store_message);
}

std::vector<WindowReport> ReadWindows(const json& windows) {
  std::vector<WindowReport> reports;
  for (const json& window : windows) {
    reports.push_back({TextAt(window, "name"), BoolAt(window, "drain"),
                       NumberAt(window, "begins_in_seconds"), NumberAt(window, "ends_in_seconds")});
  }
  return reports;
}

// "db-maintenance drains in 3h 0m until in 5h 0m"; empty: not within a day.
std::string WindowText(const WindowReport& window) {
  constexpr double kDay = 86'400;
  if (!window.begins_in_seconds || !window.ends_in_seconds || *window.begins_in_seconds > kDay)
    return {};
  const char* does = window.drain ? "drains the host" : "moves the target";
  const std::string ends = SecondsText(*window.ends_in_seconds);
  if (*window.begins_in_seconds <= 0)
    return fmt::format("{} {} for {} more", window.name, does, ends);
  return fmt::format("{} {} in {}, until in {}", window.name, does,
                     SecondsText(*window.begins_in_seconds), ends);
}

}  // namespace

GateReport ReadGate(const json& gate) {
  const auto& cause = ObjectAt(gate, "cause");
  return {TextAt(gate, "position"),  NumberAt(gate, "since_seconds"),
          TextAt(cause, "resource"), TextAt(cause, "kind"),
          NumberAt(cause, "value"),  NumberAt(cause, "must_fall_below")};
}

HeadroomReport ReadHeadroom(const json& headroom) {
  return {ReadLines(ObjectAt(headroom, "memory")),       ReadLines(ObjectAt(headroom, "cpu")),
          ReadLines(ObjectAt(headroom, "pids")),         ReadTokens(ObjectAt(headroom, "tokens")),
          ReadGate(ObjectAt(headroom, "gate")),          ReadWindows(ArrayAt(headroom, "windows")),
          NumberAt(headroom, "measurement_age_seconds"), NumberAt(headroom, "target_factor")};
}

StatusReport ReadStatus(const json& snapshot) {
  StatusReport report;
  report.headroom = ReadHeadroom(ObjectAt(snapshot, "headroom"));
  for (const auto& [state, count] : ObjectAt(snapshot, "jobs_by_state").items()) {
    if (count.is_number_integer()) report.jobs_by_state[state] = count.get<int64_t>();
  }
  for (const json& step : ArrayAt(snapshot, "relief")) {
    report.relief.push_back({TextAt(step, "step"), IntAt(step, "job"),
                             NumberAt(step, "since_seconds"),
                             NumberAt(step, "undone_within_seconds")});
  }
  report.degraded = Texts(ArrayAt(snapshot, "degraded"));
  report.enforcement_mode = TextAt(ObjectAt(snapshot, "enforcement"), "mode");
  report.policy_generation = IntAt(snapshot, "policy_generation");
  const auto& store = ObjectAt(snapshot, "store");
  report.store_failing_for_seconds = NumberAt(store, "failing_for_seconds");
  report.store_message = TextAt(store, "message");
  if (const auto& shadow = ObjectAt(snapshot, "shadow"); !shadow.empty()) {
    const auto& starts = ObjectAt(shadow, "starts");
    report.shadow = {TextAt(shadow, "file"), IntAt(shadow, "would_start").value_or(0),
                     IntAt(starts, "alike").value_or(0), IntAt(starts, "earlier").value_or(0),
                     IntAt(starts, "later").value_or(0)};
  }
  return report;
}

std::string Bar(const ResourceLines& lines, int cells, Charset charset) {
  const double capacity = static_cast<double>(std::max<int64_t>(lines.capacity.value_or(0), 1));
  const auto cell = [&](int64_t amount) {
    const double share = static_cast<double>(amount) / capacity;
    return std::clamp(static_cast<int>(std::lround(share * cells)), 0, cells);
  };
  const int64_t outside = lines.unmanaged.value_or(0) + lines.reserve.value_or(0);
  const int taken = cell(outside);
  const int charged = cell(outside + lines.charge.value_or(0));
  const int target = lines.target ? cell(*lines.target) : cells;
  const BarCharacters characters = CharactersOf(charset);
  std::string bar;
  for (int i = 0; i < cells; ++i) {
    if (i == target) {
      bar += characters.mark;
    } else if (i < taken) {
      bar += characters.taken;
    } else if (i < charged) {
      bar += characters.charged;
    } else {
      bar += i < target ? characters.free : " ";
    }
  }
  return bar;
}

std::string LinesText(const HeadroomReport& report, const Look& look, Overflow overflow) {
  const struct {
    const char* name;
    Dimension dimension;
    const ResourceLines& lines;
  } rows[] = {{"memory", Dimension::kMemory, report.memory},
              {"cpu", Dimension::kCpu, report.cpu},
              {"pids", Dimension::kPids, report.pids}};
  std::string text;
  for (const auto& row : rows) {
    text += BarLine(row.name, row.dimension, row.lines, look);
    text += NumbersLine(row.dimension, row.lines, look, overflow);
  }
  if (!report.tokens.empty()) {
    text += Labelled("tokens", Tone::kPlain,
                     FitLines(TokenTexts(report.tokens), ", ", look, overflow), Tone::kPlain, look);
  }
  return text;
}

std::string GateText(const GateReport& gate) {
  if (gate.position.empty()) return "unknown";
  std::string text = gate.position;
  if (gate.since_seconds) text += " for " + SecondsText(*gate.since_seconds);
  if (!gate.cause_resource.empty() && gate.cause_value && gate.must_fall_below) {
    text += fmt::format(": {} pressure ({}) {:.1f}%, must fall below {:.1f}%", gate.cause_resource,
                        gate.cause_kind, *gate.cause_value, *gate.must_fall_below);
  }
  return text;
}

std::string ShadowText(const StatusReport::Shadow& shadow) {
  return fmt::format("{} would start {} more now; of what started, {} alike, {} earlier, {} later",
                     shadow.file, shadow.would_start, shadow.alike, shadow.earlier, shadow.later);
}

std::string StatusText(const StatusReport& report, const Look& look, Overflow overflow) {
  const GateReport& gate = report.headroom.gate;
  std::string text = LinesText(report.headroom, look, overflow);
  text += Sentence("gate", GateText(gate), look, overflow, Tone::kPlain, GateTone(gate.position));
  if (const double factor = report.headroom.target_factor.value_or(1); factor < 1)
    text += Sentence("target", TargetText(factor), look, overflow, Tone::kWarn);
  for (const WindowReport& window : report.headroom.windows) {
    const std::string words = WindowText(window);
    if (!words.empty()) text += Sentence("window", words, look, overflow);
  }
  for (const ReliefReport& step : report.relief)
    text += Sentence("relief", ReliefText(step), look, overflow, Tone::kWarn);
  text += Sentence("jobs", JobsText(report.jobs_by_state), look, overflow);
  text += Sentence("daemon", DaemonText(report), look, overflow);
  if (report.store_failing_for_seconds)
    text += Sentence("store", StoreText(report), look, overflow, Tone::kPlain, Tone::kBad);
  if (report.shadow) text += Sentence("shadow", ShadowText(*report.shadow), look, overflow);
  for (const std::string& note : report.degraded)
    text += Sentence("weaker", note, look, overflow, Tone::kWarn);
  return text;
}

}  // namespace headroom::cli
