#include "executor/shim_launcher.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace headroom {
namespace {

// What posix_spawn is to do in the child: signals blocked, so that nothing that is meant for the
// daemon ends the shim; a session of its own; no descriptors but these.
class SpawnPlan {
 public:
  SpawnPlan(int spec, int null, int report) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    int error = ::posix_spawn_file_actions_adddup2(&actions_, spec, STDIN_FILENO);
    if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions_, null, STDOUT_FILENO);
    if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions_, null, STDERR_FILENO);
    if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions_, report, kShimReportFd);
    if (error == 0)
      error = ::posix_spawn_file_actions_addclosefrom_np(&actions_, kShimReportFd + 1);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &all);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    error_ = error;
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // Returns an errno, 0 if done.
  int Spawn(const std::string& path, pid_t& pid) const {
    if (error_ != 0) return error_;
    char* const argv[] = {const_cast<char*>("headroom-shim"), nullptr};
    char* const environment[] = {nullptr};
    return ::posix_spawn(&pid, path.c_str(), &actions_, &attributes_, argv, environment);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  int error_ = 0;
};

Result<UniqueFd> SpecFile(const std::string& text) {
  UniqueFd file(::memfd_create("headroom-shim-spec", MFD_CLOEXEC));
  if (!file) return FailErrno(errno, "make a memfd");
  const auto size = static_cast<ssize_t>(text.size());
  errno = ENOSPC;
  if (::pwrite(file.get(), text.data(), text.size(), 0) != size)
    return FailErrno(errno, "write the spec of the shim");
  return file;
}

// Above standard error: a daemon that was started without standard descriptors gets them filled, or
// what is meant for the shim would land on them.
UniqueFd OpenNull() {
  int fd = -1;
  do fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);
  return UniqueFd(fd);
}

class PosixShimLauncher final : public ShimLauncher {
 public:
  explicit PosixShimLauncher(const std::string& path) : path_(path), null_(OpenNull()) {}

  Result<Shim> Start(const ShimSpec& spec) override {
    const auto text = FormatShimSpec(spec);
    if (!text) return Fail(ErrorCode::kInvalid, "an argument, variable or path holds a NUL byte");
    const auto file = SpecFile(*text);
    if (!file) return tl::unexpected(file.error());
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return FailErrno(errno, "make a pipe");
    UniqueFd report(ends[0]);
    const UniqueFd report_to(ends[1]);
    pid_t pid = -1;
    if (const int error = SpawnPlan(file->get(), null_.get(), report_to.get()).Spawn(path_, pid))
      return FailErrno(error, "start " + path_);
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (pidfd) return Shim{std::move(pidfd), std::move(report)};
    const int error = errno;
    ::kill(pid, SIGKILL);  // our own child, not waited for: the PID is still its
    ::waitpid(pid, nullptr, 0);
    return FailErrno(error, "open a pidfd of the shim");
  }

 private:
  const std::string path_;
  const UniqueFd null_;
};

}  // namespace

std::unique_ptr<ShimLauncher> MakeShimLauncher(const std::string& path) {
  return std::make_unique<PosixShimLauncher>(path);
}

}  // namespace headroom
