#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admission/json/nearest_name.h"

namespace headroom::test {

// What is wrong with a scenario, and where. Stays inside ParseScenario.
class ScenarioError : public std::runtime_error {
 public:
  ScenarioError(const std::string& pointer, const std::string& what)
      : std::runtime_error(pointer + ": " + what) {}
};

// An object of a scenario. Every key has to be asked for; what nobody asked for is refused.
class ScenarioObject {
 public:
  ScenarioObject(const nlohmann::json& object, std::string pointer)
      : object_(object), pointer_(std::move(pointer)) {
    if (!object.is_object()) throw ScenarioError(pointer_, "expected an object");
  }

  // Null where the key is not there.
  const nlohmann::json* Find(const std::string& name) {
    asked_.push_back(name);
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  const nlohmann::json& Need(const std::string& name) {
    const nlohmann::json* found = Find(name);
    if (found == nullptr) throw ScenarioError(pointer_, "\"" + name + "\" is missing");
    return *found;
  }

  // A value of one of the kinds of admission/json/policy_values.h.
  template <class Kind>
  std::optional<typename Kind::Type> Get(const std::string& name, Kind) {
    const nlohmann::json* found = Find(name);
    if (found == nullptr) return std::nullopt;
    auto read = Kind::Read(*found);
    if (!read) throw ScenarioError(PointerTo(name), read.error().message);
    return *std::move(read);
  }

  std::string PointerTo(const std::string& name) const { return pointer_ + "/" + name; }
  const std::string& pointer() const { return pointer_; }

  void RefuseWhatNobodyAskedFor() const {
    const std::vector<std::string_view> known(asked_.begin(), asked_.end());
    for (const auto& [key, value] : object_.items()) {
      if (std::ranges::find(known, key) != known.end()) continue;
      throw ScenarioError(PointerTo(key), "unknown key" + NearestName(key, known));
    }
  }

 private:
  const nlohmann::json& object_;
  std::string pointer_;
  std::vector<std::string> asked_;
};

// What `read` makes of the object, all of which it must ask for.
template <class Read>
auto ReadObject(const nlohmann::json& value, const std::string& pointer, Read read) {
  ScenarioObject object(value, pointer);
  auto result = read(object);
  object.RefuseWhatNobodyAskedFor();
  return result;
}

// The same for each object of a list.
template <class Read>
void ReadEach(ScenarioObject& parent, const std::string& name, Read read) {
  const nlohmann::json* list = parent.Find(name);
  if (list == nullptr) return;
  if (!list->is_array()) throw ScenarioError(parent.PointerTo(name), "expected a list");
  for (std::size_t i = 0; i < list->size(); ++i) {
    ScenarioObject object((*list)[i], fmt::format("{}/{}", parent.PointerTo(name), i));
    read(object);
    object.RefuseWhatNobodyAskedFor();
  }
}

}  // namespace headroom::test
