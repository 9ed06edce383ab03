#pragma once

#include <string_view>

namespace headroom {

// daemon/openapi.json, byte for byte. The build puts it into the binary.
std::string_view OpenApiText();

}  // namespace headroom
