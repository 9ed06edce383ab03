#pragma once

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace headroom {

// The time zone of this process, while it lives. Threads: not while others look at the environment.
class TimeZone {
 public:
  // As POSIX has it in TZ: "GMT0BST,M3.5.0/1,M10.5.0". Needs no file of time zones.
  explicit TimeZone(const std::string& rule) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    setenv("TZ", rule.c_str(), 1);
    tzset();
  }
  ~TimeZone() {
    if (before_) {
      setenv("TZ", before_->c_str(), 1);
    } else {
      unsetenv("TZ");
    }
    tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  std::optional<std::string> before_;
};

}  // namespace headroom
