#include <fmt/format.h>

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

// "outcome=failed exit_code=3": the members of `detail` that say something.
std::string DetailText(const json& detail) {
  std::string text;
  for (const auto& [key, value] : detail.items()) {
    if (value.is_null() || value == json(std::string())) continue;
    const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, shown);
  }
  return text;
}

std::string EventText(const json& event) {
  const auto job = IntAt(event, "job");
  return fmt::format("{:>6}  {}  {:<15} {:>7}  {}\n", IntAt(event, "sequence").value_or(0),
                     Escape(TextAt(event, "at")), Escape(TextAt(event, "kind")),
                     job ? fmt::format("job {}", *job) : "",
                     Escape(DetailText(ObjectAt(event, "detail"))));
}

void Print(Context& context, const json& event) {
  if (context.json()) {
    context.PrintJson(event);
  } else {
    context.out() << EventText(event) << std::flush;
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
