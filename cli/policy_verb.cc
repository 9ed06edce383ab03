#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "admission/json/nearest_name.h"
#include "admission/json/policy_json.h"
#include "admission/policy_lint.h"
#include "cli/json_read.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

struct Action {
  const char* name;
  std::size_t operands;  // after its name
  Outcome<int> (*run)(Context& context, const Args& args);
};

json ProblemJson(const PolicyProblem& problem) {
  return {{"pointer", problem.pointer}, {"message", problem.message}};
}

std::string ProblemText(const std::string& file, const PolicyProblem& problem) {
  return fmt::format("{}: {}\n", Escape(file), Escape(Located(problem)));
}

json ProblemsJson(const std::vector<PolicyProblem>& problems) {
  json list = json::array();
  for (const PolicyProblem& problem : problems) list.push_back(ProblemJson(problem));
  return list;
}

// One that can be used. What its author may not have meant is told, and is no error.
void ShowValid(Context& context, const std::string& file, const Policy& policy) {
  const std::vector<PolicyProblem> findings = Lint(policy);
  if (context.json()) {
    return context.PrintJson({{"file", file},
                              {"valid", true},
                              {"problems", json::array()},
                              {"findings", ProblemsJson(findings)},
                              {"wait_bound", WaitBound(policy)}});
  }
  context.out() << Escape(file) << ": a valid policy\n";
  for (const PolicyProblem& finding : findings)
    context.out() << "finding: " << Escape(Located(finding)) << '\n';
  context.out() << "longest wait: " << WaitBound(policy) << '\n';
}

void ShowInvalid(Context& context, const std::string& file,
                 const std::vector<PolicyProblem>& problems) {
  if (context.json()) {
    return context.PrintJson(
        {{"file", file}, {"valid", false}, {"problems", ProblemsJson(problems)}});
  }
  for (const PolicyProblem& problem : problems) context.out() << ProblemText(file, problem);
}

Outcome<int> RunCheck(Context& context, const Args& args) {
  const std::string& file = args.operands[1];
  const auto loaded = LoadPolicy(file);
  if (const auto* policy = std::get_if<Policy>(&loaded)) {
    ShowValid(context, file, *policy);
    return static_cast<int>(ExitCode::kOk);
  }
  ShowInvalid(context, file, std::get<std::vector<PolicyProblem>>(loaded));
  return static_cast<int>(ExitCode::kUsage);
}

Outcome<int> RunShow(Context& context, const Args&) {
  const auto answer = context.api.Get("/v1/policy");
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (context.json()) {
    context.PrintJson(*answer);
    return 0;
  }
  // Read by the daemon's own code, so that it comes out in the order of the documentation. A policy
  // of a newer daemon is shown as it came.
  const std::string text = ObjectAt(*answer, "policy").dump(2);
  const auto policy = ParsePolicy(text);
  const auto* known = std::get_if<Policy>(&policy);
  context.out() << (known != nullptr ? PolicyToJson(*known) : text + "\n");
  return 0;
}

Outcome<int> RunReload(Context& context, const Args&) {
  const auto answer = context.api.Post("/v1/policy/reload", json::object());
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (context.json()) {
    context.PrintJson(*answer);
    return 0;
  }
  context.out() << fmt::format("policy generation {} is in force\n",
                               IntAt(*answer, "generation").value_or(0));
  return 0;
}

constexpr Action kActions[] = {
    {"check", 1, &RunCheck}, {"show", 0, &RunShow}, {"reload", 0, &RunReload}};

Outcome<int> RunPolicy(Context& context, const Args& args) {
  const std::string& name = args.operands.front();
  std::vector<std::string_view> known;
  for (const Action& action : kActions) {
    known.emplace_back(action.name);
    if (name != action.name) continue;
    if (args.operands.size() == 1 + action.operands) return action.run(context, args);
    return Refuse(ExitCode::kUsage, action.operands == 1
                                        ? fmt::format("policy {} needs one FILE", name)
                                        : fmt::format("policy {} takes no operand", name));
  }
  return Refuse(ExitCode::kUsage,
                fmt::format("policy: unknown action {}{}", name, NearestName(name, known)));
}

}  // namespace

const Verb kPolicyVerb{
    .name = "policy",
    .operands_text = "check FILE | show | reload",
    .summary = "check a policy file, show or reload the one in force",
    .details =
        "check FILE  reads the file as the daemon does and prints every problem with its\n"
        "            place (a JSON pointer). Exit code 0, or 2 with problems. Needs no\n"
        "            daemon.\n"
        "show        prints the policy in force, every key with its value.\n"
        "reload      makes the daemon read its file again (administrators). A file with\n"
        "            problems changes nothing, and they are printed.\n\n"
        "examples:\n"
        "  headroom policy check /etc/headroom/policy.json && sudo headroom policy reload\n"
        "  headroom policy show > policy.json",
    .options = {},
    .operands = Operands::kAnywhere,
    .least_operands = 1,
    .most_operands = kAnyNumber,
    .run = &RunPolicy,
};

}  // namespace headroom::cli
