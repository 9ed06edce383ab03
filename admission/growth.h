#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admission/ahead.h"
#include "base/clock.h"
#include "base/result.h"

// How an attempt's use grew with its age: what forecasts are drawn from.
namespace headroom {

// Memory and CPU at once. Doubles, because only means and shares are taken of them.
struct Use {
  double memory_bytes = 0;
  double cpu_millis = 0;

  bool operator==(const Use&) const = default;
};

Use MaxOf(const Use& a, const Use& b);

// Use in buckets of equal width from the start on. The width doubles when they are full, so that
// two seconds and two days take the same room.
class Growth {
 public:
  static constexpr std::size_t kMostBuckets = 48;

  // What was seen at this age, which is at least that of the record before. A gap in between (the
  // daemon was down, say) was like the record before it, or what
  // comes before the first like the first.
  void Record(Duration age, const Use& use);

  // The mean around this age; of an age beyond the last record, the last.
  Use MeanAt(Duration age) const;
  // Over [from, to): what an attempt that ends with the last record uses on average (nothing after
  // its end), and the most.
  Use MeanOver(Duration from, Duration to) const;
  Use MostOver(Duration from, Duration to) const;
  // The same for each interval ahead of an age.
  UseAhead MeanAhead(Duration age) const;
  UseAhead MostAhead(Duration age) const;

  // For the state file (growth_bytes.cc): what is read is what was written, to the last bit. Bytes
  // of another version, damaged ones and what no recording can lead to are kCorrupt.
  std::string ToBytes() const;
  static Result<Growth> FromBytes(std::string_view bytes);

  bool operator==(const Growth&) const = default;

 private:
  struct Bucket {
    Use sum, most;
    double samples = 0;

    void Add(const Use& use);
    bool operator==(const Bucket&) const = default;
  };
  struct Range {
    std::size_t first, last;
  };

  bool IsPossible() const;
  void JoinPairs();
  std::size_t IndexOf(Duration age) const;
  Range BucketsOf(Duration from, Duration to) const;

  Duration width_ = std::chrono::seconds(1);
  Duration end_{};  // of the last record
  Use last_;
  std::vector<Bucket> buckets_;
};

}  // namespace headroom
