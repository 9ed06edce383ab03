#include "daemon/options.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <filesystem>
#include <sstream>
#include <string_view>

#include "base/name.h"
#include "base/version.h"

namespace headroom {
namespace {

namespace po = boost::program_options;

constexpr std::array<std::string_view, 6> kLogLevels = {"trace",   "debug", "info",
                                                        "warning", "error", "off"};

po::options_description Describe(Options& options, std::string& listen) {
  po::options_description all("Options", 100);
  auto add = all.add_options();
  add("policy", po::value(&options.policy)->default_value(options.policy)->value_name("FILE"),
      "the policy file; without it the built-in defaults are in force");
  add("state-dir",
      po::value(&options.state_dir)->default_value(options.state_dir)->value_name("DIR"),
      "where jobs, their output and the database are kept");
  add("socket", po::value(&options.socket)->default_value(options.socket)->value_name("PATH"),
      "the Unix socket of the API");
  add("listen", po::value(&listen)->value_name("HOST:PORT"),
      "also listen on this loopback address; clients need the token");
  add("token-file", po::value(&options.token_file)->value_name("FILE"),
      "the token for --listen (default: token in the state directory, made when missing)");
  add("cgroup-root",
      po::value(&options.cgroup_root)->default_value(options.cgroup_root)->value_name("NAME"),
      "our own cgroup, relative to the hierarchy's mount");
  add("shim", po::value(&options.shim)->value_name("PATH"),
      "headroom-shim (default: beside headroomd)");
  add("recover", po::bool_switch(&options.recover),
      "if the database is damaged or missing, keep it aside and start with what can be read of it");
  add("log-level",
      po::value(&options.log_level)->default_value(options.log_level)->value_name("LEVEL"),
      "trace, debug, info, warning, error or off");
  add("version", "print the version and exit");
  add("help", "print this and exit");
  return all;
}

std::string Help(const po::options_description& described) {
  std::ostringstream text;
  text << "headroomd: admits batch jobs by the resources that are really free\n\n"
          "Usage: headroomd [--policy FILE] [--state-dir DIR] [--socket PATH] [--listen "
          "HOST:PORT]\n\n"
       << described
       << "\nSIGHUP reloads the policy; SIGTERM stops the daemon and leaves its jobs running.\n"
          "Exit codes: 0 stopped by a signal, 1 what may pass by itself (a full disk), 2 bad "
          "options "
          "or policy,\n"
          "3 another daemon is in charge, 4 the state cannot be trusted, 78 this host cannot "
          "enforce "
          "limits.\n";
  return text.str();
}

// "headroom" or "batch.slice/headroom": names of cgroups, so that it leads nowhere else.
Status CheckCgroupRoot(const std::string& root) {
  for (std::size_t start = 0; start <= root.size();) {
    const std::size_t end = std::min(root.find('/', start), root.size());
    if (Status named = CheckName("--cgroup-root " + root, root.substr(start, end - start)); !named)
      return named;
    start = end + 1;
  }
  return {};
}

// A shim changes its directory, and a log names paths to people.
std::string Absolute(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

std::string ShimBesideUs() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "headroom-shim" : (self.parent_path() / "headroom-shim").string();
}

}  // namespace

std::variant<Options, Instead> ParseOptions(int argc, const char* const* argv) {
  Options options;
  std::string listen;
  const po::options_description described = Describe(options, listen);
  po::variables_map given;
  try {
    // No prefix guessing: a script that says --st today must not mean something else tomorrow.
    const auto style =
        po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(
        po::command_line_parser(argc, argv).options(described).positional({}).style(style).run(),
        given);
    po::notify(given);
  } catch (const po::error& error) {
    return Instead{2, std::string("headroomd: ") + error.what() + "\nTry: headroomd --help\n"};
  }
  if (given.contains("help")) return Instead{0, Help(described)};
  if (given.contains("version")) return Instead{0, std::string("headroomd ") + kVersion + "\n"};
  if (std::ranges::find(kLogLevels, options.log_level) == kLogLevels.end()) {
    return Instead{2, "headroomd: --log-level " + options.log_level +
                          ": expected trace, debug, info, warning, error or off\n"};
  }
  if (const Status checked = CheckCgroupRoot(options.cgroup_root); !checked) {
    return Instead{2, "headroomd: " + checked.error().message + "\n"};
  }
  options.policy_was_named = !given["policy"].defaulted();
  if (!listen.empty()) options.listen = listen;
  options.state_dir = Absolute(options.state_dir);
  if (options.token_file.empty()) options.token_file = options.state_dir + "/token";
  if (options.shim.empty()) options.shim = ShimBesideUs();
  options.shim = Absolute(options.shim);
  return options;
}

}  // namespace headroom
