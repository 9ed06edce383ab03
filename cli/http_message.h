#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP as values, for the client and for what is built on it. Threads: any.
namespace headroom::cli {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // path and query, already encoded
  std::string body;    // JSON; empty: none
  std::vector<std::pair<std::string, std::string>> headers;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // By name, in any case (RFC 9110).
  std::optional<std::string> Header(std::string_view name) const;
};

// For one segment of a path or one value of a query: all but A-Z a-z 0-9 - . _ ~ becomes %XX.
std::string PercentEncode(std::string_view text);

}  // namespace headroom::cli
