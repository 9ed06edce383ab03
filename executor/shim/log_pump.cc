#include "executor/shim/log_pump.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace headroom::shim {

LogPump::LogPump(UniqueFd pipe, LogFile file, int64_t limit_bytes)
    : pipe_(std::move(pipe)),
      file_(std::move(file.fd)),
      room_bytes_(file_ ? limit_bytes : 0),
      os_error_(file.os_error) {
  ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);  // this end only; the command's end stays blocking
}

void LogPump::Pump() {
  static char buffer[64 << 10];
  // Bounded, so that a flood on one stream does not keep the other, or the end, waiting.
  for (int turns = 0; pipe_ && turns < 16; ++turns) {
    const ssize_t n = ::read(pipe_.get(), buffer, sizeof buffer);
    if (n > 0) Keep(buffer, static_cast<std::size_t>(n));
    if (n == 0) pipe_.Reset();
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno != EINTR) pipe_.Reset();
  }
}

void LogPump::Keep(const char* data, std::size_t size) {
  auto left = std::min<int64_t>(static_cast<int64_t>(size), room_bytes_);
  auto dropped = static_cast<int64_t>(size) - left;
  while (left > 0) {
    const ssize_t n = ::write(file_.get(), data, static_cast<std::size_t>(left));
    if (n <= 0) {
      if (os_error_ == 0) os_error_ = n < 0 ? errno : ENOSPC;
      break;
    }
    data += n;
    left -= n;
    room_bytes_ -= n;
  }
  dropped_bytes_ += dropped + left;
}

}  // namespace headroom::shim
