#include "cli/start_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/units.h"
#include "cli/json_read.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

// Whole seconds: nobody foretells more.
std::string SecondsText(double seconds) {
  constexpr double kMost = 3.2e9;
  const auto whole = static_cast<int64_t>(std::clamp(seconds, 0.0, kMost) + 0.5);
  return FormatDuration(std::chrono::seconds(whole));
}

// "3m 10s to 8m 0s", "3m 10s", "3m 10s or later"; empty: not known.
std::string BetweenText(const json& band) {
  const auto p50 = NumberAt(band, "p50_seconds"), p90 = NumberAt(band, "p90_seconds");
  if (!p50) return {};
  const std::string from = SecondsText(*p50);
  if (!p90) return from + " or later";
  const std::string to = SecondsText(*p90);
  return from == to ? from : fmt::format("{} to {}", from, to);
}

std::string JobList(const json& ids) {
  std::vector<std::string> names;
  for (const json& id : ids) {
    if (id.is_number_integer()) names.push_back(fmt::format("job {}", id.get<int64_t>()));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string NeedText(const json& need) {
  const Axis axis = AxisIn(need);
  const auto amount = [&](const char* key) {
    return FormatAmount(IntAt(need, key).value_or(0), axis);
  };
  const std::string line = TextAt(need, "line");
  const std::string where = line == "ceiling"
                                ? " under the ceiling, should running jobs grow as they may"
                            : line == "count" ? ""
                                              : " under the target";
  const bool passed = IntAt(need, "available").value_or(0) < 0;
  const std::string free =
      passed ? fmt::format("the line is passed by {}",
                           FormatAmount(-IntAt(need, "available").value_or(0), axis))
             : fmt::format("{} free", amount("available"));
  return fmt::format("{} of {}{}: needs {}, {}", amount("short_by"), ToString(axis.dimension),
                     where, amount("needed"), free);
}

// The option that asks for so much, as it can be typed.
std::string RequestText(const Axis& axis, int64_t amount) {
  switch (axis.dimension) {
    case Dimension::kMemory:
      return fmt::format("--memory {} or less ({})", amount, FormatBytes(amount));
    case Dimension::kCpu:
      return fmt::format("--cpu {}m or less", amount);
    case Dimension::kPids:
      return fmt::format("--pids {} or less", amount);
    case Dimension::kToken:
      return fmt::format("--token {}={} or less", axis.token, amount);
  }
  return {};
}

std::string ChangeText(const json& change) {
  const std::string kind = TextAt(change, "kind");
  const int64_t amount = IntAt(change, "amount").value_or(0);
  const std::string jobs = JobList(ArrayAt(change, "jobs"));
  if (kind == "request") return "it is submitted with " + RequestText(AxisIn(change), amount);
  if (kind == "duration") {
    return fmt::format("it is submitted with --duration {:.0f}s or less",
                       NumberAt(change, "duration_seconds").value_or(0));
  }
  if (kind == "priority") return fmt::format("it has --priority {} or higher", amount);
  if (kind == "end") return jobs + (ArrayAt(change, "jobs").size() == 1 ? " ends" : " end");
  if (kind == "token")
    return fmt::format("{} frees {} of token {}", jobs, amount, TextAt(change, "token"));
  return kind;  // of a newer daemon
}

}  // namespace

Axis AxisIn(const json& object) {
  const std::string dimension = TextAt(object, "dimension");
  for (const Dimension known : {Dimension::kCpu, Dimension::kPids, Dimension::kToken}) {
    if (dimension == ToString(known)) return {known, TextAt(object, "token")};
  }
  return {Dimension::kMemory, {}};
}

std::string BandText(const json& start) {
  const std::string foretold = TextAt(start, "foretold");
  if (foretold == "expected") return BetweenText(start);
  if (foretold == "beyond_horizon") return "beyond the plan";
  return foretold;  // now, unknown, never
}

std::string RestsOnText(const json& start) {
  const json& rests = ObjectAt(start, "rests_on");
  const int64_t history = IntAt(rests, "ends_by_history").value_or(0);
  const int64_t declared = IntAt(rests, "ends_by_declared").value_or(0);
  if (history + declared == 0) return {};
  std::vector<std::string> by;
  if (const auto fewest = IntAt(rests, "fewest_attempts"))
    by.push_back(fmt::format("{}+ runs", *fewest));
  if (declared > 0) by.emplace_back("declared");
  return fmt::format("{} {} ({})", history + declared, history + declared == 1 ? "end" : "ends",
                     fmt::join(by, ", "));
}

void AddNeeds(const json& needs, Sheet* sheet) {
  std::string label = "short of";
  for (const json& need : needs) {
    if (IntAt(need, "short_by").value_or(0) <= 0) continue;
    sheet->Add(std::exchange(label, ""), NeedText(need));
  }
}

void AddStart(const json& start, Sheet* sheet) {
  const std::string band = BandText(start);
  if (band.empty()) return;
  const std::string foretold = TextAt(start, "foretold");
  std::string text = foretold == "expected" ? "in " + band : band;
  if (const std::string rests = RestsOnText(start); !rests.empty()) text += "; rests on " + rests;
  const std::string waits_for = JobList(ArrayAt(start, "waits_for"));
  if (foretold == "unknown")
    text += waits_for.empty() ? ": nothing that is expected to happen starts it"
                              : ": nobody knows how long these run: " + waits_for;
  sheet->Add("expected start", text);
}

void AddChanges(const json& would_start, Sheet* sheet) {
  if (!would_start.contains("changes")) return;
  const json& changes = ArrayAt(would_start, "changes");
  const bool all = BoolAt(would_start, "searched_all");
  std::string label = "starts now if";
  for (const json& change : changes) sheet->Add(std::exchange(label, ""), ChangeText(change));
  if (!all)
    sheet->Add(label, "the search was cut short: there may be more");
  else if (changes.empty())
    sheet->Add(label, "no single change would start it now");
}

std::string HolderText(const json& holder, const Axis& axis) {
  const json& ends = ObjectAt(holder, "ends");
  std::string when;
  if (const std::string between = BetweenText(ends); !between.empty()) {
    const int64_t attempts = IntAt(ends, "attempts").value_or(0);
    when = fmt::format(", ends in {} by {}", between,
                       attempts > 0 ? fmt::format("{} {}", attempts, attempts == 1 ? "run" : "runs")
                                    : std::string("what it declared"));
  } else if (!ends.empty()) {
    when = ", nobody knows until when";
  }
  return fmt::format("job {} ({}{})", IntAt(holder, "id").value_or(0),
                     FormatAmount(IntAt(holder, "amount").value_or(0), axis), when);
}

}  // namespace headroom::cli
