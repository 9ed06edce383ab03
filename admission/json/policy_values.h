#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "admission/json/nearest_name.h"
#include "admission/policy.h"
#include "base/result.h"
#include "base/units.h"

// How single values of a policy are written. Each kind has Read, which takes a JSON value or says
// what it expected, and Write, which Read takes back to an equal value.
namespace headroom::policy_values {

using nlohmann::json;
using nlohmann::ordered_json;

// "expected a size like …, got true".
tl::unexpected<Error> Unexpected(std::string_view expected, const json& got);

struct Bytes {
  using Type = int64_t;
  static Result<int64_t> Read(const json& value);
  static ordered_json Write(int64_t bytes);
};

struct Cores {
  using Type = int64_t;  // millis
  static Result<int64_t> Read(const json& value);
  static ordered_json Write(int64_t millis);
};

struct Count {
  using Type = int64_t;
  static Result<int64_t> Read(const json& value);
  static ordered_json Write(int64_t count) { return count; }
};

struct Number {
  using Type = double;
  static Result<double> Read(const json& value);
  static ordered_json Write(double number) { return number; }
};

struct Time {
  using Type = Duration;
  static Result<Duration> Read(const json& value);
  static ordered_json Write(Duration duration);
};

struct Flag {
  using Type = bool;
  static Result<bool> Read(const json& value);
  static ordered_json Write(bool flag) { return flag; }
};

struct Text {
  using Type = std::string;
  static Result<std::string> Read(const json& value);
  static ordered_json Write(const std::string& text) { return text; }
};

// "2.5%" as 0.025, exactly as if that had been written.
Result<double> ReadPercent(std::string_view text);
std::string WritePercent(double share);

// An amount of Kind, or a share like "2.5%".
template <class Kind>
struct OrShare {
  using Type = AmountOrShare;
  static Result<AmountOrShare> Read(const json& value) {
    if (value.is_string() && value.get_ref<const std::string&>().ends_with('%')) {
      return ReadPercent(value.get_ref<const std::string&>()).map([](double share) {
        return AmountOrShare{0, share};
      });
    }
    return Kind::Read(value).map([](int64_t amount) { return AmountOrShare{amount, {}}; });
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
    if (!value.is_string()) return Unexpected("one of the known words", value);
    const std::string& word = value.get_ref<const std::string&>();
    std::optional<Enum> chosen;
    ((ToString(kChoices) == word ? void(chosen = kChoices) : void()), ...);
    if (chosen) return *chosen;
    const std::string_view words[] = {ToString(kChoices)...};
    return Fail(ErrorCode::kInvalid,
                "unknown value " + value.dump(-1, ' ', true) + NearestName(word, words));
  }
  static ordered_json Write(Enum chosen) { return std::string(ToString(chosen)); }
};

}  // namespace headroom::policy_values
