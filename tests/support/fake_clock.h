#pragma once

#include "base/clock.h"

// A clock that moves only when a test says so.
namespace headroom {

class FakeClock final : public Clock {
 public:
  TimePoint Now() const override { return boot_; }
  WallTime WallNow() const override { return wall_; }

  void Advance(Duration by) {
    boot_ += by;
    wall_ += std::chrono::floor<std::chrono::milliseconds>(by);
  }
  // As NTP or an operator does: people's time moves, ours does not (F25).
  void SetWall(WallTime wall) { wall_ = wall; }

 private:
  TimePoint boot_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::milliseconds(1'800'000'000'000)};
};

}  // namespace headroom
