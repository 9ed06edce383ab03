#include "executor/shim/command.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "executor/shim/child.h"

namespace headroom::shim {
namespace {

struct Pipe {
  UniqueFd read, write;
};

std::optional<Pipe> MakePipe(int flags) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | flags) != 0) return std::nullopt;
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

struct Child {
  pid_t pid = -1;
  int pidfd = -1;
  bool inside = false;  // already in the job's cgroup2 directory
};

// clone3(2): the child is in the cgroup from its first instruction on.
Child CloneInto(const std::string& cgroup) {
  Child child;
  const UniqueFd directory(::open(cgroup.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return child;
  clone_args args{};
  args.flags = CLONE_INTO_CGROUP | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  args.pidfd = reinterpret_cast<uint64_t>(&child.pidfd);
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<uint64_t>(directory.get());
  child.pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  child.inside = true;
  return child;
}

// Where the kernel, or a seccomp filter, refuses to clone into a cgroup, the child enters it
// itself. Not when there are too many processes: the limit must hold.
Child MakeChild(const std::string& cgroup) {
  Child child = CloneInto(cgroup);
  if (child.pid >= 0 || errno == EAGAIN || errno == ENOMEM) return child;
  child.inside = false;
  child.pid = ::fork();
  if (child.pid > 0) child.pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0));
  return child;
}

constexpr const char* kSteps[] = {"cgroup", "user", "directory", "stdin", "exec", "shim"};

std::string Doing(const ShimSpec& spec, Step step) {
  switch (step) {
    case Step::kCgroup:
      return "enter the cgroup " + spec.place.job;
    case Step::kUser:
      return "become user " + std::to_string(spec.uid) + ", group " + std::to_string(spec.gid);
    case Step::kDirectory:
      return "change to directory " + spec.working_directory;
    case Step::kStdin:
      return "open standard input " + spec.stdin_path;
    case Step::kExec:
      return "execute " + spec.argv.front();
    case Step::kShim:
      return "prepare the command";
  }
  return "prepare the command";
}

}  // namespace

LaunchFailed Failure(const std::string& step, const std::string& doing, int os_error) {
  const char* const name = ::strerrorname_np(os_error);
  const char* const text = ::strerrordesc_np(os_error);
  return {step, os_error,
          doing + ": " + (text == nullptr ? "unknown error" : text) + " (" +
              (name == nullptr ? std::to_string(os_error) : std::string(name)) + ")"};
}

int EnterCgroup(const std::string& entry) {
  const UniqueFd fd(::open(entry.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), "0", 1) != 1) return errno;
  return 0;
}

StartResult StartCommand(const ShimSpec& spec) {
  const auto failed = [](const char* step, const std::string& doing) {
    return StartResult{std::nullopt, Failure(step, doing, errno)};
  };
  auto output = MakePipe(0);
  auto errors = output ? MakePipe(0) : std::nullopt;
  auto failure = errors ? MakePipe(0) : std::nullopt;
  if (!failure) return failed("shim", "make pipes");

  const Child child = MakeChild(spec.place.job);
  if (child.pid < 0) return failed("cgroup", "start a process in " + spec.place.job);
  if (child.pid == 0) {
    RunChild(spec, child.inside, output->write.get(), errors->write.get(), failure->write.get());
  }
  if (child.pidfd < 0) return failed("shim", "open a pidfd");
  return {Command{UniqueFd(child.pidfd), std::move(failure->read), std::move(output->read),
                  std::move(errors->read)},
          {}};
}

std::optional<LaunchFailed> ReadFailure(const ShimSpec& spec, int failure_fd) {
  ChildFailure said{};
  if (::read(failure_fd, &said, sizeof said) != sizeof said) return std::nullopt;
  return Failure(kSteps[static_cast<int>(said.step)], Doing(spec, said.step), said.os_error);
}

}  // namespace headroom::shim
