#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"

namespace headroom::shim {

// A log open for writing, or why it is not.
struct LogFile {
  UniqueFd fd;
  int os_error = 0;
};

// Moves what a command writes from its pipe into a log file of bounded size. What does not fit, or
// what a full disk refuses, is read all the same, counted and dropped: a job never waits for its
// log (F24, F58).
class LogPump {
 public:
  LogPump(UniqueFd pipe, LogFile file, int64_t limit_bytes);

  // Takes what is there, without waiting.
  void Pump();

  int pipe() const { return pipe_.get(); }  // -1 once every writer has closed it
  int64_t dropped_bytes() const { return dropped_bytes_; }
  // The errno for which bytes were first dropped; 0: all that were, were beyond the limit.
  int os_error() const { return dropped_bytes_ > 0 ? os_error_ : 0; }

 private:
  void Keep(const char* data, std::size_t size);

  UniqueFd pipe_, file_;
  int64_t room_bytes_;
  int os_error_;
  int64_t dropped_bytes_ = 0;
};

}  // namespace headroom::shim
