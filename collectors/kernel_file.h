#pragma once

#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

// A file of /proc or of a cgroup that stays open and is read again and again.
namespace headroom {

// Where a read puts its text; grows to the longest file seen, so one is shared by all files.
class ReadBuffer {
 public:
  static constexpr std::size_t kLongest = 4 << 20;  // no kernel file that we read comes near

  ReadBuffer() : bytes_(16 << 10) {}

 private:
  friend class KernelFile;
  std::vector<char> bytes_;
};

// Owns the descriptor. Threads: one at a time.
//
// A descriptor names the cgroup it was opened in for ever: when that one is removed, reads fail
// with ENODEV (os_error of the error), even if another was made under the same name meanwhile.
class KernelFile {
 public:
  // Opens `name` in the directory `directory`. ENOENT in os_error: this kernel has no such file.
  Status Open(int directory, const char* name);

  // The whole text, from the start, as one pread(2) that continues only where the kernel gave less
  // than a whole last line. Valid until the next read into `buffer`. Allocates nothing unless the
  // file has outgrown the buffer.
  Result<std::string_view> Read(ReadBuffer& buffer) const;

  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  void Close() { fd_.Reset(); }

 private:
  UniqueFd fd_;
};

}  // namespace headroom
