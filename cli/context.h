#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "base/clock.h"
#include "cli/api.h"
#include "cli/look.h"
#include "cli/terminal.h"
#include "cli/waiter.h"

// Everything of the world outside that a verb may touch: where it prints, whom it asks, how it
// waits. main() makes the real one, tests make theirs. Data goes to `out`, talk to `err`.
namespace headroom::cli {

inline constexpr char kDefaultSocket[] = "/run/headroom/headroom.sock";

enum class Format { kText, kJson };

// The process around the verb.
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  Environment environment;
  Waiter& waiter;
  const Clock& clock;
  int out_fd = -1;  // what `out` writes to, for its look; -1: no terminal
  int err_fd = -1;
};

// The same with what the global options said.
struct Context {
  Surroundings around;
  Format format = Format::kText;
  Colour colour = Colour::kOn;
  Api api;

  std::ostream& out() { return around.out; }
  std::ostream& err() { return around.err; }
  bool json() const { return format == Format::kJson; }
  Look look() const { return LookOf(around.out_fd, around.environment, colour); }
  WallTime now() const { return around.clock.WallNow(); }

  // What --json prints: one line, exact (only what JSON itself must escape is escaped).
  void PrintJson(const nlohmann::json& answer);
  // "headroom: …" on stderr, escaped.
  void Say(std::string_view message);
};

}  // namespace headroom::cli
