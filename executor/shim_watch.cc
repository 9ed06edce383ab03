#include "executor/shim_watch.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "executor/attempt_files.h"

namespace headroom {
namespace {

// True once the shim closed its report pipe; it may have written an errno before.
bool ReportIsClosed(const UniqueFd& pipe, int& claim_error) {
  if (!pipe) return true;
  const ssize_t n = ::read(pipe.get(), &claim_error, sizeof claim_error);
  return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

bool HasExited(const UniqueFd& pidfd) {
  pollfd exit{pidfd.get(), POLLIN, 0};
  return !pidfd || ::poll(&exit, 1, 0) > 0;
}

}  // namespace

ShimState LookAt(const Shim& shim, const std::string& attempt_directory) {
  int claim_error = 0;
  if (!ReportIsClosed(shim.report, claim_error)) return StillRuns{};
  // In this order: a shim leaves its record before it exits.
  const bool exited = HasExited(shim.pidfd);
  if (auto record = ReadExitRecord(attempt_directory)) return Ended{std::move(*record)};
  if (claim_error != 0 || exited) return EndedSilently{claim_error};
  return shim.report ? ShimState(Leaving{}) : ShimState(StillRuns{});
}

bool WaitWithoutBlocking(const UniqueFd& pidfd) {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pidfd.get());
  return ::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG) != 0 || info.si_pid != 0;
}

void KillShim(const Shim& shim) {
  siginfo_t info{};
  ::syscall(SYS_pidfd_send_signal, shim.pidfd.get(), SIGKILL, nullptr, 0);
  ::waitid(P_PIDFD, static_cast<id_t>(shim.pidfd.get()), &info, WEXITED);
}

}  // namespace headroom
