#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

// JSON from outside, parsed with bounds: size, depth, duplicate keys, UTF-8, numbers.
namespace headroom {

struct JsonBounds {
  std::size_t max_bytes = 1 << 20;
  int max_depth = 32;
  bool allow_comments = false;
};

// The document, or why not, with line and column. Refused: more bytes or depth than the bounds
// (checked while parsing, before memory is spent), a key twice in one object, invalid UTF-8, NUL, a
// byte order mark, NaN, infinities, integers beyond int64_t, doubles that overflow, anything after
// the document. So every integer in the result fits int64_t.
Result<nlohmann::json> ParseStrictJson(std::string_view text, const JsonBounds& bounds = {});

}  // namespace headroom
