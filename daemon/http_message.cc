#include "daemon/http_message.h"

#include <strings.h>

#include <algorithm>

namespace headroom {

std::optional<std::string_view> HttpRequest::Header(std::string_view name) const {
  const auto same = [name](const auto& header) {
    return header.first.size() == name.size() &&
           ::strncasecmp(header.first.data(), name.data(), name.size()) == 0;
  };
  const auto found = std::ranges::find_if(headers, same);
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

}  // namespace headroom
