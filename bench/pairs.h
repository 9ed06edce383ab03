#pragma once

#include <time.h>

#include <algorithm>
#include <vector>

// Our way beside its floor, in turns: A B, B A, A B, … in one run, so that a slow or busy machine
// slows both alike. What counts is the ratio of each pair; how far those lie apart says how much to
// believe it.
namespace headroom::bench {

inline double SecondsOf(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// For work that waits for other processes or for a disk.
constexpr clockid_t kWallTime = CLOCK_MONOTONIC;
// For work that only computes or reads: what other programs take of the machine does not count.
constexpr clockid_t kCpuTime = CLOCK_THREAD_CPUTIME_ID;

template <class Work>
double SecondsOf(clockid_t clock, Work&& work) {
  const double start = SecondsOf(clock);
  work();
  return SecondsOf(clock) - start;
}

struct Quartiles {
  double low = 0, median = 0, high = 0;
};

inline Quartiles QuartilesOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto at = [&](std::size_t quarter) { return values[(values.size() - 1) * quarter / 4]; };
  return {at(1), at(2), at(3)};
}

class Pairs {
 public:
  void Add(double ours, double floor) {
    ours_.push_back(ours);
    floor_.push_back(floor);
    ratio_.push_back(ours / floor);
  }

  template <class Ours, class Floor>
  void Measure(int rounds, clockid_t clock, Ours&& ours, Floor&& floor) {
    for (int round = 0; round < rounds; ++round) {
      const bool ours_first = round % 2 == 0;
      const double first = ours_first ? SecondsOf(clock, ours) : SecondsOf(clock, floor);
      const double second = ours_first ? SecondsOf(clock, floor) : SecondsOf(clock, ours);
      Add(ours_first ? first : second, ours_first ? second : first);
    }
  }

  double ours() const { return QuartilesOf(ours_).median; }
  double floor() const { return QuartilesOf(floor_).median; }
  Quartiles ratio() const { return QuartilesOf(ratio_); }

 private:
  std::vector<double> ours_, floor_, ratio_;
};

}  // namespace headroom::bench
