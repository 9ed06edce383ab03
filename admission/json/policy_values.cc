#include "admission/json/policy_values.h"

#include <fmt/format.h>

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

}  // namespace

tl::unexpected<Error> Unexpected(std::string_view expected, const json& got) {
  std::string shown = got.dump(-1, ' ', /*ensure_ascii=*/true);
  if (shown.size() > 40) shown = shown.substr(0, 37) + "...";
  return Fail(ErrorCode::kInvalid, fmt::format("expected {}, got {}", expected, shown));
}

Result<int64_t> Bytes::Read(const json& value) {
  const auto text = value.is_number_float() ? std::nullopt : TextOf(value);
  const auto bytes = text ? ParseBytes(*text) : Fail(ErrorCode::kInvalid, "");
  return bytes ? bytes : Unexpected("a size like \"512MiB\" or \"2GiB\"", value);
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
  return millis ? millis : Unexpected("cores like 2, 0.5 or \"1500m\"", value);
}

ordered_json Cores::Write(int64_t millis) {
  if (millis % 1000 == 0) return fmt::to_string(millis / 1000);
  return fmt::format("{}m", millis);
}

Result<int64_t> Count::Read(const json& value) {
  if (!value.is_number_integer()) return Unexpected("a whole number", value);
  return value.get<int64_t>();
}

Result<double> Number::Read(const json& value) {
  if (!value.is_number()) return Unexpected("a number", value);
  return value.get<double>();
}

Result<Duration> Time::Read(const json& value) {
  const auto duration = value.is_string() ? ParseDuration(value.get_ref<const std::string&>())
                                          : Fail(ErrorCode::kInvalid, "");
  return duration ? duration : Unexpected("a duration like \"250ms\", \"30s\" or \"5m\"", value);
}

ordered_json Time::Write(Duration duration) {
  constexpr int64_t kMillisecond = 1'000'000;
  const int64_t nanoseconds = duration.count();
  if (nanoseconds % (1000 * kMillisecond) == 0) {
    return fmt::format("{}s", nanoseconds / (1000 * kMillisecond));
  }
  if (nanoseconds % kMillisecond == 0) return fmt::format("{}ms", nanoseconds / kMillisecond);
  return fmt::format("{}.{:06}ms", nanoseconds / kMillisecond, nanoseconds % kMillisecond);
}

Result<bool> Flag::Read(const json& value) {
  if (!value.is_boolean()) return Unexpected("true or false", value);
  return value.get<bool>();
}

Result<std::string> Text::Read(const json& value) {
  if (!value.is_string()) return Unexpected("a string", value);
  return value.get<std::string>();
}

// The decimal point is moved in the text, because a division by 100 would round a second time.
Result<double> ReadPercent(std::string_view text) {
  std::string_view digits = text;
  digits.remove_suffix(1);
  const bool is_plain =
      !digits.empty() && digits.find_first_not_of("0123456789.") == std::string_view::npos;
  const auto share = is_plain ? ToDouble(std::string(digits) + "e-2") : std::nullopt;
  if (!share) return Unexpected("a share like \"2.5%\"", json(text));
  return *share;
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
