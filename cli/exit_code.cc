#include "cli/exit_code.h"

#include <csignal>

namespace headroom::cli {
namespace {

int AfterSignal(int signal) { return static_cast<int>(ExitCode::kSignalBase) + signal; }

}  // namespace

int ExitCodeOfJob(const std::string& outcome, std::optional<int> exit_code,
                  std::optional<int> signal) {
  if (outcome == "succeeded") return 0;
  if (outcome == "oom_killed" && !exit_code) return AfterSignal(signal.value_or(SIGKILL));
  const bool ran_to_its_end =
      outcome == "failed" || outcome == "signaled" || outcome == "oom_killed";
  if (ran_to_its_end && signal) return AfterSignal(*signal);
  // A failed job never ends `run` with 0, whatever its exit code is said to be.
  if (ran_to_its_end && exit_code && *exit_code != 0) return *exit_code;
  return static_cast<int>(ExitCode::kNotRun);
}

}  // namespace headroom::cli
