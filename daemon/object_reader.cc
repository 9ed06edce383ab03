#include "daemon/object_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "admission/json/nearest_name.h"

namespace headroom {

std::string PointerInto(const std::string& pointer, const std::string& key) {
  std::string deeper = pointer + "/";
  for (const char c : key.substr(0, 128)) {
    if (c == '~') {
      deeper += "~0";
    } else if (c == '/') {
      deeper += "~1";
    } else {
      deeper += c;
    }
  }
  return deeper;
}

std::optional<int64_t> IntegerWithin(const nlohmann::json& value, int64_t least, int64_t most) {
  if (!value.is_number_integer()) return std::nullopt;
  const bool too_large = value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX;
  if (too_large) return std::nullopt;
  const auto number = value.get<int64_t>();
  return number >= least && number <= most ? std::optional(number) : std::nullopt;
}

ObjectReader::ObjectReader(const nlohmann::json& value, std::string pointer,
                           std::vector<RequestProblem>& problems)
    : value_(value), pointer_(std::move(pointer)), problems_(problems) {
  if (value_.is_object()) return;
  problems_.push_back(
      {pointer_, pointer_.empty() ? "the body: expected an object" : "expected an object"});
}

const nlohmann::json* ObjectReader::Find(const std::string& key) {
  known_.push_back(key);
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(key);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> ObjectReader::Text(const std::string& key) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    Complain(key, "expected a string");
    return std::nullopt;
  }
  auto text = value->get<std::string>();
  if (text.find('\0') == std::string::npos) return text;
  Complain(key, "holds a NUL character");
  return std::nullopt;
}

std::optional<int64_t> ObjectReader::Integer(const std::string& key, int64_t least, int64_t most) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const auto number = IntegerWithin(*value, least, most);
  if (!number) Complain(key, fmt::format("expected a whole number from {} to {}", least, most));
  return number;
}

void ObjectReader::Complain(const std::string& key, std::string message) {
  if (!value_.is_object() || problems_.size() > kMostProblems) return;  // said enough
  if (problems_.size() == kMostProblems) return problems_.push_back({"", "and more"});
  problems_.push_back({PointerTo(key), std::move(message)});
}

std::string ObjectReader::PointerTo(const std::string& key) const {
  return PointerInto(pointer_, key);
}

void ObjectReader::Finish() {
  if (!value_.is_object()) return;
  for (const auto& [key, value] : value_.items()) {
    if (problems_.size() > kMostProblems) return;  // nearest names cost time
    if (std::ranges::find(known_, key) != known_.end()) continue;
    const std::vector<std::string_view> names(known_.begin(), known_.end());
    Complain(key, "unknown key" + NearestName(key, names));
  }
}

}  // namespace headroom
