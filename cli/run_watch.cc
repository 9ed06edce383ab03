#include "cli/run_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace headroom::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Polls start quick, so that short jobs return at once, and slow down, so that a thousand waiting
// commands do not keep the daemon busy.
constexpr Duration kFirstPause = milliseconds(15);
constexpr Duration kLongestRunning = milliseconds(250);
constexpr Duration kLongestWaiting = seconds(1);
constexpr Duration kPatience = seconds(60);
constexpr Duration kSilence = seconds(1);

}  // namespace

RunWatch::RunWatch(Context& context, Job submitted, Streaming streaming)
    : context_(context),
      job_(std::move(submitted)),
      streaming_(streaming),
      stdout_{LogStream::kStdout, context.out()},
      stderr_{LogStream::kStderr, context.err()},
      since_(context.around.clock.Now()),
      pause_(kFirstPause) {}

Outcome<std::optional<Job>> RunWatch::UntilEnd() {
  while (true) {
    const auto step = Step();
    if (step) {
      lost_since_.reset();
      if (HasEnded()) return job_;
      TellWhyItWaits();
    } else if (!context_.api.interrupted() && !StillPatient()) {
      return tl::unexpected<Failure>(step.error());
    }
    if (context_.around.waiter.Wait(NextPause()) != Wake::kInterrupt) continue;
    if (std::exchange(cancelled_, true)) return std::nullopt;
    Cancel();
  }
}

Outcome<void> RunWatch::Step() {
  const bool streams = streaming_ == Streaming::kOn && job_.attempt > 0 && job_.state != "waiting";
  if (streams) {
    auto pumped = Pump(stdout_).and_then([&] { return Pump(stderr_); });
    // The attempt is recorded before its files are made.
    if (!pumped && pumped.error().exit != ExitCode::kNotFound) return pumped;
    if (pumped && !(stdout_.complete && stderr_.complete)) return {};
  }
  return LookAtJob();
}

Outcome<void> RunWatch::LookAtJob() {
  auto job = context_.api.GetJob(job_.id);
  if (!job) return tl::unexpected<Failure>(job.error());
  if (job->state != job_.state) pause_ = kFirstPause;
  job_ = std::move(*job);
  return {};
}

bool RunWatch::HasEnded() const {
  if (!job_.finished()) return false;
  const bool has_output = streaming_ == Streaming::kOn && job_.attempt > 0 &&
                          job_.outcome != "launch_failed" && job_.outcome != "lost";
  return !has_output || (stdout_.complete && stderr_.complete);
}

Outcome<void> RunWatch::Pump(Stream& stream) {
  while (!stream.complete) {
    const auto piece = context_.api.Logs(job_.id, stream.which, stream.offset);
    if (!piece) return tl::unexpected<Failure>(piece.error());
    stream.to << piece->bytes << std::flush;
    stream.offset = piece->next_offset;
    stream.complete = piece->complete;
    if (piece->bytes.empty()) break;
    pause_ = kFirstPause;
  }
  return {};
}

bool RunWatch::StillPatient() {
  if (!context_.api.connection_failed()) return false;
  const TimePoint now = context_.around.clock.Now();
  if (!lost_since_) {
    lost_since_ = now;
    context_.Say(
        fmt::format("the daemon went away; job {} goes on without it, waiting for it to "
                    "come back",
                    job_.id));
  }
  return now - *lost_since_ < kPatience;
}

void RunWatch::TellWhyItWaits() {
  if (job_.state != "waiting" || !job_.decision || context_.json()) return;
  if (!IsTerminal(context_.around.err_fd)) return;
  if (context_.around.clock.Now() - since_ < kSilence) return;
  if (std::exchange(told_reason_, job_.decision->reason) == job_.decision->reason) return;
  context_.Say(fmt::format("job {} {}", job_.id, job_.decision->text));
}

void RunWatch::Cancel() {
  context_.Say(fmt::format("cancelling job {}; press Ctrl-C again to leave it behind", job_.id));
  const auto answer =
      context_.api.Post(fmt::format("/v1/jobs/{}/cancel", job_.id), nlohmann::json::object());
  if (!answer) context_.err() << FailureText(answer.error()) << std::flush;
  pause_ = kFirstPause;
}

Duration RunWatch::NextPause() {
  const Duration longest = job_.state == "waiting" ? kLongestWaiting : kLongestRunning;
  return std::exchange(pause_, std::min<Duration>(pause_ * 3 / 2, longest));
}

}  // namespace headroom::cli
