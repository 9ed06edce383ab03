#pragma once

#include <string>
#include <string_view>

// Text and amounts as they stand in a report.
namespace headroom::sim {

// For element content and quoted attributes. Control characters, which HTML does not allow, and
// bytes that are not UTF-8 become U+FFFD.
std::string EscapeHtml(std::string_view text);

std::string FormatSeconds(double seconds);  // "0 s", "41 s", "3.2 min", "1.5 h", "2.0 d"

}  // namespace headroom::sim
