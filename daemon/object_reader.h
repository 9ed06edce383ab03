#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api_error.h"

namespace headroom {

inline constexpr std::size_t kMostProblems = 100;  // reported of one request

// Reads one JSON object strictly and adds everything that is wrong with it to a list: wrong types,
// values out of range and, at Finish(), keys that nobody asked for, with the nearest right name.
// null is the same as leaving a key out.
class ObjectReader {
 public:
  // `value` and `problems` outlive the reader. A value that is no object is a problem, and then
  // empty.
  ObjectReader(const nlohmann::json& value, std::string pointer,
               std::vector<RequestProblem>& problems);

  // Null: absent. Says nothing about its type.
  const nlohmann::json* Find(const std::string& key);
  // Never holds a NUL byte: no path, argument or name may.
  std::optional<std::string> Text(const std::string& key);
  std::optional<int64_t> Integer(const std::string& key, int64_t least, int64_t most);

  void Complain(const std::string& key, std::string message);
  std::string PointerTo(const std::string& key) const;
  std::vector<RequestProblem>& problems() { return problems_; }
  void Finish();

 private:
  const nlohmann::json& value_;
  std::string pointer_;
  std::vector<RequestProblem>& problems_;
  std::vector<std::string> known_;
};

// One step deeper (RFC 6901).
std::string PointerInto(const std::string& pointer, const std::string& key);

// Whole, of any sign, within the bounds; otherwise absent.
std::optional<int64_t> IntegerWithin(const nlohmann::json& value, int64_t least, int64_t most);

}  // namespace headroom
