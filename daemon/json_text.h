#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"

// Small helpers for writing JSON.
namespace headroom {

// Keeps keys in the order in which they are written, for people who read answers.
using OrderedJson = nlohmann::ordered_json;

// Text on one line. Bytes that are not UTF-8 (from the kernel, or a path) become U+FFFD; never
// throws for them.
inline std::string ToText(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

template <class T>
OrderedJson OrNull(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

inline OrderedJson TextOrNull(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

inline double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

inline OrderedJson SecondsOrNull(const std::optional<Duration>& duration) {
  return duration ? OrderedJson(Seconds(*duration)) : OrderedJson(nullptr);
}

}  // namespace headroom
