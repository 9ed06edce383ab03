#include <nlohmann/json.hpp>

#include "base/version.h"
#include "cli/json_read.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

// Works without a daemon: then only its own version is known.
Outcome<int> RunVersion(Context& context, const Args&) {
  const auto daemon = context.api.Get("/v1/version");
  if (context.json()) {
    context.PrintJson(
        {{"version", kVersion}, {"daemon", daemon ? *daemon : nlohmann::json(nullptr)}});
    return 0;
  }
  context.out() << "headroom " << kVersion << "\n";
  const std::string version = daemon ? Escape(TextAt(*daemon, "version"))
                                     : "not reachable: " + Escape(daemon.error().message);
  context.out() << "headroomd " << (version.empty() ? "of no known version" : version) << "\n";
  return 0;
}

}  // namespace

const Verb kVersionVerb{
    .name = "version",
    .operands_text = "",
    .summary = "print the versions of the command and the daemon",
    .details =
        "Prints this command's version and, if it answers, the daemon's.\n\n"
        "examples:\n"
        "  headroom version --json",
    .options = {},
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunVersion,
};

}  // namespace headroom::cli
