#include "daemon/local_time.h"

#include <ctime>

namespace headroom {
namespace {

using std::chrono::seconds;

seconds AheadOfUtc(WallTime utc) {
  const std::time_t at = std::chrono::floor<seconds>(utc).time_since_epoch().count();
  std::tm local{};
  if (localtime_r(&at, &local) == nullptr) return {};
  return seconds(local.tm_gmtoff);
}

// The first second at which the offset is no longer that of `before`. REQUIRES: at `after` it is
// not.
WallTime ChangeBetween(WallTime before, WallTime after) {
  const seconds ahead = AheadOfUtc(before);
  while (after - before > seconds(1)) {
    const WallTime middle = before + std::chrono::floor<seconds>((after - before) / 2);
    (AheadOfUtc(middle) == ahead ? before : after) = middle;
  }
  return after;
}

}  // namespace

LocalTime LocalTimeAt(WallTime utc) {
  constexpr std::chrono::days kDay(1), kBack(2), kAhead(9);
  tzset();
  const WallTime first = std::chrono::floor<seconds>(utc) - kBack;
  LocalTime local{utc, {{first, AheadOfUtc(first)}}};
  for (WallTime day = first; day < utc + kAhead; day += kDay) {
    const seconds ahead = AheadOfUtc(day + kDay);
    if (ahead != local.offsets.back().ahead)
      local.offsets.push_back({ChangeBetween(day, day + kDay), ahead});
  }
  return local;
}

}  // namespace headroom
