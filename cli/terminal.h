#pragma once

#include <termios.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "cli/look.h"

// What the terminal is and can do. Threads: one at a time.
namespace headroom::cli {

using Environment = std::function<std::optional<std::string>(const char* name)>;

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

bool IsTerminal(int fd);

// Absent when `fd` is not a terminal. COLUMNS overrides, as in other commands.
std::optional<TerminalSize> SizeOf(int fd, const Environment& environment);

// The look for what goes to `fd`. Colours only on a terminal that is not "dumb", without NO_COLOR
// (https://no-color.org) and unless `colour` is off; UTF-8 as LC_ALL, LC_CTYPE or LANG say.
Look LookOf(int fd, const Environment& environment, Colour colour);

// Pure part of it: what the environment says.
Charset CharsetOf(const Environment& environment);
bool AllowsColour(const Environment& environment);

// Puts the terminal into cbreak mode with its alternate screen while it lives, so that `top` leaves
// no traces. Ctrl-C still makes a signal.
class FullScreen {
 public:
  explicit FullScreen(std::ostream& out);
  ~FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

 private:
  std::ostream& out_;
  std::optional<termios> before_;
};

}  // namespace headroom::cli
