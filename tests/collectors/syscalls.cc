#include "tests/collectors/syscalls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

std::atomic<int64_t> preads, opens, stats, allocations;
headroom::Fate pread_fate, write_fate;

std::string PathOf(int fd) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t n = ::readlink(link.c_str(), path, sizeof path);
  return n < 0 ? "" : std::string(path, static_cast<std::size_t>(n));
}

void* Allocate(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" {

ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
  ++preads;
  const int fate = pread_fate ? pread_fate(PathOf(fd)) : 0;
  if (fate > 0) {
    errno = fate;
    return -1;
  }
  const ssize_t n = ::syscall(SYS_pread64, fd, buffer, size, offset);
  return fate == headroom::Interference::kShortRead && n > 1 ? n / 2 : n;
}

ssize_t write(int fd, const void* buffer, size_t size) {
  const int fate = write_fate ? write_fate(PathOf(fd)) : 0;
  if (fate > 0) {
    errno = fate;
    return -1;
  }
  return ::syscall(SYS_write, fd, buffer, size);
}

int openat(int directory, const char* path, int flags, ...) {
  ++opens;
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0;
  va_end(arguments);
  return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
}

int open(const char* path, int flags, ...) {
  ++opens;
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0;
  va_end(arguments);
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int fstatat(int directory, const char* path, struct stat* info, int flags) noexcept {
  ++stats;
  return static_cast<int>(::syscall(SYS_newfstatat, directory, path, info, flags));
}
int fstat(int fd, struct stat* info) noexcept { return fstatat(fd, "", info, AT_EMPTY_PATH); }
int stat(const char* path, struct stat* info) noexcept { return fstatat(AT_FDCWD, path, info, 0); }
int lstat(const char* path, struct stat* info) noexcept {
  return fstatat(AT_FDCWD, path, info, AT_SYMLINK_NOFOLLOW);
}

}  // extern "C"

namespace headroom {

Syscalls SyscallsSoFar() { return {preads, opens, stats, allocations}; }

Interference::Interference(Fate on_pread, Fate on_write) {
  pread_fate = std::move(on_pread);
  write_fate = std::move(on_write);
}

Interference::~Interference() {
  pread_fate = nullptr;
  write_fate = nullptr;
}

}  // namespace headroom
