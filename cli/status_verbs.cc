#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/units.h"
#include "cli/job_text.h"
#include "cli/json_read.h"
#include "cli/status_report.h"
#include "cli/top_frame.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr OptionSpec kTopOptions[] = {
    {"interval", "TIME", "how often it looks; 1s if not given"},
    {"count", "N", "end after so many looks"},
};

Outcome<int> RunStatus(Context& context, const Args&) {
  const auto snapshot = context.api.Get("/v1/snapshot");
  if (!snapshot) return tl::unexpected<Failure>(snapshot.error());
  if (context.json()) {
    context.PrintJson(*snapshot);
    return 0;
  }
  context.out() << StatusText(ReadStatus(*snapshot), context.look());
  return 0;
}

// One look: what runs, then the front of the queue.
Outcome<TopFrame> AskFrame(Context& context) {
  constexpr std::size_t kMostWaiting = 200;
  const auto snapshot = context.api.Get("/v1/snapshot");
  if (!snapshot) return tl::unexpected<Failure>(snapshot.error());
  const auto waiting = context.api.ListJobs("state=waiting", kMostWaiting);
  if (!waiting) return tl::unexpected<Failure>(waiting.error());
  auto running = ReadJobs({{"jobs", ArrayAt(*snapshot, "running")}}, "top");
  if (!running) return tl::unexpected<Failure>(running.error());
  auto queued = ReadJobs({{"jobs", *waiting}}, "top");
  if (!queued) return tl::unexpected<Failure>(queued.error());
  return TopFrame{context.now(), ReadStatus(*snapshot), std::move(*running), std::move(*queued)};
}

// What a frame of `top` is printed as: over the last one, below it, or as JSON.
class TopScreen {
 public:
  explicit TopScreen(Context& context) : context_(context) {
    const Environment& environment = context.around.environment;
    const bool capable = environment("TERM").value_or("dumb") != "dumb";
    if (context.json() || !capable || !IsTerminal(context.around.out_fd)) return;
    screen_.emplace(context.out());
    context.around.waiter.WatchKeys();
  }

  void Show(const Outcome<TopFrame>& frame) {
    if (!screen_) {
      if (frame) context_.out() << FrameText(*frame, context_.look(), {}) << "\n" << std::flush;
      return;
    }
    const auto size = SizeOf(context_.around.out_fd, context_.around.environment);
    const std::string text = frame ? FrameText(*frame, context_.look(), size)
                                   : FailureText(frame.error()) + "\nq ends; still trying\n";
    context_.out() << Repaint(text) << std::flush;
  }
  bool redraws() const { return screen_.has_value(); }

 private:
  Context& context_;
  std::optional<FullScreen> screen_;
};

Outcome<void> PrintJsonFrame(Context& context) {
  const auto snapshot = context.api.Get("/v1/snapshot");
  if (!snapshot) return tl::unexpected<Failure>(snapshot.error());
  context.PrintJson(*snapshot);
  return {};
}

// A live view outlives the daemon's restarts; a printed one ends with the first failure.
Outcome<void> ShowOnce(Context& context, TopScreen& screen) {
  if (context.json()) return PrintJsonFrame(context);
  const auto frame = AskFrame(context);
  screen.Show(frame);
  const bool gone_for_good = !frame && !(screen.redraws() && context.api.connection_failed());
  if (gone_for_good && !context.api.interrupted()) return tl::unexpected<Failure>(frame.error());
  return {};
}

Outcome<int> Watch(Context& context, Duration interval, std::optional<int64_t> count) {
  Waiter& waiter = context.around.waiter;
  if (auto caught = waiter.CatchSignals(); !caught)
    return tl::unexpected<Failure>(FromInput(caught.error()));
  context.api.AbortOn(waiter.SignalFd());
  TopScreen screen(context);
  for (int64_t shown = 1;; ++shown) {
    if (auto once = ShowOnce(context, screen); !once) return tl::unexpected<Failure>(once.error());
    if (count && shown >= *count) return 0;
    const Wake wake = waiter.Wait(interval);
    if (wake == Wake::kInterrupt || wake == Wake::kQuit) return 0;
  }
}

Outcome<int> RunTop(Context& context, const Args& args) {
  const auto interval = ParseDuration(args.Get("interval").value_or("1s"));
  if (!interval)
    return Refuse(ExitCode::kUsage, fmt::format("--interval: {}", interval.error().message));
  const auto count = IntOption(args, "count", 1, INT32_MAX);
  if (!count) return tl::unexpected<Failure>(count.error());
  constexpr Duration kShortest = std::chrono::milliseconds(100);
  return Watch(context, std::max(*interval, kShortest), *count);
}

}  // namespace

const Verb kStatusVerb{
    .name = "status",
    .operands_text = "",
    .summary = "show how much room there is and what the gate says",
    .details =
        "For memory, CPU and pids: a bar of what is taken outside our jobs, charged to\n"
        "jobs and free up to the target (the mark), then the numbers. Then the pressure\n"
        "gate, the jobs by state, and what works worse than it should on this host.\n\n"
        "examples:\n"
        "  headroom status\n"
        "  headroom status --json | jq .headroom.memory.headroom",
    .options = {},
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunStatus,
};

const Verb kTopVerb{
    .name = "top",
    .operands_text = "",
    .summary = "watch the host, the running jobs and the queue",
    .details =
        "Redraws every second until q or Ctrl-C. Where output is no terminal, or a dumb\n"
        "one, it prints one view after another; with --json one object a line.\n\n"
        "examples:\n"
        "  headroom top\n"
        "  headroom top --interval 10s --count 6 >> watch.txt",
    .options = kTopOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunTop,
};

}  // namespace headroom::cli
