#include "admission/windows.h"

#include <algorithm>
#include <array>

namespace headroom {
namespace {

constexpr Duration kWeek = std::chrono::days(7);
constexpr Duration kNobodyKnows = std::chrono::hours(1);
constexpr int64_t kTimesTheAverage = 3;
constexpr std::size_t kDaysOfAWeek = 7;

// A reading of the clocks on the wall, as if it were UTC.
using Shown = WallTime;

Duration AheadAt(const LocalTime& local) {
  Duration ahead{};
  for (const LocalTime::Offset& offset : local.offsets) {
    if (&offset == &local.offsets.front() || offset.since <= local.utc) ahead = offset.ahead;
  }
  return ahead;
}

struct Instants {
  WallTime first, last;
};

// When the clocks show it: once; twice where they are set back; where they are set forward over it,
// from that instant to as much later as it lies behind it.
Instants WhenShown(Shown shown, const std::vector<LocalTime::Offset>& offsets) {
  if (offsets.empty()) return {shown, shown};
  std::optional<Instants> found, skipped;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const WallTime at = shown - offsets[i].ahead;
    const bool is_last = i + 1 == offsets.size();
    const bool has_begun = i == 0 || at >= offsets[i].since;
    const bool is_over = !is_last && at >= offsets[i + 1].since;
    if (has_begun && !is_over) found = Instants{found ? found->first : at, at};
    if (is_over && shown - offsets[i + 1].ahead < offsets[i + 1].since)
      skipped = Instants{offsets[i + 1].since, at};
  }
  if (found) return *found;
  return skipped.value_or(Instants{shown - offsets.back().ahead, shown - offsets.back().ahead});
}

bool BeginsOn(const TimeWindow& window, std::chrono::weekday day) {
  const auto number = static_cast<int>(day.c_encoding());
  return window.days.empty() || std::ranges::find(window.days, number) != window.days.end();
}

// The window that begins on `day`.
OpenWindow On(std::chrono::sys_days day, const TimeWindow& window, const LocalTime& local,
              TimePoint now) {
  const auto shown = [&](Duration since_midnight) {
    return Shown(day) + std::chrono::floor<std::chrono::milliseconds>(since_midnight);
  };
  const Duration to = window.to > window.from ? window.to : window.to + std::chrono::days(1);
  const WallTime begins = WhenShown(shown(window.from), local.offsets).first;
  const WallTime ends = WhenShown(shown(to), local.offsets).last;
  return {0, now + (begins - local.utc), now + (ends - local.utc)};
}

void AddUpcoming(std::size_t place, const TimeWindow& window, const LocalTime& local, TimePoint now,
                 std::vector<OpenWindow>& upcoming) {
  const auto ahead = std::chrono::floor<std::chrono::milliseconds>(AheadAt(local));
  const auto today = std::chrono::floor<std::chrono::days>(local.utc + ahead);
  std::array<bool, kDaysOfAWeek> is_known{};
  for (int i = -2; i <= 8; ++i) {
    const std::chrono::sys_days day = today + std::chrono::days(i);
    const std::chrono::weekday weekday(day);
    bool& known = is_known[weekday.c_encoding()];
    if (known || !BeginsOn(window, weekday)) continue;
    OpenWindow open = On(day, window, local, now);
    if (open.ends <= now) continue;
    open.window = place;
    upcoming.push_back(open);
    known = true;
  }
}

bool IsOpen(const OpenWindow& open, TimePoint at) { return open.begins <= at && at < open.ends; }

bool Drains(const OpenWindow& open, const Policy& policy) {
  const TimeWindow* window = WindowOf(open, policy);
  return window != nullptr && window->drain;
}

// Where a job that would start at `start` has to wait for the windows, as they are or a week later.
TimePoint PutOff(const Snapshot& snapshot, const Policy& policy, TimePoint start, Duration lasts,
                 Duration later) {
  for (const OpenWindow& open : snapshot.windows) {
    const TimePoint begins = open.begins + later, ends = open.ends + later;
    if (Drains(open, policy) && start < ends && begins - start < lasts) start = ends;
  }
  return start;
}

Shares Lowered(const Shares& shares, const Shares& from, const Shares& to) {
  return {shares.memory - (from.memory - to.memory), shares.cpu - (from.cpu - to.cpu),
          shares.pids - (from.pids - to.pids)};
}

}  // namespace

std::vector<OpenWindow> UpcomingWindows(const std::vector<TimeWindow>& windows,
                                        const LocalTime& local, TimePoint now) {
  std::vector<OpenWindow> upcoming;
  for (std::size_t place = 0; place < windows.size(); ++place)
    AddUpcoming(place, windows[place], local, now, upcoming);
  std::ranges::stable_sort(upcoming, {}, &OpenWindow::begins);
  return upcoming;
}

std::vector<OpenWindow> NextOfEach(const std::vector<OpenWindow>& upcoming) {
  std::vector<OpenWindow> next;
  for (const OpenWindow& open : upcoming) {
    if (std::ranges::find(next, open.window, &OpenWindow::window) == next.end())
      next.push_back(open);
  }
  return next;
}

const TimeWindow* WindowOf(const OpenWindow& open, const Policy& policy) {
  return open.window < policy.windows.size() ? &policy.windows[open.window] : nullptr;
}

Shares TargetAt(const Snapshot& snapshot, const Policy& policy) {
  std::optional<double> memory, cpu;
  const auto take = [](std::optional<double>& least, const std::optional<double>& target) {
    if (target) least = std::min(least.value_or(*target), *target);
  };
  for (const OpenWindow& open : snapshot.windows) {
    const TimeWindow* window = WindowOf(open, policy);
    if (window == nullptr || !IsOpen(open, snapshot.now)) continue;
    take(memory, window->target_memory);
    take(cpu, window->target_cpu);
  }
  return {memory.value_or(policy.target.memory), cpu.value_or(policy.target.cpu),
          policy.target.pids};
}

Shares ResumeAt(const Snapshot& snapshot, const Policy& policy) {
  return Lowered(policy.resume, policy.target, TargetAt(snapshot, policy));
}

Duration TakenToRun(const WaitingJob& job, const Snapshot& snapshot) {
  Duration lasts = kNobodyKnows;
  if (snapshot.mean_duration) lasts = kTimesTheAverage * *snapshot.mean_duration;
  if (job.duration) lasts = *job.duration;
  return std::chrono::ceil<std::chrono::seconds>(std::max(lasts, Duration(1)));
}

const OpenWindow* DrainInTheWay(const Snapshot& snapshot, const Policy& policy, TimePoint start,
                                Duration lasts) {
  const auto found = std::ranges::find_if(snapshot.windows, [&](const OpenWindow& open) {
    return Drains(open, policy) && start < open.ends && open.begins - start < lasts;
  });
  return found == snapshot.windows.end() ? nullptr : &*found;
}

std::optional<TimePoint> FirstStart(const Snapshot& snapshot, const Policy& policy, TimePoint start,
                                    Duration lasts) {
  const TimePoint within = PutOff(snapshot, policy, start, lasts, {});
  // Next week the windows are the same, so what has been put off once more always is.
  if (PutOff(snapshot, policy, within, lasts, kWeek) != within) return std::nullopt;
  return within;
}

std::optional<Duration> LongestBetweenDrains(const std::vector<TimeWindow>& windows) {
  std::vector<TimeWindow> drains = windows;
  std::erase_if(drains, [](const TimeWindow& window) { return !window.drain; });
  if (drains.empty()) return std::nullopt;
  const std::vector<OpenWindow> week = UpcomingWindows(drains, {}, TimePoint{});
  Duration longest{};
  TimePoint ends = week.front().ends;
  for (const OpenWindow& open : week) {
    longest = std::max(longest, open.begins - ends);
    ends = std::max(ends, open.ends);
  }
  return std::max(longest, week.front().begins + kWeek - ends);
}

}  // namespace headroom
