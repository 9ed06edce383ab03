#include "base/units.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace headroom {
namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

constexpr Unit kByteUnits[] = {
    {"", 1},         {"B", 1},       {"K", 1e3},      {"KB", 1e3},     {"Ki", 1024.0},
    {"KiB", 1024.0}, {"M", 1e6},     {"MB", 1e6},     {"Mi", 0x1p20},  {"MiB", 0x1p20},
    {"G", 1e9},      {"GB", 1e9},    {"Gi", 0x1p30},  {"GiB", 0x1p30}, {"T", 1e12},
    {"TB", 1e12},    {"Ti", 0x1p40}, {"TiB", 0x1p40},
};
constexpr Unit kCpuUnits[] = {{"", 1000}, {"m", 1}};
constexpr Unit kTimeUnits[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};

// A plain decimal number and one of `units`. from_chars would also take "inf", "nan" and exponents;
// a number here starts with a digit and holds digits and one dot only.
template <std::size_t N>
Result<int64_t> ParseAmount(std::string_view text, const Unit (&units)[N],
                            std::string_view expected) {
  const auto fail = [&] {
    return Fail(ErrorCode::kInvalid,
                fmt::format("expected {}, got \"{}\"", expected, text.substr(0, 40)));
  };
  const auto end_of_number = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, end_of_number);
  const std::string_view suffix = text.substr(end_of_number);
  if (number.empty() || number.front() == '.' || number.back() == '.') return fail();

  int64_t whole = 0;
  const auto [whole_end, whole_error] =
      std::from_chars(number.data(), number.data() + number.size(), whole);
  const bool is_whole = whole_error == std::errc() && whole_end == number.data() + number.size();
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value,
                                            std::chars_format::fixed);
  if (error != std::errc() || end != number.data() + number.size()) return fail();

  for (const Unit& unit : units) {
    if (unit.suffix != suffix) continue;
    if (is_whole && unit.factor == 1) return whole;
    const double amount = value * unit.factor;
    if (amount >= 0x1p62) return fail();
    return static_cast<int64_t>(std::llround(amount));
  }
  return fail();
}

}  // namespace

Result<int64_t> ParseBytes(std::string_view text) {
  return ParseAmount(text, kByteUnits, "a size like \"512MiB\" or \"2GiB\"");
}

Result<int64_t> ParseCpuMillis(std::string_view text) {
  return ParseAmount(text, kCpuUnits, "cores like \"2\", \"0.5\" or \"1500m\"");
}

Result<Duration> ParseDuration(std::string_view text) {
  return ParseAmount(text, kTimeUnits, "a duration like \"250ms\", \"30s\", \"5m\" or \"2h\"")
      .map([](int64_t nanoseconds) { return Duration(nanoseconds); });
}

std::string FormatBytes(int64_t bytes) {
  constexpr std::array<std::string_view, 6> kNames = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes > -kKiB && bytes < kKiB) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (std::abs(value) >= 1024 && unit + 1 < kNames.size()) {
    value /= 1024;
    ++unit;
  }
  const int decimals = std::abs(value) >= 100 ? 0 : 1;
  return fmt::format("{:.{}f} {}", value, decimals, kNames[unit]);
}

std::string FormatCpuMillis(int64_t millis) {
  return fmt::format("{:.2f} cores", static_cast<double>(millis) / 1000.0);
}

std::string FormatDuration(Duration duration) {
  using std::chrono::duration_cast;
  const auto milliseconds = duration_cast<std::chrono::milliseconds>(duration).count();
  if (milliseconds < 0) return fmt::format("-{}", FormatDuration(-duration));
  if (milliseconds < 1000) return fmt::format("{}ms", milliseconds);
  const auto seconds = milliseconds / 1000;
  if (seconds < 10) return fmt::format("{:.1f}s", static_cast<double>(milliseconds) / 1000.0);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m {}s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h {}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d {}h", seconds / 86400, seconds / 3600 % 24);
}

std::string FormatWallTime(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds.time_since_epoch().count()),
                     (time - seconds).count());
}

}  // namespace headroom
