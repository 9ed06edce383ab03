#include "executor/attempt_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "executor/executor.h"

namespace headroom {
namespace {

constexpr std::size_t kMaxRecordBytes = 64 << 10;

Result<std::optional<pid_t>> LockHolder(int claim, const std::string& path) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  if (::fcntl(claim, F_GETLK, &whole) != 0) return FailErrno(errno, "ask for the lock of " + path);
  if (whole.l_type == F_UNLCK) return std::nullopt;
  return whole.l_pid;
}

}  // namespace

std::string AttemptsDirectory(const std::string& state_dir) { return state_dir + "/attempts"; }

std::string AttemptDirectory(const std::string& state_dir, const AttemptId& id) {
  return AttemptsDirectory(state_dir) + "/" + ToString(id);
}

std::string StdoutPath(const std::string& state_dir, const AttemptId& id) {
  return AttemptDirectory(state_dir, id) + "/stdout";
}

std::string StderrPath(const std::string& state_dir, const AttemptId& id) {
  return AttemptDirectory(state_dir, id) + "/stderr";
}

Status MakeAttemptDirectory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0) return FailErrno(errno, "make " + directory);
  return {};
}

void RemoveAttemptDirectory(const std::string& directory) {
  for (const char* name : {"/exit.new", "/exit", "/claim.new", "/claim", "/stdout", "/stderr"})
    ::unlink((directory + name).c_str());
  ::rmdir(directory.c_str());
}

Result<Claim> GiveUpOrSeeClaim(const std::string& directory) {
  const std::string path = directory + "/claim";
  const UniqueFd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made) return Claim::kGivenUp;
  if (errno == ENOENT) return Claim::kNoDirectory;
  struct stat info {};
  if (errno != EEXIST || ::stat(path.c_str(), &info) != 0) return FailErrno(errno, "claim " + path);
  return info.st_size == 0 ? Claim::kGivenUp : Claim::kShim;
}

Result<std::optional<UniqueFd>> FindShim(const std::string& directory) {
  const std::string path = directory + "/claim";
  const UniqueFd claim(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!claim && errno == ENOENT) return std::nullopt;
  if (!claim) return FailErrno(errno, "open " + path);
  const auto holder = LockHolder(claim.get(), path);
  if (!holder) return tl::unexpected(holder.error());
  if (!*holder) return std::nullopt;
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, **holder, 0)));
  if (!pidfd && errno == ESRCH) return std::nullopt;
  if (!pidfd) return FailErrno(errno, "open a pidfd of shim " + std::to_string(**holder));
  // Still its lock after the pidfd was opened: the pidfd is that shim's and no later process's.
  const auto again = LockHolder(claim.get(), path);
  if (!again) return tl::unexpected(again.error());
  if (*again != *holder) return std::nullopt;
  return std::optional(std::move(pidfd));
}

std::optional<ExitRecord> ReadExitRecord(const std::string& directory) {
  const auto text = ReadFile(directory + "/exit", kMaxRecordBytes);
  return text ? ParseExitRecord(*text) : std::nullopt;
}

Status WriteExitRecord(const std::string& directory, const ExitRecord& record) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return FailErrno(errno, "make " + directory);
  return WriteFileDurably(directory + "/exit", FormatExitRecord(record));
}

void RemoveExitRecord(const std::string& directory) { ::unlink((directory + "/exit").c_str()); }

}  // namespace headroom
