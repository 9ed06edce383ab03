#pragma once

#include <optional>
#include <string>
#include <variant>

// The command line of headroomd (Boost.ProgramOptions).
namespace headroom {

inline constexpr char kDefaultPolicy[] = "/etc/headroom/policy.json";
inline constexpr char kDefaultStateDir[] = "/var/lib/headroom";
inline constexpr char kDefaultSocket[] = "/run/headroom/headroom.sock";

struct Options {
  std::string policy = kDefaultPolicy;
  bool policy_was_named = false;  // a named file must exist
  std::string state_dir = kDefaultStateDir;
  std::string socket = kDefaultSocket;
  std::optional<std::string> listen;  // HOST:PORT, loopback only
  std::string token_file;             // state_dir/token unless named
  std::string cgroup_root = "headroom";
  std::string shim;  // beside headroomd unless named
  std::string log_level = "info";
  bool recover = false;  // salvage a damaged state file
};

// What to do instead of running: text for stdout (exit 0) or for stderr (exit 2).
struct Instead {
  int exit_code = 0;
  std::string text;
};

std::variant<Options, Instead> ParseOptions(int argc, const char* const* argv);

}  // namespace headroom
