#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/json_read.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr int64_t kPage = 1000;
constexpr std::size_t kRecent = 50;

constexpr OptionSpec kEventsOptions[] = {
    {"follow", nullptr, "go on with what happens", 'f'},
    {"after", "N", "only events after this sequence number; 0: from the oldest kept on"},
};

bool SaysNothing(const json& value) { return value.is_null() || value == json(std::string()); }

// "outcome=failed", "exit_code=3": the members of `detail` that say something, what matters first.
std::vector<std::string> DetailTexts(const json& detail) {
  constexpr const char* kFirst[] = {"outcome", "exit_code", "signal", "reason", "message"};
  std::vector<std::string> texts;
  const auto add = [&](const std::string& key, const json& value) {
    if (SaysNothing(value)) return;
    const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    texts.push_back(Escape(fmt::format("{}={}", key, shown)));
  };
  for (const char* key : kFirst) {
    if (const auto found = detail.find(key); found != detail.end()) add(key, *found);
  }
  for (const auto& [key, value] : detail.items()) {
    if (std::ranges::find(kFirst, key) == std::end(kFirst)) add(key, value);
  }
  return texts;
}

// As much of the time as the terminal is wide enough for: "2026-11-24T13:47:02.923Z",
// "11-24 13:47:02", nothing.
std::string TimeColumn(const std::string& at, const std::optional<int>& width) {
  const bool known = ParseWallTime(at).has_value();
  if (!known || !width || *width >= 100) return Escape(at) + "  ";
  if (*width < 60) return {};
  return fmt::format("{} {}  ", at.substr(5, 5), at.substr(11, 8));
}

std::string Trimmed(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

// On a terminal a line ends where it does, between words. The detail begins a line of its own where
// not even the first of it would fit.
std::string EventText(const json& event, const Look& look) {
  constexpr int kIndent = 8;
  const auto job = IntAt(event, "job");
  const std::string line =
      fmt::format("{:>6}  {}{:<15} {:>7}  ", IntAt(event, "sequence").value_or(0),
                  TimeColumn(TextAt(event, "at"), look.width), Escape(TextAt(event, "kind")),
                  job ? fmt::format("job {}", *job) : "");
  const std::vector<std::string> texts = DetailTexts(ObjectAt(event, "detail"));
  const std::string detail = fmt::format("{}", fmt::join(texts, " "));
  if (!look.width) return Trimmed(line + detail) + "\n";
  const auto cut = [&](const std::string& text, int width) {
    return TruncateWords(text, std::max(width, 0), Ellipsis(look));
  };
  const int room = *look.width - DisplayWidth(line);
  const int dots = texts.size() > 1 ? 1 : 0;
  if (texts.empty() || DisplayWidth(texts.front()) + dots <= room)
    return cut(Trimmed(line + cut(detail, room)), *look.width) + "\n";
  return cut(Trimmed(line), *look.width) + "\n" + std::string(kIndent, ' ') +
         cut(detail, *look.width - kIndent) + "\n";
}

void Print(Context& context, const json& event) {
  if (context.json()) {
    context.PrintJson(event);
  } else {
    context.out() << EventText(event, context.look()) << std::flush;
  }
}

// Hands every event after `after` to `take`, page by page; returns where to go on.
Outcome<int64_t> ReadPages(Context& context, int64_t after,
                           const std::function<void(const json& event)>& take) {
  while (context.out()) {
    const auto page = context.api.Get(fmt::format("/v1/events?after={}&limit={}", after, kPage));
    if (!page) return tl::unexpected<Failure>(page.error());
    for (const auto& event : ArrayAt(*page, "events")) take(event);
    // The place to go on from is past the last event where later ones are not the caller's to see.
    const int64_t last = IntAt(*page, "last").value_or(after);
    if (last <= after) break;
    after = last;
  }
  return after;
}

Outcome<int64_t> PrintAfter(Context& context, int64_t after) {
  return ReadPages(context, after, [&](const json& event) { Print(context, event); });
}

Outcome<int64_t> PrintRecent(Context& context) {
  std::deque<json> recent;
  const auto last = ReadPages(context, 0, [&](const json& event) {
    recent.push_back(event);
    if (recent.size() > kRecent) recent.pop_front();
  });
  if (last) {
    for (const json& event : recent) Print(context, event);
  }
  return last;
}

// Follows, and takes up again where it was when the daemon restarts.
Outcome<int> Follow(Context& context, int64_t after) {
  constexpr int kMostTries = 60;
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto followed = context.api.FollowEvents(after, [&](const json& event) {
      Print(context, event);
      after = std::max(after, IntAt(event, "sequence").value_or(after));
      tries = 0;
      return context.out() ? Sink::kContinue : Sink::kStop;
    });
    if (!context.out()) return 0;
    if (!followed && !context.api.connection_failed())
      return tl::unexpected<Failure>(followed.error());
    if (tries == 0) context.Say("the daemon ended the stream; waiting for it to come back");
    context.around.waiter.Wait(std::chrono::seconds(1));
  }
  return Refuse(ExitCode::kNoDaemon, "the daemon did not come back",
                fmt::format("`headroom events -f --after {}` goes on from here", after));
}

Outcome<int> RunEvents(Context& context, const Args& args) {
  const auto after = IntOption(args, "after", 0, std::numeric_limits<int64_t>::max());
  if (!after) return tl::unexpected<Failure>(after.error());
  const auto last = *after ? PrintAfter(context, **after) : PrintRecent(context);
  if (!last) return tl::unexpected<Failure>(last.error());
  return args.Has("follow") ? Follow(context, *last) : Outcome<int>(0);
}

}  // namespace

const Verb kEventsVerb{
    .name = "events",
    .operands_text = "",
    .summary = "list what happened, or follow it",
    .details =
        "Prints the last 50 events, or all after --after. Numbers only grow, so a program\n"
        "that remembers the last one misses nothing. With --json every event is a line of\n"
        "its own.\n\n"
        "examples:\n"
        "  headroom events -f\n"
        "  headroom events --after 0 --json | jq 'select(.kind == \"job_finished\")'",
    .options = kEventsOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunEvents,
};

}  // namespace headroom::cli
