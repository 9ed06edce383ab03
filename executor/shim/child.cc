#include "executor/shim/child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "executor/shim/command.h"

namespace headroom::shim {
namespace {

constexpr int kFailureFd = 3;
// What PID 1 of Debian gives its services; a program that needs more descriptors raises the soft
// limit itself.
constexpr rlim_t kOpenFiles = 1024, kOpenFilesHard = 524288;
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

[[noreturn]] void GiveUp(Step step, int os_error) {
  const ChildFailure failure{step, os_error};
  [[maybe_unused]] const auto said = ::write(kFailureFd, &failure, sizeof failure);
  ::_exit(127);
}

void Check(bool good, Step step) {
  if (!good) GiveUp(step, errno);
}

// Keeps 0, 1, 2 and the failure pipe; nothing else of the shim or the daemon reaches a job (F43).
void TakeDescriptors(int output, int errors, int failure) {
  const bool good = ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0 &&
                    ::dup3(failure, kFailureFd, O_CLOEXEC) >= 0 &&
                    ::close_range(kFailureFd + 1, ~0U, 0) == 0;
  Check(good, Step::kShim);
}

void EnterCgroups(const CgroupPlace& place, bool inside) {
  int error = inside ? 0 : EnterCgroup(place.job + "/cgroup.procs");
  for (const std::string& entry : place.job_entries)
    if (error == 0) error = EnterCgroup(entry);
  if (error != 0) GiveUp(Step::kCgroup, error);
}

// The daemon may be protected from the OOM killer, niced, or allowed more files; its jobs are not.
void ResetInheritance() {
  if (const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); fd >= 0) {
    [[maybe_unused]] const auto written = ::write(fd, "0", 1);
    ::close(fd);
  }
  ::setpriority(PRIO_PROCESS, 0, 0);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_max = std::min(files.rlim_max, kOpenFilesHard);
  files.rlim_cur = std::min(files.rlim_max, kOpenFiles);
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::umask(022);
  // posix_spawn(3) leaves the two signals of the C library ignored, and only the kernel's own call
  // may change them.
  const struct {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags = 0;
    void (*restorer)() = nullptr;
    uint64_t mask = 0;
  } by_default;
  for (const int internal : {32, 33})
    ::syscall(SYS_rt_sigaction, internal, &by_default, nullptr, sizeof by_default.mask);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Only root can change groups; a daemon that is not root runs jobs as itself and no one else. To
// the kernel an id of -1 says "leave it": the command would stay root.
void BecomeUser(const ShimSpec& spec) {
  if (spec.uid == static_cast<uid_t>(-1) || spec.gid == static_cast<gid_t>(-1))
    GiveUp(Step::kUser, EINVAL);
  const bool may_choose = ::geteuid() == 0;
  Check(!may_choose || ::setgroups(spec.groups.size(), spec.groups.data()) == 0, Step::kUser);
  Check(::setresgid(spec.gid, spec.gid, spec.gid) == 0, Step::kUser);
  Check(::setresuid(spec.uid, spec.uid, spec.uid) == 0, Step::kUser);
}

// Opens with the user's own rights. Symbolic links are the user's business; the magic links of
// /proc, which reach what a path cannot name, are refused (F42).
int OpenAsUser(const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
}

void EnterDirectory(const std::string& path) {
  const int directory = OpenAsUser(path, O_PATH | O_DIRECTORY);
  Check(directory >= 0 && ::fchdir(directory) == 0, Step::kDirectory);
  ::close(directory);
}

// A FIFO without a writer reads as empty instead of holding the start for ever.
void OpenStdin(const std::string& path) {
  const int input = OpenAsUser(path.empty() ? "/dev/null" : path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
  Check(input >= 0, Step::kStdin);
  struct stat info {};
  Check(::fstat(input, &info) == 0, Step::kStdin);
  if (S_ISDIR(info.st_mode)) GiveUp(Step::kStdin, EISDIR);
  Check(::fcntl(input, F_SETFL, 0) == 0 && ::dup2(input, STDIN_FILENO) >= 0, Step::kStdin);
  ::close(input);
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string_view PathOf(const std::vector<std::string>& environment) {
  for (const std::string_view variable : environment)
    if (variable.starts_with("PATH=")) return variable.substr(5);
  return kDefaultPath;
}

// As execvpe(3) would, with the PATH that the job was given, but without handing a file of unknown
// format to a shell: that is a failure to start, not a script (F23).
int Execute(const ShimSpec& spec) {
  const std::string& name = spec.argv.front();
  const std::vector<char*> arguments = Pointers(spec.argv);
  const std::vector<char*> environment = Pointers(spec.environment);
  if (name.find('/') != std::string::npos || name.empty()) {
    ::execve(name.c_str(), arguments.data(), environment.data());
    return errno;
  }
  int error = ENOENT;
  std::string_view path = PathOf(spec.environment);
  for (bool more = true; more;) {
    const auto colon = path.find(':');
    const std::string directory(path.substr(0, colon));
    more = colon != std::string_view::npos;
    if (more) path.remove_prefix(colon + 1);
    ::execve(((directory.empty() ? "." : directory) + "/" + name).c_str(), arguments.data(),
             environment.data());
    if (errno == EACCES) error = EACCES;
    if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) return errno;
  }
  return error;
}

}  // namespace

void RunChild(const ShimSpec& spec, bool inside, int output, int errors, int failure) {
  TakeDescriptors(output, errors, failure);
  EnterCgroups(spec.place, inside);
  ::setsid();
  ResetInheritance();
  BecomeUser(spec);
  EnterDirectory(spec.working_directory);
  OpenStdin(spec.stdin_path);
  GiveUp(Step::kExec, Execute(spec));
}

}  // namespace headroom::shim
