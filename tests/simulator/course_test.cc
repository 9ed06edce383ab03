#include "simulator/course.h"

#include <gtest/gtest.h>

#include <numeric>

namespace headroom::sim {
namespace {

TEST(Course, KeepsEveryPointWhileTheyAreFew) {
  Course course;
  course.Add({1, 0.5, 0.25, 0.6, 3});
  course.Add({1, 0.7, 0.35, 0.8, 2});
  ASSERT_EQ(course.points().size(), 2U);
  EXPECT_EQ(course.points()[1], (CoursePoint{1, 0.7, 0.35, 0.8, 2}));
}

TEST(Course, JoinsPointsWhenTheyAreMany) {
  Course course;
  constexpr std::size_t kAdded = 10'000;
  for (std::size_t i = 0; i < kAdded; ++i) course.Add({1, i % 2 == 0 ? 0.0 : 1.0, 0.5, 0.9, 0});
  EXPECT_LE(course.points().size(), Course::kMostPoints);
  double seconds = 0, memory = 0;
  for (const CoursePoint& point : course.points()) {
    seconds += point.seconds;
    memory += point.memory * point.seconds;
  }
  EXPECT_DOUBLE_EQ(seconds, kAdded);
  EXPECT_DOUBLE_EQ(memory, kAdded / 2.0);
}

TEST(Course, KeepsTheMostThatWasWantedAtOnce) {
  Course course;
  for (std::size_t i = 0; i < 4 * Course::kMostPoints; ++i)
    course.Add({1, 0.5, 0.5, i == 300 ? 1.5 : 0.5, 0});
  double most = 0;
  for (const CoursePoint& point : course.points()) most = std::max(most, point.most_memory);
  EXPECT_EQ(most, 1.5);
}

}  // namespace
}  // namespace headroom::sim
