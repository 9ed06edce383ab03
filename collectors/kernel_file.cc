#include "collectors/kernel_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace headroom {

Status KernelFile::Open(int directory, const char* name) {
  fd_.Reset(::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd_) return FailErrno(errno, "open");
  return {};
}

Result<std::string_view> KernelFile::Read(ReadBuffer& buffer) const {
  std::vector<char>& bytes = buffer.bytes_;
  std::size_t used = 0;
  for (;;) {
    const ssize_t n =
        ::pread(fd_.get(), bytes.data() + used, bytes.size() - used, static_cast<off_t>(used));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(errno, "read");
    used += static_cast<std::size_t>(n);
    if (used == bytes.size()) {
      if (bytes.size() >= ReadBuffer::kLongest) {
        return Fail(ErrorCode::kCorrupt, "read: longer than any such file should be");
      }
      bytes.resize(bytes.size() * 2);
      used = 0;  // once more from the start, so that the text is of one instant
      continue;
    }
    if (n == 0 || bytes[used - 1] == '\n') return std::string_view(bytes.data(), used);
  }
}

}  // namespace headroom
