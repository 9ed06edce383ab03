#pragma once

#include <cstdint>
#include <functional>
#include <string>

// This program's own pread, open, write and operator new, which count and, where a test says so,
// fail. The rest of the program, and the collectors in it, call these instead of the C library's.
namespace headroom {

struct Syscalls {
  int64_t preads = 0;
  int64_t opens = 0;  // open, openat
  int64_t stats = 0;  // stat, fstat, lstat, fstatat
  int64_t allocations = 0;

  bool operator==(const Syscalls&) const = default;
};

// Since the program started.
Syscalls SyscallsSoFar();

// What happens to a call on a file: an errno, or 0 to let it pass. The argument is its path.
using Fate = std::function<int(const std::string& path)>;

// Until the end of the scope.
class Interference {
 public:
  // A pread that fails or, with kShortRead, gives half of what is there.
  static constexpr int kShortRead = -1;
  explicit Interference(Fate on_pread, Fate on_write = nullptr);
  ~Interference();
  Interference(const Interference&) = delete;
  Interference& operator=(const Interference&) = delete;
};

}  // namespace headroom
