#include "simulator/course.h"

#include <algorithm>

namespace headroom::sim {
namespace {

CoursePoint Joined(const CoursePoint& a, const CoursePoint& b) {
  const double seconds = a.seconds + b.seconds;
  const auto mean = [&](double x, double y) { return (x * a.seconds + y * b.seconds) / seconds; };
  return {seconds, mean(a.memory, b.memory), mean(a.cpu, b.cpu),
          std::max(a.most_memory, b.most_memory), mean(a.waiting, b.waiting)};
}

}  // namespace

void Course::Add(const CoursePoint& point) {
  const bool last_is_full = points_.empty() || in_last_ == per_point_;
  if (!last_is_full) {
    points_.back() = Joined(points_.back(), point);
    ++in_last_;
    return;
  }
  if (points_.size() == kMostPoints) JoinPairs();
  points_.push_back(point);
  in_last_ = 1;
}

void Course::JoinPairs() {
  for (std::size_t i = 0; i < kMostPoints / 2; ++i)
    points_[i] = Joined(points_[2 * i], points_[2 * i + 1]);
  points_.resize(kMostPoints / 2);
  per_point_ *= 2;
}

}  // namespace headroom::sim
