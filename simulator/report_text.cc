#include "simulator/report_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

namespace headroom::sim {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// How many bytes the character at the front takes; 0: it is none (RFC 3629).
std::size_t CharacterAt(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if ((first & 0xF0) == 0xE0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0,
               surrogate = first == 0xED && byte(1) > 0x9F;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first < 0xF0 || first > 0xF4) return 0;
  const bool overlong = first == 0xF0 && byte(1) < 0x90, beyond = first == 0xF4 && byte(1) > 0x8F;
  return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
}

std::string_view Escaped(const std::string_view& character) {
  switch (character.front()) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      break;
  }
  const auto first = static_cast<uint8_t>(character.front());
  const bool control = first < 0x20 || first == 0x7F;
  // U+202A..202E and U+2066..2069 turn the text around them about.
  const bool turns = character.starts_with("\xE2\x80") || character.starts_with("\xE2\x81");
  const auto last = static_cast<uint8_t>(character.back());
  const bool reorders =
      turns && character.size() == 3 &&
      (character[1] == '\x80' ? last >= 0xAA && last <= 0xAE : last >= 0xA6 && last <= 0xA9);
  return control || reorders ? kReplacement : character;
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = CharacterAt(text);
    escaped += size == 0 ? kReplacement : Escaped(text.substr(0, size));
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return escaped;
}

std::string FormatSeconds(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.1f} min", seconds / 60);
  if (seconds < 36 * 3600) return fmt::format("{:.1f} h", seconds / 3600);
  return fmt::format("{:.1f} d", seconds / 86400);
}

}  // namespace headroom::sim
