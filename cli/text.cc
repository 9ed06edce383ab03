#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace headroom::cli {
namespace {

struct Rune {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = false;
};

std::size_t LengthFromLead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The first character of non-empty text. Overlong forms, surrogates and values past U+10FFFF are
// not valid (RFC 3629); then the length is one byte.
Rune DecodeRune(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = LengthFromLead(lead);
  if (length == 1) return {lead, 1, true};
  if (length == 0 || text.size() < length) return {};
  char32_t code = lead & (0xffU >> (length + 1));
  for (const char byte : text.substr(1, length - 1)) {
    if (!IsContinuation(byte)) return {};
    code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3fU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kSmallest[length] || surrogate || code > 0x10ffff) return {};
  return {code, length, true};
}

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool IsIn(const Range (&ranges)[N], char32_t code) {
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return code >= range.first && code <= range.last; });
}

// C0, DEL and C1 controls; marks that reorder text (UAX #9, "Trojan source"), that hide it, and the
// line separators.
constexpr Range kUnsafe[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x200b, 0x200f},
                             {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}};
constexpr Range kZeroWidth[] = {{0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
                                {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
// EastAsianWidth.txt, W and F, as ranges.
constexpr Range kDoubleWidth[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                                  {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                                  {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                                  {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

int WidthOf(char32_t code) {
  if (IsIn(kZeroWidth, code)) return 0;
  return IsIn(kDoubleWidth, code) ? 2 : 1;
}

std::string EscapeByte(char byte) {
  return fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
}

std::string EscapeUnsafe(char32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code < 0x100 ? fmt::format("\\x{:02x}", static_cast<unsigned>(code))
                          : fmt::format("\\u{{{:x}}}", static_cast<unsigned>(code));
  }
}

bool StaysIn(Layout layout, char32_t code) {
  return layout == Layout::kLines && (code == '\n' || code == '\r' || code == '\t');
}

// Bytes at the end that may be the beginning of a character whose rest has not arrived.
std::size_t UnfinishedTail(std::string_view bytes) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const char byte = bytes[bytes.size() - back];
    if (IsContinuation(byte)) continue;
    return LengthFromLead(static_cast<unsigned char>(byte)) > back ? back : 0;
  }
  return 0;
}

}  // namespace

std::string Escape(std::string_view text, Layout layout) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (!rune.valid) {
      safe += EscapeByte(text.front());
    } else if (IsIn(kUnsafe, rune.code) && !StaysIn(layout, rune.code)) {
      safe += EscapeUnsafe(rune.code);
    } else {
      safe += text.substr(0, rune.length);
    }
    text.remove_prefix(rune.length);
  }
  return safe;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    width += rune.valid ? WidthOf(rune.code) : 1;
    text.remove_prefix(rune.length);
  }
  return width;
}

std::string Truncate(std::string_view text, int width, std::string_view ellipsis) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const int room = width - DisplayWidth(ellipsis);
  if (room < 0) return {};
  int used = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const Rune rune = DecodeRune(text.substr(end));
    const int next = rune.valid ? WidthOf(rune.code) : 1;
    if (used + next > room) break;
    used += next;
    end += rune.length;
  }
  return std::string(text.substr(0, end)).append(ellipsis);
}

std::string TruncateWords(std::string_view text, int width, std::string_view ellipsis) {
  const std::string cut = Truncate(text, width, ellipsis);
  if (cut == text || cut.empty()) return cut;
  const auto is_digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  std::size_t end = cut.size() - ellipsis.size();
  const std::size_t space = text.substr(0, end + 1).rfind(' ');
  if (space != std::string_view::npos && space > 0) {
    end = space;
  } else {
    while (end > 0 && is_digit(end - 1) && is_digit(end)) --end;
  }
  return std::string(text.substr(0, end)).append(ellipsis);
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    if (end == text.size()) return words;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> WrapWords(std::string_view text, int width) {
  std::vector<std::string> lines{""};
  for (std::string_view word : Words(text)) {
    if (lines.back().empty()) {
      lines.back() = word;
    } else if (DisplayWidth(lines.back()) + 1 + DisplayWidth(word) <= width) {
      lines.back().append(" ").append(word);
    } else {
      lines.emplace_back(word);
    }
    while (DisplayWidth(lines.back()) > width) {
      const std::string whole = lines.back();
      const std::string piece = Truncate(whole, width, "");
      if (piece.empty()) break;  // a wide character in one column
      lines.back() = piece;
      lines.push_back(whole.substr(piece.size()));
    }
  }
  return lines;
}

std::string StreamEscaper::Feed(std::string_view bytes) {
  pending_ += bytes;
  const std::size_t whole = pending_.size() - UnfinishedTail(pending_);
  std::string safe = Escape(std::string_view(pending_).substr(0, whole), Layout::kLines);
  pending_.erase(0, whole);
  return safe;
}

std::string StreamEscaper::Finish() { return Escape(std::exchange(pending_, {}), Layout::kLines); }

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (!rune.valid) return false;
    text.remove_prefix(rune.length);
  }
  return true;
}

}  // namespace headroom::cli
