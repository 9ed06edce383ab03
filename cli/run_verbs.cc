#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/units.h"
#include "cli/job_text.h"
#include "cli/run_watch.h"
#include "cli/submission.h"
#include "cli/verb.h"
#include "cli/why_text.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr int kExitInterrupted = 130;  // 128 + SIGINT, as shells have it

std::string RandomKey() {
  std::array<unsigned char, 16> bytes{};
  // Cannot fail once the kernel has its first entropy (getrandom(2)); a key of zeros would only
  // make an unlucky resend conflict.
  [[maybe_unused]] const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
  return fmt::format("cli-{:02x}", fmt::join(bytes, ""));
}

Outcome<json> ReadBody(Context& context, const Args& args) {
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  return ReadSubmission(args, error ? "/" : here, context.around.environment, RandomKey());
}

// With its idempotency key a submission can be sent again: when the daemon went away before it
// answered, nobody knows whether it took the job, and the second answer tells.
Outcome<json> Submit(Context& context, const Args& args) {
  const auto body = ReadBody(context, args);
  if (!body) return tl::unexpected<Failure>(body.error());
  auto answer = context.api.Post("/v1/jobs", *body);
  if (!answer && context.api.connection_failed()) answer = context.api.Post("/v1/jobs", *body);
  return answer.map_error(
      [&](const Failure& refused) { return InSubmissionOptions(refused, args); });
}

// What would become of it. Nothing is stored, so asking again is harmless.
Outcome<int> DryRun(Context& context, const Args& args) {
  const auto body = ReadBody(context, args);
  if (!body) return tl::unexpected<Failure>(body.error());
  const auto trial = context.api.Post("/v1/jobs?dry_run=true", *body);
  if (!trial) return tl::unexpected<Failure>(InSubmissionOptions(trial.error(), args));
  if (context.json())
    context.PrintJson(*trial);
  else
    context.out() << TrialText(*trial, context.look());
  return 0;
}

Outcome<int> RunSubmit(Context& context, const Args& args) {
  if (args.Has("dry-run")) return DryRun(context, args);
  const auto answer = Submit(context, args);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (context.json()) {
    context.PrintJson(*answer);
    return 0;
  }
  const auto job = ReadJob(*answer, "submit");
  if (!job) return tl::unexpected<Failure>(job.error());
  context.out() << job->id << "\n";
  return 0;
}

// Says what the job's own output does not: why it did not run to its end, or what is missing.
void TellEnd(Context& context, const Job& job, int exit) {
  const bool own_end = job.outcome == "succeeded" || job.outcome == "failed";
  if (!own_end || exit == static_cast<int>(ExitCode::kNotRun))
    context.Say(fmt::format("job {} {}", job.id, OutcomeText(job)));
  if (const std::string dropped = DroppedText(job); !dropped.empty())
    context.Say(fmt::format("job {}: {}", job.id, dropped));
}

Outcome<int> RunEnd(Context& context, const Job& job) {
  const int exit = ExitCodeOfJob(job.outcome, job.exit_code, job.signal);
  TellEnd(context, job, exit);
  if (!context.json()) return exit;
  const auto answer = context.api.Get(fmt::format("/v1/jobs/{}", job.id));
  if (!answer) return tl::unexpected<Failure>(answer.error());
  context.PrintJson(*answer);
  return exit;
}

Outcome<int> RunRun(Context& context, const Args& args) {
  if (args.Has("dry-run")) return DryRun(context, args);
  const auto answer = Submit(context, args);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  auto job = ReadJob(*answer, "run");
  if (!job) return tl::unexpected<Failure>(job.error());
  const int64_t id = job->id;
  if (auto caught = context.around.waiter.CatchSignals(); !caught)
    return tl::unexpected<Failure>(FromInput(caught.error()));
  context.api.AbortOn(context.around.waiter.SignalFd());
  RunWatch watch(context, std::move(*job), context.json() ? Streaming::kOff : Streaming::kOn);
  const auto ended = watch.UntilEnd();
  if (!ended) return tl::unexpected<Failure>(ended.error());
  if (*ended) return RunEnd(context, **ended);
  context.Say(fmt::format("left; `headroom show {}` says how job {} ends", id, id));
  return kExitInterrupted;
}

}  // namespace

const Verb kRunVerb{
    .name = "run",
    .operands_text = "COMMAND [ARG...]",
    .summary = "run a command when there is room, and wait for it",
    .details =
        "Submits the command, waits until the host has room, streams its output, and ends\n"
        "with its exit code. The first operand ends the options; \"--\" before it is\n"
        "allowed.\n\n"
        "Ctrl-C cancels the job and waits for its end; a second Ctrl-C leaves at once. If\n"
        "this command is killed, the job goes on. On a terminal stderr says why the job\n"
        "waits. With --json the output stays in the job's logs and stdout is the finished\n"
        "job.\n\n"
        "exit code: the job's own; 128+n after signal n; 125 when it did not run to its\n"
        "own end (rejected, launch failed, cancelled, lost: stderr says which); 2, 3, 5\n"
        "as every verb.\n\n"
        "examples:\n"
        "  headroom run make -j8\n"
        "  headroom run --memory 4GiB --cpu 2 --name nightly -- ./report.sh --all\n"
        "  headroom run --token db=1 --env DATABASE_URL -- python3 load.py",
    .options = SubmissionOptions(),
    .operands = Operands::kCommand,
    .least_operands = 1,
    .most_operands = kAnyNumber,
    .run = &RunRun,
};

const Verb kSubmitVerb{
    .name = "submit",
    .operands_text = "COMMAND [ARG...]",
    .summary = "hand a command over and print its id",
    .details =
        "Prints the new job's id once the daemon has it safely on disk, and ends.\n\n"
        "examples:\n"
        "  id=$(headroom submit --memory 2GiB -- ./work.sh)\n"
        "  headroom submit --dry-run --memory 8GiB -- ./work.sh   # when would it start?\n"
        "  headroom submit --idempotency-key import-2026-11-24 ./import.sh",
    .options = SubmissionOptions(),
    .operands = Operands::kCommand,
    .least_operands = 1,
    .most_operands = kAnyNumber,
    .run = &RunSubmit,
};

}  // namespace headroom::cli
