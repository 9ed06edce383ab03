#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/args.h"

namespace headroom::cli {

bool IsTerminal(int fd) { return ::isatty(fd) == 1; }

std::optional<TerminalSize> SizeOf(int fd, const Environment& environment) {
  if (!IsTerminal(fd)) return std::nullopt;
  TerminalSize size;
  winsize window{};
  if (::ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
    size = {window.ws_col, window.ws_row > 0 ? window.ws_row : size.rows};
  const auto columns = ParseInt(environment("COLUMNS").value_or(""), 1, 10000);
  if (columns) size.columns = static_cast<int>(*columns);
  return size;
}

Charset CharsetOf(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = environment(name).value_or("");
    if (value.empty()) continue;
    for (const char* utf8 : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
      if (value.find(utf8) != std::string::npos) return Charset::kUtf8;
    }
    return Charset::kAscii;
  }
  return Charset::kAscii;
}

bool AllowsColour(const Environment& environment) {
  const std::string terminal = environment("TERM").value_or("");
  return environment("NO_COLOR").value_or("").empty() && !terminal.empty() && terminal != "dumb";
}

Look LookOf(int fd, const Environment& environment, Colour colour) {
  const auto size = SizeOf(fd, environment);
  Look look;
  look.charset = CharsetOf(environment);
  if (!size) return look;
  look.width = size->columns;
  if (AllowsColour(environment)) look.colour = colour;
  return look;
}

FullScreen::FullScreen(std::ostream& out) : out_(out) {
  termios mode{};
  if (::tcgetattr(STDIN_FILENO, &mode) == 0) {
    before_ = mode;
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &mode);
  }
  out_ << "\x1b[?1049h\x1b[?25l" << std::flush;  // xterm: alternate screen, no cursor
}

FullScreen::~FullScreen() {
  out_ << "\x1b[?25h\x1b[?1049l" << std::flush;
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

}  // namespace headroom::cli
