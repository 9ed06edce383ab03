#include "admission/json/policy_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace headroom::policy_values {
namespace {

// A string as it is, a number as it is written; nothing for other types.
std::optional<std::string> TextOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  return std::nullopt;
}

std::optional<double> ToDouble(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

}  // namespace

std::string Shown(const json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

tl::unexpected<Error> Unexpected(std::string_view expected, const json& got) {
  return Fail(ErrorCode::kInvalid, fmt::format("expected {}, got {}", expected, Shown(got)));
}

Result<int64_t> Bytes::Read(const json& value) {
  const auto text = value.is_number_float() ? std::nullopt : TextOf(value);
  const auto bytes = text ? ParseBytes(*text) : Fail(ErrorCode::kInvalid, "");
  return bytes ? bytes : Unexpected(kExpected, value);
}

ordered_json Bytes::Write(int64_t bytes) {
  if (bytes == 0) return "0";
  for (const auto& [unit, name] : {std::pair{kGiB, "GiB"}, {kMiB, "MiB"}, {kKiB, "KiB"}}) {
    if (bytes % unit == 0) return fmt::format("{}{}", bytes / unit, name);
  }
  return fmt::to_string(bytes);
}

Result<int64_t> Cores::Read(const json& value) {
  const auto text = TextOf(value);
  const auto millis = text ? ParseCpuMillis(*text) : Fail(ErrorCode::kInvalid, "");
  return millis ? millis : Unexpected(kExpected, value);
}

ordered_json Cores::Write(int64_t millis) {
  if (millis % 1000 == 0) return fmt::to_string(millis / 1000);
  return fmt::format("{}m", millis);
}

Result<int64_t> Count::Read(const json& value) {
  if (!value.is_number_integer()) return Unexpected(kExpected, value);
  return value.get<int64_t>();
}

Result<double> Share::Read(const json& value) {
  if (!value.is_number()) return Unexpected(kExpected, value);
  return value.get<double>();
}

Result<double> Percentage::Read(const json& value) {
  if (!value.is_number()) return Unexpected(kExpected, value);
  return value.get<double>();
}

Result<Duration> Time::Read(const json& value) {
  const auto duration = value.is_string() ? ParseDuration(value.get_ref<const std::string&>())
                                          : Fail(ErrorCode::kInvalid, "");
  return duration ? duration : Unexpected(kExpected, value);
}

ordered_json Time::Write(Duration duration) {
  constexpr int64_t kMillisecond = 1'000'000;
  constexpr int64_t kHour = 3'600'000 * kMillisecond;
  const int64_t nanoseconds = duration.count();
  if (nanoseconds != 0 && nanoseconds % (24 * kHour) == 0)
    return fmt::format("{}d", nanoseconds / (24 * kHour));
  if (nanoseconds != 0 && nanoseconds % kHour == 0) return fmt::format("{}h", nanoseconds / kHour);
  if (nanoseconds % (1000 * kMillisecond) == 0) {
    return fmt::format("{}s", nanoseconds / (1000 * kMillisecond));
  }
  if (nanoseconds % kMillisecond == 0) return fmt::format("{}ms", nanoseconds / kMillisecond);
  return fmt::format("{}.{:06}ms", nanoseconds / kMillisecond, nanoseconds % kMillisecond);
}

Result<Duration> ClockTime::Read(const json& value) {
  const auto text = value.is_string() ? value.get<std::string>() : std::string();
  const auto digits = [&](std::size_t place) {
    const bool are_two = text[place] >= '0' && text[place] <= '9' && text[place + 1] >= '0' &&
                         text[place + 1] <= '9';
    return are_two ? 10 * (text[place] - '0') + (text[place + 1] - '0') : -1;
  };
  if (text.size() != 5 || text[2] != ':') return Unexpected(kExpected, value);
  const int hours = digits(0), minutes = digits(3);
  const bool is_time = hours >= 0 && minutes >= 0 && minutes < 60 && 60 * hours + minutes <= 1440;
  if (!is_time) return Unexpected(kExpected, value);
  return std::chrono::hours(hours) + std::chrono::minutes(minutes);
}

ordered_json ClockTime::Write(Duration since_midnight) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(since_midnight).count();
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

Result<std::vector<int>> Weekdays::Read(const json& value) {
  const std::string expected =
      "some of the days \"sun\", \"mon\", \"tue\", \"wed\", \"thu\", "
      "\"fri\" and \"sat\", each once";
  if (!value.is_array()) return Unexpected(expected, value);
  std::vector<int> days;
  for (const json& name : value) {
    const auto* day = std::ranges::find(kWeekdays, name.is_string() ? name.get<std::string>() : "");
    if (day == std::end(kWeekdays)) return Unexpected(expected, name);
    days.push_back(static_cast<int>(day - std::begin(kWeekdays)));
  }
  std::ranges::sort(days);
  if (std::ranges::adjacent_find(days) != days.end()) return Unexpected(expected, value);
  return days;
}

ordered_json Weekdays::Write(const std::vector<int>& days) {
  ordered_json names = ordered_json::array();
  for (const int day : days) names.push_back(kWeekdays[static_cast<std::size_t>(day)]);
  return names;
}

Result<bool> Flag::Read(const json& value) {
  if (!value.is_boolean()) return Unexpected(kExpected, value);
  return value.get<bool>();
}

Result<std::string> Text::Read(const json& value) {
  if (!value.is_string()) return Unexpected(kExpected, value);
  return value.get<std::string>();
}

// The decimal point is moved in the text, because a division by 100 would round a second time.
std::optional<double> ReadPercent(const json& value) {
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_ref<const std::string&>();
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  if (text.find_first_not_of("0123456789.") != text.npos) return std::nullopt;
  return ToDouble(std::string(text) + "e-2");
}

std::string WritePercent(double share) {
  char shortest[32];  // "2.5e-02"
  const auto end =
      std::to_chars(shortest, std::end(shortest), share, std::chars_format::scientific);
  const std::string_view text(shortest, static_cast<std::size_t>(end.ptr - shortest));
  const std::size_t e = text.find('e');
  int exponent = 0;
  const std::size_t sign = text[e + 1] == '+' ? 1 : 0;
  std::from_chars(text.data() + e + 1 + sign, text.data() + text.size(), exponent);

  std::string digits(text.substr(0, e));
  std::erase(digits, '.');
  int point = exponent + 1 + 2;  // digits before the decimal point of a hundred times as much
  if (point < 1) digits.insert(0, static_cast<std::size_t>(1 - std::exchange(point, 1)), '0');
  const auto whole = static_cast<std::size_t>(point);
  if (digits.size() <= whole) return digits + std::string(whole - digits.size(), '0') + "%";
  return digits.substr(0, whole) + "." + digits.substr(whole) + "%";
}

}  // namespace headroom::policy_values
