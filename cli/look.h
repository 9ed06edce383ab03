#pragma once

#include <optional>
#include <string>
#include <string_view>

// How text may look where it goes: colours, characters, width. Found out once by terminal.h; given
// to the pure functions that render. Threads: any.
namespace headroom::cli {

enum class Colour { kOff, kOn };
enum class Charset { kAscii, kUtf8 };

struct Look {
  Colour colour = Colour::kOff;
  Charset charset = Charset::kUtf8;
  std::optional<int> width;  // columns; absent: not a terminal, nothing is cut

  bool operator==(const Look&) const = default;
};

// What a piece of text means; colours say it again, never alone.
enum class Tone { kPlain, kStrong, kDim, kGood, kWarn, kBad };

// The text in the colour of its tone, or as it is where there are no colours.
std::string Paint(std::string_view text, Tone tone, const Look& look);

// "…", or "~" where the terminal has only ASCII.
std::string_view Ellipsis(const Look& look);

}  // namespace headroom::cli
