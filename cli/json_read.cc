#include "cli/json_read.h"

#include <array>
#include <charconv>
#include <chrono>
#include <string_view>

namespace headroom::cli {
namespace {

const nlohmann::json* Find(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

// Takes exactly `digits` digits off the front.
std::optional<int> TakeNumber(std::string_view* text, std::size_t digits) {
  if (text->size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + digits, value);
  if (error != std::errc() || end != text->data() + digits || value < 0) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

bool Take(std::string_view* text, char expected) {
  if (text->empty() || text->front() != expected) return false;
  text->remove_prefix(1);
  return true;
}

// Numbers of two digits with `separator` between them.
std::optional<std::array<int, 2>> TakePair(std::string_view* text, char separator) {
  const auto first = TakeNumber(text, 2);
  if (!first || !Take(text, separator)) return std::nullopt;
  const auto second = TakeNumber(text, 2);
  if (!second) return std::nullopt;
  return std::array{*first, *second};
}

}  // namespace

std::optional<int64_t> IntAt(const nlohmann::json& object, const char* key) {
  const auto* value = Find(object, key);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<int64_t>();
}

std::optional<double> NumberAt(const nlohmann::json& object, const char* key) {
  const auto* value = Find(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->get<double>();
}

std::string TextAt(const nlohmann::json& object, const char* key) {
  const auto* value = Find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

bool BoolAt(const nlohmann::json& object, const char* key) {
  const auto* value = Find(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

const nlohmann::json& ObjectAt(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kEmpty = nlohmann::json::object();
  const auto* value = Find(object, key);
  return value != nullptr && value->is_object() ? *value : kEmpty;
}

const nlohmann::json& ArrayAt(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kEmpty = nlohmann::json::array();
  const auto* value = Find(object, key);
  return value != nullptr && value->is_array() ? *value : kEmpty;
}

std::optional<WallTime> ParseWallTime(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = TakeNumber(&text, 4);
  if (!year_number || !Take(&text, '-')) return std::nullopt;
  const auto month_day = TakePair(&text, '-');
  if (!month_day || !Take(&text, 'T')) return std::nullopt;
  const auto hour_minute = TakePair(&text, ':');
  if (!hour_minute || !Take(&text, ':')) return std::nullopt;
  const auto second = TakeNumber(&text, 2);
  if (!second || !Take(&text, '.')) return std::nullopt;
  const auto millisecond = TakeNumber(&text, 3);
  if (!millisecond || text != "Z") return std::nullopt;
  const year_month_day date{year(*year_number), month(static_cast<unsigned>((*month_day)[0])),
                            day(static_cast<unsigned>((*month_day)[1]))};
  if (!date.ok() || (*hour_minute)[0] > 23 || (*hour_minute)[1] > 59 || *second > 60)
    return std::nullopt;
  return sys_days(date) + hours((*hour_minute)[0]) + minutes((*hour_minute)[1]) + seconds(*second) +
         milliseconds(*millisecond);
}

std::optional<WallTime> WallTimeAt(const nlohmann::json& object, const char* key) {
  return ParseWallTime(TextAt(object, key));
}

}  // namespace headroom::cli
