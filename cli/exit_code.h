#pragma once

#include <optional>
#include <string>

// What the command tells the shell. docs/cli.md has the same table.
namespace headroom::cli {

enum class ExitCode {
  kOk = 0,
  kFailed = 1,       // the daemon could not, or what was asked for is not so
  kUsage = 2,        // wrong options or input; trying again changes nothing
  kNoDaemon = 3,     // no daemon answers on the socket
  kNotFound = 4,     // no such job
  kDenied = 5,       // the caller may not
  kNotRun = 125,     // `run`: the job never ran to its own end; stderr has the reason
  kSignalBase = 128  // `run`: plus the number of the signal that ended the job
};

// How `run` ends for a job that ended. `signal` counts before `exit_code`; an out-of-memory kill
// without either is SIGKILL's 137.
int ExitCodeOfJob(const std::string& outcome, std::optional<int> exit_code,
                  std::optional<int> signal);

}  // namespace headroom::cli
