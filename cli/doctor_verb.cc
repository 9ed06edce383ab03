#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/doctor_judge.h"
#include "cli/doctor_probe.h"
#include "cli/json_read.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr OptionSpec kDoctorOptions[] = {
    {"state-dir", "DIR", "as headroomd is started; /var/lib/headroom if not given"},
    {"policy", "FILE", "as headroomd is started; /etc/headroom/policy.json if not given"},
    {"cgroup-root", "NAME", "as headroomd is started; headroom if not given"},
    {"shim", "PATH", "as headroomd is started; beside this binary if not given"},
};

DoctorOptions ReadOptions(const Args& args) {
  const DoctorOptions defaults;
  return {args.Get("cgroup-root").value_or(defaults.cgroup_root),
          args.Get("state-dir").value_or(defaults.state_dir),
          args.Get("policy").value_or(defaults.policy), args.Get("shim").value_or("")};
}

// /readyz answers 503 with a line for every reason after "not ready".
std::vector<std::string> ReasonsIn(const HttpResponse& readiness) {
  std::vector<std::string> reasons;
  if (readiness.status == 200) return reasons;
  std::istringstream lines(readiness.body);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line != "not ready") reasons.push_back(line);
  }
  if (reasons.empty()) reasons.push_back("it does not say why");
  return reasons;
}

DaemonFacts AskDaemon(Api& api) {
  DaemonFacts facts;
  facts.socket = api.socket();
  const auto version = api.Get("/v1/version");
  if (!version) {
    facts.failure = version.error().message;
    return facts;
  }
  facts.version = TextAt(*version, "version");
  if (facts.version.empty()) facts.failure = "what answers on " + facts.socket + " is no headroomd";
  if (const auto readiness = api.GetRaw("/readyz")) facts.not_ready = ReasonsIn(*readiness);
  return facts;
}

json ToJson(const std::vector<Check>& checks) {
  json list = json::array();
  for (const Check& check : checks) {
    list.push_back({{"name", check.name},
                    {"state", ToString(check.state)},
                    {"found", check.found},
                    {"advice", check.advice}});
  }
  return {{"all_there", AllThere(checks)}, {"checks", list}};
}

Outcome<int> RunDoctor(Context& context, const Args& args) {
  HostFacts facts = ProbeHost(ReadOptions(args));
  facts.daemon = AskDaemon(context.api);
  const std::vector<Check> checks = Judge(facts);
  if (context.json()) {
    context.PrintJson(ToJson(checks));
  } else {
    context.out() << ChecksText(checks, context.look());
  }
  return static_cast<int>(AllThere(checks) ? ExitCode::kOk : ExitCode::kFailed);
}

}  // namespace

const Verb kDoctorVerb{
    .name = "doctor",
    .operands_text = "",
    .summary = "check what this host has and lacks, and what to do about it",
    .details =
        "Looks at the kernel, cgroups, pressure, permissions, the state directory, the\n"
        "policy, the shim and the daemon. Works without a daemon; as root it can tell\n"
        "more. It makes an empty cgroup to see what is in it and removes it; nothing else\n"
        "is changed.\n\n"
        "exit code: 0 nothing is missing, 1 something is.\n\n"
        "examples:\n"
        "  sudo headroom doctor\n"
        "  headroom doctor --json | jq '.checks[] | select(.state != \"ok\")'",
    .options = kDoctorOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 0,
    .most_operands = 0,
    .run = &RunDoctor,
};

}  // namespace headroom::cli
