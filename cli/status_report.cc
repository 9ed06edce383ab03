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

// What a line has beside its bar and its text: "memory  [" and "]  42%  ".
constexpr int kBarFrame = 17;
constexpr int kTextRoom = 33;

int BarCells(const Look& look) {
  return std::clamp(look.width.value_or(80) - kBarFrame - kTextRoom, 10, 50);
}

// "memory  [▒▒████···│     ]  41%  12.1 GiB free under the target".
std::string BarLine(const char* name, Dimension dimension, const ResourceLines& lines,
                    const Look& look) {
  if (!lines.capacity || *lines.capacity <= 0) return fmt::format("{:<7} not measured\n", name);
  const int64_t used = lines.unmanaged.value_or(0) + lines.charge.value_or(0);
  const double percent = 100.0 * static_cast<double>(used) / static_cast<double>(*lines.capacity);
  const int64_t headroom = lines.headroom.value_or(0);
  std::string free = headroom >= 0
                         ? AmountText(dimension, lines.headroom) + " free under the target"
                         : FormatAmount(-headroom, {dimension, {}}) + " over the target";
  if (look.width) free = Truncate(free, *look.width - kBarFrame - BarCells(look), Ellipsis(look));
  return fmt::format("{:<7} [{}] {:>3.0f}%  {}\n", name, Bar(lines, BarCells(look), look.charset),
                     percent, Paint(free, FreeTone(lines), look));
}

std::string NumbersLine(Dimension dimension, const ResourceLines& lines, const Look& look) {
  if (!lines.capacity) return {};
  std::string text =
      fmt::format("{} capacity, {} target, {} charged ({} used), {} outside our jobs",
                  AmountText(dimension, lines.capacity), AmountText(dimension, lines.target),
                  AmountText(dimension, lines.charge), AmountText(dimension, lines.observed),
                  AmountText(dimension, lines.unmanaged));
  if (lines.reserve.value_or(0) > 0)
    text += fmt::format(", {} reserved", AmountText(dimension, lines.reserve));
  if (lines.peak_headroom)
    text += fmt::format(", {} left at peak", AmountText(dimension, lines.peak_headroom));
  constexpr int kIndent = 8;
  if (look.width) text = Truncate(text, *look.width - kIndent, Ellipsis(look));
  return std::string(kIndent, ' ') + Paint(text, Tone::kDim, look) + "\n";
}

std::string TokensText(const std::vector<TokenLine>& tokens) {
  std::vector<std::string> parts;
  for (const TokenLine& token : tokens) {
    const auto number = [](const std::optional<int64_t>& count) {
      return count ? fmt::to_string(*count) : std::string("?");
    };
    parts.push_back(
        fmt::format("{} of {} {}", number(token.held), number(token.capacity), token.name));
  }
  return fmt::format("{} held", fmt::join(parts, ", "));
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

}  // namespace

GateReport ReadGate(const json& gate) {
  const auto& cause = ObjectAt(gate, "cause");
  return {TextAt(gate, "position"),  NumberAt(gate, "since_seconds"),
          TextAt(cause, "resource"), TextAt(cause, "kind"),
          NumberAt(cause, "value"),  NumberAt(cause, "must_fall_below")};
}

HeadroomReport ReadHeadroom(const json& headroom) {
  return {ReadLines(ObjectAt(headroom, "memory")), ReadLines(ObjectAt(headroom, "cpu")),
          ReadLines(ObjectAt(headroom, "pids")),   ReadTokens(ObjectAt(headroom, "tokens")),
          ReadGate(ObjectAt(headroom, "gate")),    NumberAt(headroom, "measurement_age_seconds")};
}

StatusReport ReadStatus(const json& snapshot) {
  StatusReport report;
  report.headroom = ReadHeadroom(ObjectAt(snapshot, "headroom"));
  for (const auto& [state, count] : ObjectAt(snapshot, "jobs_by_state").items()) {
    if (count.is_number_integer()) report.jobs_by_state[state] = count.get<int64_t>();
  }
  report.degraded = Texts(ArrayAt(snapshot, "degraded"));
  const auto& enforcement = ObjectAt(snapshot, "enforcement");
  report.enforcement_mode = TextAt(enforcement, "mode");
  report.enforcement_missing = Texts(ArrayAt(enforcement, "missing"));
  report.policy_generation = IntAt(snapshot, "policy_generation");
  const auto& store = ObjectAt(snapshot, "store");
  report.store_failing_for_seconds = NumberAt(store, "failing_for_seconds");
  report.store_message = TextAt(store, "message");
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

std::string LinesText(const HeadroomReport& report, const Look& look) {
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
    text += NumbersLine(row.dimension, row.lines, look);
  }
  if (!report.tokens.empty())
    text += fmt::format("tokens  {}\n", Escape(TokensText(report.tokens)));
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

std::string StatusText(const StatusReport& report, const Look& look) {
  const GateReport& gate = report.headroom.gate;
  std::string text = LinesText(report.headroom, look);
  text += fmt::format("gate    {}\n", Paint(Escape(GateText(gate)), GateTone(gate.position), look));
  text += fmt::format("jobs    {}\n", JobsText(report.jobs_by_state));
  text += fmt::format("daemon  {}\n", Escape(DaemonText(report)));
  if (report.store_failing_for_seconds) {
    text += fmt::format("store   {}\n", Paint(Escape(StoreText(report)), Tone::kBad, look));
  }
  for (const std::string& note : report.degraded)
    text += fmt::format("{}  {}\n", Paint("weaker", Tone::kWarn, look), Escape(note));
  for (const std::string& missing : report.enforcement_missing)
    text += fmt::format("{}  not enforced here: {}\n", Paint("weaker", Tone::kWarn, look),
                        Escape(missing));
  return text;
}

}  // namespace headroom::cli
