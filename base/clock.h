#pragma once

#include <chrono>
#include <ctime>

// Time as a value.
//
// TimePoint counts CLOCK_BOOTTIME: it never jumps when an operator or NTP sets the clock, and goes
// on through suspend (clock_gettime(2)). It means nothing after a reboot, so what is stored with it
// is stored with the boot's id. Wall-clock time is for people and logs only; no rule reads it.
namespace headroom {

using Duration = std::chrono::nanoseconds;

struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using TimePoint = BootClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// Where time comes from. Held only by daemon/ and by deadlines at the edge; rules get an instant.
// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual WallTime WallNow() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint Now() const override {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return TimePoint(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
  }
  WallTime WallNow() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace headroom
