#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/fd.h"

namespace headroom {
namespace {

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(errno, "write " + path);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

std::string DirectoryOf(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Status SyncDirectoryOf(const std::string& path) {
  const std::string directory = DirectoryOf(path);
  UniqueFd dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return FailErrno(errno, "open directory " + directory);
  if (::fsync(dir.get()) != 0) return FailErrno(errno, "fsync directory " + directory);
  return {};
}

Result<std::string> ReadFile(const std::string& path, std::size_t limit) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return FailErrno(errno, "open " + path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FailErrno(errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) return Fail(ErrorCode::kInvalid, path + ": not a regular file");

  std::string content;
  char chunk[16384];
  for (;;) {
    const ssize_t n = ::read(fd.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(errno, "read " + path);
    if (n == 0) return content;
    content.append(chunk, static_cast<std::size_t>(n));
    if (content.size() > limit) {
      return Fail(ErrorCode::kInvalid, path + ": longer than " + std::to_string(limit) + " bytes");
    }
  }
}

Status WriteFileDurably(const std::string& path, std::string_view content, unsigned mode) {
  const std::string temporary = path + ".new";
  UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return FailErrno(errno, "create " + temporary);
  if (Status written = WriteAll(fd.get(), content, temporary); !written) return written;
  if (::fsync(fd.get()) != 0) return FailErrno(errno, "fsync " + temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FailErrno(errno, "rename to " + path);
  return SyncDirectoryOf(path);
}

Status WriteExisting(const std::string& path, std::string_view content) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return FailErrno(errno, "open " + path);
  const ssize_t n = ::write(fd.get(), content.data(), content.size());
  if (n < 0) return FailErrno(errno, "write \"" + std::string(content) + "\" to " + path);
  if (static_cast<std::size_t>(n) != content.size()) {
    return Fail(ErrorCode::kIo, "write " + path + ": only part was taken");
  }
  return {};
}

Status LockAlone(int fd, const std::string& path) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::seconds(1);
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FailErrno(errno, "lock " + path);
    if (steady_clock::now() >= deadline) {
      return Fail(ErrorCode::kConflict, path + ": another process has locked it");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {};
}

}  // namespace headroom
