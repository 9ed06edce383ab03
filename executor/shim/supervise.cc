#include "executor/shim/supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "executor/shim/command.h"
#include "executor/shim/group_end.h"
#include "executor/shim/log_pump.h"
#include "executor/shim/oom_group.h"

namespace headroom::shim {
namespace {

constexpr int kFirstWaitMs = 10, kLongestWaitMs = 1000;
// How often an OOM kill is looked for after an event, 10 ms apart.
constexpr int kOomLooks = 100;

TimePoint Now() { return SystemClock().Now(); }

LogFile OpenLog(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::open(path.c_str(), kFlags, 0600));
  const int os_error = fd ? 0 : errno;
  return {std::move(fd), os_error};
}

Outcome Reap(int pidfd) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0)
    if (errno != EINTR) return Lost{"the shim could not wait for its command"};
  if (info.si_code == CLD_EXITED) return Exited{info.si_status};
  return Signaled{info.si_status};
}

class Supervision {
 public:
  Supervision(const ShimSpec& spec, Command command)
      : failure_(std::move(command.failure)),
        pidfd_(std::move(command.pidfd)),
        output_(std::move(command.output), OpenLog(spec.directory + "/stdout"), spec.log_max_bytes),
        errors_(std::move(command.errors), OpenLog(spec.directory + "/stderr"), spec.log_max_bytes),
        oom_group_(spec.place.oom_group),
        group_(spec.place.job) {}

  void UntilCommandEnds() {
    int oom_looks = 0;
    for (;;) {
      pollfd fds[] = {{pidfd_.get(), POLLIN, 0},
                      {output_.pipe(), POLLIN, 0},
                      {errors_.pipe(), POLLIN, 0},
                      {oom_group_.event(), POLLIN, 0}};
      Poll(fds, oom_looks > 0 ? kFirstWaitMs : -1);
      if (fds[0].revents != 0) return;
      if (fds[3].revents != 0) {
        oom_group_.TakeEvent();
        oom_looks = kOomLooks;
      }
      if (oom_looks > 0 && oom_group_.Killed()) {
        group_.Empty();
        oom_looks = 0;
      }
      oom_looks = std::max(oom_looks - 1, 0);
    }
  }

  void UntilGroupIsEmpty() {
    for (int wait_ms = kFirstWaitMs; !group_.Empty();
         wait_ms = std::min(wait_ms * 2, kLongestWaitMs)) {
      pollfd fds[] = {
          {group_.events(), POLLPRI, 0}, {output_.pipe(), POLLIN, 0}, {errors_.pipe(), POLLIN, 0}};
      Poll(fds, wait_ms);
    }
    // Everything that the job wrote is in the pipes. Someone outside may hold them open.
    output_.Pump();
    errors_.Pump();
  }

  int failure() const { return failure_.get(); }
  int pidfd() const { return pidfd_.get(); }
  DroppedOutput output_dropped() const { return {output_.dropped_bytes(), output_.os_error()}; }
  DroppedOutput errors_dropped() const { return {errors_.dropped_bytes(), errors_.os_error()}; }

 private:
  // Waits, then empties the pipes, which are entries 1 and 2.
  template <std::size_t N>
  void Poll(pollfd (&fds)[N], int timeout_ms) {
    if (::poll(fds, N, timeout_ms) <= 0) return;
    if (fds[1].revents != 0) output_.Pump();
    if (fds[2].revents != 0) errors_.Pump();
  }

  UniqueFd failure_, pidfd_;
  LogPump output_, errors_;
  OomGroup oom_group_;
  GroupEnd group_;
};

}  // namespace

ExitRecord Supervise(const ShimSpec& spec) {
  ExitRecord record;
  record.boot_id = spec.boot_id;
  record.pool_oom_events = spec.place.pool_oom_events;
  record.started_at = record.ended_at = Now();
  StartResult start = StartCommand(spec);
  if (!start.command) {
    record.outcome = start.failure;
    return record;
  }
  Supervision running(spec, std::move(*start.command));
  running.UntilCommandEnds();
  record.ended_at = Now();
  record.outcome = Reap(running.pidfd());
  running.UntilGroupIsEmpty();
  if (const auto failed = ReadFailure(spec, running.failure())) {
    record.outcome = *failed;
    record.ended_at = record.started_at;
  }
  record.stdout_dropped = running.output_dropped();
  record.stderr_dropped = running.errors_dropped();
  return record;
}

}  // namespace headroom::shim
