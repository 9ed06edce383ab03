#pragma once

#include <string_view>

#include "base/result.h"

// The one rule for every name from outside: ids of sources, keys, tenants, tokens.
namespace headroom {

inline constexpr std::size_t kMaxNameLength = 128;

// ^[A-Za-z0-9][A-Za-z0-9_.:@+-]*$, at most 128 bytes. So a name is never empty, "." or "..", holds
// no slash, space, quote or control character, and never looks like an option.
Status CheckName(std::string_view name);
// The same; `what` says in the error whose name it was: "tenant: …".
Status CheckName(std::string_view what, std::string_view name);

}  // namespace headroom
