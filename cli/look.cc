#include "cli/look.h"

#include <fmt/format.h>

namespace headroom::cli {
namespace {

// SGR parameters (ECMA-48 8.3.117); the terminal's own theme decides what they look like.
std::string_view Sgr(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kStrong:
      return "1";
    case Tone::kDim:
      return "2";
    case Tone::kGood:
      return "32";
    case Tone::kWarn:
      return "33";
    case Tone::kBad:
      return "31";
  }
  return "";
}

}  // namespace

std::string Paint(std::string_view text, Tone tone, const Look& look) {
  const std::string_view sgr = Sgr(tone);
  if (look.colour == Colour::kOff || sgr.empty() || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", sgr, text);
}

std::string_view Ellipsis(const Look& look) { return look.charset == Charset::kUtf8 ? "…" : "~"; }

}  // namespace headroom::cli
