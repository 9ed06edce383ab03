#pragma once

#include <cstddef>
#include <vector>

#include "base/clock.h"

// How a run went, for a picture of it: in buckets of equal width that double when they are many, so
// that an hour and a month take the same room.
namespace headroom::sim {

struct CoursePoint {
  double seconds = 0;          // that it stands for
  double memory = 0, cpu = 0;  // shares of capacity, on average
  double most_memory = 0;      // that was wanted at once; above 1 it did not fit
  double waiting = 0;          // jobs, on average

  bool operator==(const CoursePoint&) const = default;
};

class Course {
 public:
  static constexpr std::size_t kMostPoints = 256;

  // What held for so long. REQUIRES: point.seconds > 0, the same for all points.
  void Add(const CoursePoint& point);

  const std::vector<CoursePoint>& points() const { return points_; }

  bool operator==(const Course&) const = default;

 private:
  void JoinPairs();

  std::vector<CoursePoint> points_;
  std::size_t per_point_ = 1;  // added ones, when it is full
  std::size_t in_last_ = 0;
};

}  // namespace headroom::sim
