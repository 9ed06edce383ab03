#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/units.h"
#include "cli/http_message.h"
#include "cli/json_read.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr OptionSpec kOptions[] = {
    {"key", "K", "this key alone"},
};

std::string Bytes(std::optional<int64_t> bytes) { return bytes ? FormatBytes(*bytes) : "-"; }

std::string Seconds(std::optional<double> seconds) {
  if (!seconds) return "-";
  return FormatDuration(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds)));
}

std::string FindingText(const json& key) {
  const std::string finding = TextAt(key, "finding");
  const int64_t declare = IntAt(key, "declare_memory_bytes").value_or(0);
  const bool is_over_limit = declare > IntAt(key, "limit_memory_bytes").value_or(declare);
  const std::string instead =
      fmt::format("--{} {}MiB", is_over_limit ? "limit-memory" : "memory", declare / kMiB);
  const int64_t kills = IntAt(key, "oom_kills").value_or(0);
  if (finding == "out_of_memory") return fmt::format("OOM-killed {}x: {}", kills, instead);
  if (finding == "under_declared") return "under-declared: " + instead;
  if (finding == "over_declared")
    return fmt::format("{:.1f}x over: {}", NumberAt(key, "times").value_or(0), instead);
  return finding == "too_few" ? "too few attempts" : finding;
}

Table KeysTable(const json& keys) {
  Table table;
  table.columns = {{"KEY", Align::kLeft, 8},        {"RUNS", Align::kRight, {}},
                   {"DECLARED", Align::kRight, {}}, {"P95", Align::kRight, {}, 1},
                   {"MOST", Align::kRight, {}},     {"TIME P90", Align::kRight, {}, 2},
                   {"FINDING", Align::kLeft, {}}};
  for (const auto& key : keys) {
    const auto& memory = ObjectAt(key, "used_memory_bytes");
    const std::string finding = TextAt(key, "finding");
    const bool is_wrong = finding == "out_of_memory" || finding == "under_declared";
    table.rows.push_back({{TextAt(key, "key")},
                          {std::to_string(IntAt(key, "attempts").value_or(0))},
                          {Bytes(IntAt(key, "declared_memory_bytes"))},
                          {Bytes(IntAt(memory, "p95"))},
                          {Bytes(IntAt(memory, "most"))},
                          {Seconds(NumberAt(key, "duration_p90_seconds"))},
                          {FindingText(key), is_wrong ? Tone::kWarn : Tone::kPlain}});
  }
  return table;
}

// "next request: 1.2 GiB memory (history), 0.50 cores (default)".
std::string NextText(const json& key) {
  const auto& next = ObjectAt(key, "next");
  const auto memory = IntAt(next, "memory_bytes"), cpu = IntAt(next, "cpu_millis");
  if (!memory || !cpu) return {};
  return fmt::format("next request: {} memory ({}), {} ({})\n", FormatBytes(*memory),
                     Escape(TextAt(next, "memory_source")), FormatCpuMillis(*cpu),
                     Escape(TextAt(next, "cpu_source")));
}

Outcome<int> RunAdvise(Context& context, const Args& args) {
  const auto named = args.Get("key");
  const std::string query = named ? "?key=" + PercentEncode(*named) : "";
  const auto answer = context.api.Get("/v1/keys" + query);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (context.json()) {
    context.PrintJson(*answer);
    return 0;
  }
  const auto& keys = ArrayAt(*answer, "keys");
  if (keys.empty()) {
    context.out() << "no job with a name or a key has ended yet\n";
    return 0;
  }
  context.out() << Render(KeysTable(keys), context.look());
  if (named) context.out() << NextText(keys.front());
  if (BoolAt(*answer, "more")) context.out() << "and more that waste less\n";
  return 0;
}

}  // namespace

const Verb kAdviseVerb{
    .name = "advise",
    .operands_text = "",
    .summary = "what jobs of a key used beside what they declare, and what to change",
    .details =
        "Of your own jobs, as root of all; the keys that waste most come first. A key is\n"
        "what history is kept by: --key of a job, else its --name.\n\n"
        "examples:\n"
        "  headroom advise\n"
        "  headroom advise --key nightly",
    .options = kOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunAdvise,
};

}  // namespace headroom::cli
