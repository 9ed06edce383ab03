#pragma once

#include <optional>
#include <vector>

#include "admission/job.h"
#include "admission/policy.h"
#include "admission/snapshot.h"
#include "base/clock.h"

// Times of the week in which other rules hold: nothing runs (a drain window), or another target.
// Local time comes in as a value; where the clocks are set, a window is rather too long than too
// short. Pure.
namespace headroom {

// What the clocks on the wall show around one instant, where the daemon runs.
struct LocalTime {
  // From `since` on they are so far ahead of UTC.
  struct Offset {
    WallTime since{};
    std::chrono::seconds ahead{};

    bool operator==(const Offset&) const = default;
  };

  WallTime utc{};
  // By `since`; the first also holds before. They reach two days back and nine days ahead of `utc`.
  // Empty: UTC.
  std::vector<Offset> offsets;

  bool operator==(const LocalTime&) const = default;
};

// When each window is open next, or still is: once for each day of the week on which it begins. By
// begin. `now` is the instant of `local`.
//
// A begin that the clocks show twice is the first of the two, an end the second. A begin that they
// skip is when they skip it; an end that they skip is as much later.
std::vector<OpenWindow> UpcomingWindows(const std::vector<TimeWindow>& windows,
                                        const LocalTime& local, TimePoint now);

// The first of each window.
std::vector<OpenWindow> NextOfEach(const std::vector<OpenWindow>& upcoming);

// What is filled at the snapshot's instant: the policy's target, or the least of the windows that
// are open. The resume line stays as far below it as the policy says.
Shares TargetAt(const Snapshot& snapshot, const Policy& policy);
Shares ResumeAt(const Snapshot& snapshot, const Policy& policy);

// How long a waiting job is taken to run, to whole seconds: its duration; where nobody knows it,
// three times the average (of exponential durations nine of ten are below 2.3 times); where that is
// not known either, an hour.
Duration TakenToRun(const WaitingJob& job, const Snapshot& snapshot);

// The first drain window in the way of a job that starts at `start`: one that is open then, or
// begins before it is over. Null: none.
const OpenWindow* DrainInTheWay(const Snapshot& snapshot, const Policy& policy, TimePoint start,
                                Duration lasts);

// The first instant from `start` on at which no drain window is in its way. Absent: no time between
// two of them is as long.
std::optional<TimePoint> FirstStart(const Snapshot& snapshot, const Policy& policy, TimePoint start,
                                    Duration lasts);

// The longest time of a week in which no drain window is open. Absent: the policy has none.
std::optional<Duration> LongestBetweenDrains(const std::vector<TimeWindow>& windows);

// The window of the policy that `open` is of. Null: it is of another policy.
const TimeWindow* WindowOf(const OpenWindow& open, const Policy& policy);

}  // namespace headroom
