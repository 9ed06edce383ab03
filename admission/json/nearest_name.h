#pragma once

#include <span>
#include <string>
#include <string_view>

// "Did you mean …?" for unknown keys and values.
namespace headroom {

// What to say after an unknown name: ", did you mean \"target\"?" if one of `names` is close to it,
// otherwise ", known: a, b, c".
std::string NearestName(std::string_view unknown, std::span<const std::string_view> names);

}  // namespace headroom
