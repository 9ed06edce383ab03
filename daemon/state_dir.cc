#include "daemon/state_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"

namespace headroom {
namespace {

Status MakePrivateDirectory(const std::string& path) {
  std::error_code error;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return FailErrno(error.value(), "make directory " + parent.string());
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return FailErrno(errno, "make directory " + path);

  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return FailErrno(errno, "stat " + path);
  if (!S_ISDIR(info.st_mode)) return Fail(ErrorCode::kInvalid, path + ": expected a directory");
  if (info.st_uid != ::geteuid() || (info.st_mode & 022) != 0) {
    return Fail(
        ErrorCode::kDenied,
        fmt::format("{}: owned by uid {} with mode {:04o}; expected our own uid {} and no write "
                    "permission for others (chown, chmod 0700)",
                    path, info.st_uid, info.st_mode & 07777, ::geteuid()));
  }
  return {};
}

}  // namespace

Result<UniqueFd> LockStateDir(const std::string& path) {
  if (Status made = MakePrivateDirectory(path); !made)
    return Within("state directory", made.error());
  const std::string lock = path + "/lock";
  UniqueFd fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return FailErrno(errno, "open " + lock);
  if (Status locked = LockAlone(fd.get(), lock); !locked) {
    if (locked.error().code != ErrorCode::kConflict) return tl::unexpected(locked.error());
    const auto holder = ReadFile(lock, 64);
    return Fail(ErrorCode::kConflict,
                fmt::format("{}: another headroomd is in charge here (process {})", path,
                            holder && !holder->empty() ? *holder : "unknown"));
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
    return FailErrno(errno, "write " + lock);
  }
  return fd;
}

Status CheckStateIsWhole(const std::string& path) {
  std::error_code error;
  const std::string database = path + "/" + kDatabaseName;
  if (std::filesystem::exists(std::filesystem::symlink_status(database, error))) return {};
  const std::string attempts = path + "/attempts";
  if (!std::filesystem::exists(attempts, error) || std::filesystem::is_empty(attempts, error))
    return {};
  return Fail(
      ErrorCode::kCorrupt,
      fmt::format("{} is missing, but {} holds attempts of jobs: restore the database from a "
                  "backup, start once with --recover to go on with what the attempts tell, or move "
                  "the state directory away to start anew",
                  database, attempts));
}

}  // namespace headroom
