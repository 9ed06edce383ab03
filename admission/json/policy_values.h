#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/json/nearest_name.h"
#include "admission/policy.h"
#include "base/result.h"
#include "base/units.h"

// How single values of a policy are written. Each kind has Read, which takes a JSON value or says
// what it expected, and Write, which Read takes back to an equal value.
namespace headroom::policy_values {

using nlohmann::json;
using nlohmann::ordered_json;

// A value as it stands in the file, in ASCII and cut short.
std::string Shown(const json& value);

// "expected a size like …, got true".
tl::unexpected<Error> Unexpected(std::string_view expected, const json& got);

struct Bytes {
  using Type = int64_t;
  static constexpr std::string_view kExpected = "a size like \"512MiB\" or \"2GiB\"";
  static Result<int64_t> Read(const json& value);
  static ordered_json Write(int64_t bytes);
};

struct Cores {
  using Type = int64_t;  // millis
  static constexpr std::string_view kExpected = "cores like 2, 0.5 or \"1500m\"";
  static Result<int64_t> Read(const json& value);
  static ordered_json Write(int64_t millis);
};

struct Count {
  using Type = int64_t;
  static constexpr std::string_view kExpected = "a whole number";
  static Result<int64_t> Read(const json& value);
  static ordered_json Write(int64_t count) { return count; }
};

struct Share {
  using Type = double;
  static constexpr std::string_view kExpected = "a share like 0.6";
  static Result<double> Read(const json& value);
  static ordered_json Write(double share) { return share; }
};

struct Percentage {
  using Type = double;
  static constexpr std::string_view kExpected = "a percentage like 5";
  static Result<double> Read(const json& value);
  static ordered_json Write(double percent) { return percent; }
};

struct Time {
  using Type = Duration;
  static constexpr std::string_view kExpected = "a duration like \"250ms\", \"30s\" or \"5m\"";
  static Result<Duration> Read(const json& value);
  static ordered_json Write(Duration duration);
};

// A time of day.
struct ClockTime {
  using Type = Duration;  // since midnight
  static constexpr std::string_view kExpected = "a time of day like \"22:00\", at most \"24:00\"";
  static Result<Duration> Read(const json& value);
  static ordered_json Write(Duration since_midnight);
};

// Some days of the week, in any order.
struct Weekdays {
  using Type = std::vector<int>;  // 0 is Sunday; sorted
  static Result<std::vector<int>> Read(const json& value);
  static ordered_json Write(const std::vector<int>& days);
};

struct Flag {
  using Type = bool;
  static constexpr std::string_view kExpected = "true or false";
  static Result<bool> Read(const json& value);
  static ordered_json Write(bool flag) { return flag; }
};

struct Text {
  using Type = std::string;
  static constexpr std::string_view kExpected = "a string";
  static Result<std::string> Read(const json& value);
  static ordered_json Write(const std::string& text) { return text; }
};

// "2.5%" as 0.025, exactly as if that had been written; nothing for any other value.
std::optional<double> ReadPercent(const json& value);
std::string WritePercent(double share);

// An amount of Kind, or a share like "2.5%".
template <class Kind>
struct OrShare {
  using Type = AmountOrShare;
  static Result<AmountOrShare> Read(const json& value) {
    if (const auto share = ReadPercent(value)) return AmountOrShare{0, *share};
    if (const auto amount = Kind::Read(value)) return AmountOrShare{*amount, {}};
    return Unexpected(std::string(Kind::kExpected) + ", or a share like \"2.5%\"", value);
  }
  static ordered_json Write(const AmountOrShare& amount) {
    return amount.share ? ordered_json(WritePercent(*amount.share)) : Kind::Write(amount.amount);
  }
};

// Null is "absent".
template <class Kind>
struct OrNull {
  using Type = std::optional<typename Kind::Type>;
  static Result<Type> Read(const json& value) {
    if (value.is_null()) return Type();
    return Kind::Read(value).map([](auto&& read) { return Type(read); });
  }
  static ordered_json Write(const Type& value) {
    return value ? Kind::Write(*value) : ordered_json(nullptr);
  }
};

// One of a few words; `ToString(Enum)` gives them.
template <class Enum, Enum... kChoices>
struct Choice {
  using Type = Enum;
  static Result<Enum> Read(const json& value) {
    const std::string word = value.is_string() ? value.get<std::string>() : value.dump();
    std::optional<Enum> chosen;
    ((ToString(kChoices) == word ? void(chosen = kChoices) : void()), ...);
    if (chosen) return *chosen;
    const std::string_view words[] = {ToString(kChoices)...};
    return Fail(ErrorCode::kInvalid, "unknown value " + Shown(value) + NearestName(word, words));
  }
  static ordered_json Write(Enum chosen) { return std::string(ToString(chosen)); }
};

}  // namespace headroom::policy_values
