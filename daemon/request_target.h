#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/api_error.h"

// Where a request goes: path segments and parameters, decoded.
namespace headroom {

struct RequestTarget {
  std::vector<std::string> segments;  // "/v1/jobs/42" -> v1, jobs, 42
  std::vector<std::pair<std::string, std::string>> parameters;
};

// Takes an origin-form target (RFC 9112, 3.2.1) apart. Only then are escapes decoded, so an escaped
// slash is part of a segment. A broken escape, an escaped NUL and an empty segment are errors. "+"
// means itself.
Result<RequestTarget> ParseTarget(std::string_view target);

// Reads parameters strictly: unknown and repeated ones are problems as well as wrong values.
class ParameterReader {
 public:
  explicit ParameterReader(const RequestTarget& target);

  std::optional<std::string> Text(const std::string& name);
  std::optional<int64_t> Integer(const std::string& name, int64_t least, int64_t most);
  // One of `choices`, the first if it was not given.
  std::string Choice(const std::string& name, const std::vector<std::string>& choices);

  // Adds a problem with a parameter that was read.
  void Complain(const std::string& name, std::string message);
  // After everything that is known was read: all problems, or none.
  std::vector<RequestProblem> Finish();

 private:
  const RequestTarget& target_;
  std::vector<std::string> known_;
  std::vector<RequestProblem> problems_;
};

}  // namespace headroom
