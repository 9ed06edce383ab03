#include "base/name.h"

#include <fmt/format.h>

#include <algorithm>

namespace headroom {
namespace {

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsNameCharacter(char c) {
  return IsAlphanumeric(c) || std::string_view("_.:@+-").find(c) != std::string_view::npos;
}

}  // namespace

Status CheckName(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kMaxNameLength;
  if (fits && IsAlphanumeric(name.front()) && std::ranges::all_of(name, IsNameCharacter)) return {};
  return Fail(ErrorCode::kInvalid,
              fmt::format("expected 1 to {} characters out of A-Z a-z 0-9 _ . : @ + -, starting "
                          "with a letter or digit; got {:?}",
                          kMaxNameLength, fmt::string_view(name.substr(0, 40))));
}

Status CheckName(std::string_view what, std::string_view name) {
  if (Status checked = CheckName(name); !checked) return Within(what, checked.error());
  return {};
}

}  // namespace headroom
