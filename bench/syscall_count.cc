#include "bench/syscall_count.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace headroom::bench {
namespace {

// ptrace(2), PTRACE_O_TRACESYSGOOD: how a stop at a system call differs from any other.
constexpr int kSyscallStop = SIGTRAP | 0x80;

[[noreturn]] void BeTraced(const std::function<void()>& work) {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
  ::raise(SIGSTOP);
  work();
  ::_exit(0);
}

bool WaitForStop(pid_t child, int& status) {
  return ::waitpid(child, &status, 0) == child && WIFSTOPPED(status);
}

// The number of the call that `child` is about to make; absent when it comes back from one.
std::optional<uint64_t> Entering(pid_t child) {
  __ptrace_syscall_info info{};
  const bool known = ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) > 0;
  if (!known || info.op != PTRACE_SYSCALL_INFO_ENTRY) return std::nullopt;
  return info.entry.nr;
}

}  // namespace

std::optional<std::map<uint64_t, int64_t>> CountSyscalls(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) BeTraced(work);
  int status = 0;
  if (!WaitForStop(child, status)) return std::nullopt;
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  std::map<uint64_t, int64_t> counts;
  while (::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0 && WaitForStop(child, status)) {
    if (WSTOPSIG(status) != kSyscallStop) continue;
    if (const auto number = Entering(child)) ++counts[*number];
  }
  counts.erase(SYS_exit_group);
  return counts;
}

}  // namespace headroom::bench
