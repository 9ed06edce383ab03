#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// Amounts as people write them, and back. Every parser is total: it takes the whole text or says
// what it expected. Threads: any.
namespace headroom {

inline constexpr int64_t kKiB = 1024;
inline constexpr int64_t kMiB = 1024 * kKiB;
inline constexpr int64_t kGiB = 1024 * kMiB;

// "1073741824", "512Mi", "512MiB", "1.5GiB", "2G" (10^9): bytes, never negative.
Result<int64_t> ParseBytes(std::string_view text);

// "2", "0.5", "1500m": thousandths of a core, never negative.
Result<int64_t> ParseCpuMillis(std::string_view text);

// "250ms", "1s", "1.5s", "2m", "3h", "7d": never negative.
Result<Duration> ParseDuration(std::string_view text);

// "38.0 GiB"; three digits at most, the largest unit that keeps the number above one.
std::string FormatBytes(int64_t bytes);

// "1.50 cores".
std::string FormatCpuMillis(int64_t millis);

// "1h 20m", "45s", "250ms": the two largest parts.
std::string FormatDuration(Duration duration);

// "2026-11-24T04:03:38.123Z".
std::string FormatWallTime(WallTime time);

}  // namespace headroom
