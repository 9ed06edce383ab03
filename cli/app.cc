#include "cli/app.h"

#include <fmt/format.h>

#include <utility>

#include "admission/json/nearest_name.h"
#include "cli/help.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

constexpr OptionSpec kGlobalOptions[] = {
    {"json", nullptr, "print JSON with a schema_version, for programs"},
    {"socket", "PATH", "the daemon's socket; HEADROOM_SOCKET, else /run/headroom/headroom.sock"},
    {"no-color", nullptr, "no colours, as NO_COLOR says for every command"},
    {"help", nullptr, "print help and end", 'h'},
};

// Answered here, since it is about verbs and is none.
constexpr char kHelp[] = "help";

const Verb* Find(const std::string& name) {
  for (const Verb* verb : Verbs()) {
    if (verb->name == name) return verb;
  }
  return nullptr;
}

tl::unexpected<Failure> UnknownVerb(const std::string& name) {
  std::vector<std::string_view> names{kHelp};
  for (const Verb* verb : Verbs()) names.emplace_back(verb->name);
  return Refuse(ExitCode::kUsage, fmt::format("unknown verb {}{}", name, NearestName(name, names)),
                "`headroom help` says what each does");
}

Outcome<const Verb*> FindOrRefuse(const std::string& name) {
  const Verb* verb = Find(name);
  if (verb == nullptr) return UnknownVerb(name);
  return verb;
}

std::vector<OptionSpec> WithGlobalOptions(std::span<const OptionSpec> own) {
  std::vector<OptionSpec> all(own.begin(), own.end());
  all.insert(all.end(), std::begin(kGlobalOptions), std::end(kGlobalOptions));
  return all;
}

Outcome<void> CheckOperands(const Verb& verb, const Args& args) {
  const auto count = static_cast<int>(args.operands.size());
  if (count >= verb.least_operands && count <= verb.most_operands) return {};
  const std::string what = count < verb.least_operands
                               ? fmt::format("{} needs {}", verb.name, verb.operands_text)
                               : fmt::format("{}: too many operands, from \"{}\" on", verb.name,
                                             args.operands[std::size_t(verb.most_operands)]);
  return Refuse(ExitCode::kUsage, what,
                fmt::format("headroom {}{}{}; `headroom help {}` has examples", verb.name,
                            *verb.operands_text != 0 ? " " : "", verb.operands_text, verb.name));
}

std::string SocketOf(const Args& before, const Args& after, const Environment& environment) {
  if (const auto socket = after.Get("socket")) return *socket;
  if (const auto socket = before.Get("socket")) return *socket;
  const auto socket = environment("HEADROOM_SOCKET");
  return socket && !socket->empty() ? *socket : kDefaultSocket;
}

Outcome<int> RunVerb(const Verb& verb, const Args& before, const std::vector<std::string>& words,
                     Surroundings& around) {
  const auto args = ParseArgs(WithGlobalOptions(verb.options), verb.operands, words);
  if (!args) return tl::unexpected<Failure>(args.error());
  if (args->Has("help") || before.Has("help")) {
    around.out << VerbHelp(verb);
    return 0;
  }
  if (auto fits = CheckOperands(verb, *args); !fits) return tl::unexpected<Failure>(fits.error());
  const auto given = [&](const char* name) { return before.Has(name) || args->Has(name); };
  Context context{around, given("json") ? Format::kJson : Format::kText,
                  given("no-color") ? Colour::kOff : Colour::kOn,
                  Api(SocketOf(before, *args, around.environment))};
  return verb.run(context, *args);
}

// `help`, `help VERB`; `help help` is about itself. It is for people, so --json changes nothing.
Outcome<int> PrintHelp(const std::vector<std::string>& words, Surroundings& around) {
  const auto args = ParseArgs(kGlobalOptions, Operands::kAnywhere, words);
  if (!args) return tl::unexpected<Failure>(args.error());
  const std::vector<std::string>& names = args->operands;
  if (names.size() > 1) {
    return Refuse(ExitCode::kUsage,
                  fmt::format("help: too many operands, from \"{}\" on", names[1]),
                  "headroom help [VERB]");
  }
  if (names.empty() || names.front() == kHelp) {
    around.out << OverviewHelp();
    return 0;
  }
  const auto verb = FindOrRefuse(names.front());
  if (!verb) return tl::unexpected<Failure>(verb.error());
  around.out << VerbHelp(**verb);
  return 0;
}

Outcome<int> Dispatch(const std::vector<std::string>& words, Surroundings& around) {
  auto before = WithGlobalOptions({});
  before.push_back({"version", nullptr, "print the version and end"});
  auto args = ParseArgs(before, Operands::kCommand, words);
  if (!args) return tl::unexpected<Failure>(args.error());
  std::vector<std::string> rest = std::exchange(args->operands, {});
  if (rest.empty() && args->Has("version")) rest = {kVersionVerb.name};
  if (rest.empty() && args->Has("help")) rest = {kHelp};
  if (rest.empty()) {
    around.err << OverviewHelp();
    return static_cast<int>(ExitCode::kUsage);
  }
  const std::string name = rest.front();
  rest.erase(rest.begin());
  if (name == kHelp) return PrintHelp(rest, around);
  const auto verb = FindOrRefuse(name);
  if (!verb) return tl::unexpected<Failure>(verb.error());
  return RunVerb(**verb, *args, rest, around);
}

}  // namespace

std::span<const OptionSpec> GlobalOptions() { return kGlobalOptions; }

int RunHeadroom(const std::vector<std::string>& words, Surroundings& around) {
  auto outcome = Dispatch(words, around);
  around.out.flush();
  if (outcome && !around.out)
    outcome = Refuse(ExitCode::kFailed, "standard output cannot be written to");
  if (outcome) return *outcome;
  around.err << FailureText(outcome.error()) << std::flush;
  return static_cast<int>(outcome.error().exit);
}

}  // namespace headroom::cli
