#include "cli/help.h"

#include <fmt/format.h>

namespace headroom::cli {

std::string OverviewHelp() {
  std::string text =
      "headroom: run batch jobs when the host has room for them\n\n"
      "usage: headroom [--json] [--socket PATH] [--no-color] VERB ...\n\n";
  for (const Verb* verb : Verbs()) text += fmt::format("  {:<9} {}\n", verb->name, verb->summary);
  return text +
         "\n`headroom help VERB` has the options and examples of one verb.\n"
         "Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 no daemon answers,\n"
         "4 no such job, 5 not allowed. `headroom run` ends as its job did: its exit\n"
         "code, 128+n after signal n, 125 when it did not run to its own end.\n";
}

std::string VerbHelp(const Verb& verb) {
  std::string text =
      fmt::format("usage: headroom {} {}{}\n\n{}\n", verb.name,
                  verb.options.empty() ? "" : "[options] ", verb.operands_text, verb.details);
  if (!verb.options.empty()) text += "\noptions:\n" + OptionHelp(verb.options);
  return text + "\noptions of every verb:\n" + OptionHelp(GlobalOptions());
}

}  // namespace headroom::cli
