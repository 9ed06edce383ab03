// headroom-shim: the parent of one job's command.
//
// It outlives the daemon that started it, so it depends on nothing of the daemon: it is linked
// statically, reads what to do from descriptor 0, and leaves how it ended in a file. Started by
// executor/shim_launcher.cc with every signal blocked, in a session of its own.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fd.h"
#include "executor/shim/attempt_claim.h"
#include "executor/shim/command.h"
#include "executor/shim/supervise.h"

namespace headroom::shim {
namespace {

constexpr int kRetryMs = 1000;

std::optional<ShimSpec> ReadSpec(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || info.st_size <= 0) return std::nullopt;
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  return n == info.st_size ? ParseShimSpec(text) : std::nullopt;
}

// Leaves the daemon's cgroups, where a restart of its unit would kill this process.
std::optional<LaunchFailed> LeaveDaemon(const ShimSpec& spec) {
  for (const std::string& entry : spec.place.shim_entries)
    if (const int error = EnterCgroup(entry); error != 0)
      return Failure("cgroup", "move the shim by " + entry, error);
  return std::nullopt;
}

ExitRecord Run(const ShimSpec& spec) {
  if (auto failed = LeaveDaemon(spec)) {
    ExitRecord record;
    record.boot_id = spec.boot_id;
    record.outcome = std::move(*failed);
    record.started_at = record.ended_at = SystemClock().Now();
    return record;
  }
  return Supervise(spec);
}

// The record is in place at once, and then told to the daemon, who need not wait until it is on the
// disk: a daemon that is there keeps it in its own store, and one that is not comes later.
int Publish(const std::string& directory, const std::string& content, UniqueFd& report) {
  const std::string path = directory + "/exit", draft = path + ".new";
  const UniqueFd file(
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return errno;
  const auto size = static_cast<ssize_t>(content.size());
  errno = ENOSPC;
  if (::write(file.get(), content.data(), content.size()) != size) return errno;
  if (::rename(draft.c_str(), path.c_str()) != 0) return errno;
  report.Reset();
  const UniqueFd parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return ::fsync(file.get()) == 0 && ::fsync(parent.get()) == 0 ? 0 : errno;
}

// A full disk is waited out: until its record is kept, the attempt counts as running.
int PublishOrWait(const std::string& directory, const std::string& content, UniqueFd report) {
  for (;;) {
    const int error = Publish(directory, content, report);
    if (error != ENOSPC && error != EDQUOT) return error;
    ::poll(nullptr, 0, kRetryMs);
  }
}

int Main() {
  UniqueFd report(kShimReportFd);
  const auto spec = ReadSpec(STDIN_FILENO);
  const int error = spec ? ClaimAttempt(spec->directory, spec->boot_id) : EBADMSG;
  if (error != 0) {
    [[maybe_unused]] const auto told = ::write(report.get(), &error, sizeof error);
    return 1;
  }
  [[maybe_unused]] const int root = ::chdir("/");
  ::dup2(STDOUT_FILENO, STDIN_FILENO);
  const std::string record = FormatExitRecord(Run(*spec));
  return PublishOrWait(spec->directory, record, std::move(report)) == 0 ? 0 : 2;
}

}  // namespace
}  // namespace headroom::shim

int main() { return headroom::shim::Main(); }
