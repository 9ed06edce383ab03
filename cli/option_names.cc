#include "cli/option_names.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>

namespace headroom::cli {
namespace {

// "db" of "/request/tokens/db" under "/request/tokens".
std::string MemberOf(std::string_view pointer, std::string_view whole) {
  return pointer.size() > whole.size() ? std::string(pointer.substr(whole.size() + 1)) : "";
}

const OptionName* Find(std::string_view pointer, std::span<const OptionName> names) {
  for (const OptionName& name : names) {
    if (pointer == name.pointer) return &name;
    if (pointer.starts_with(name.pointer) && pointer[std::strlen(name.pointer)] == '/')
      return &name;
  }
  return nullptr;
}

// The value as it was typed; of NAME=VALUE options the name only where the value is nobody's
// business, as an environment variable's.
std::optional<std::string> ValueGiven(const OptionName& name, const std::string& member,
                                      const Args& args) {
  if (member.empty()) return args.Get(name.option);
  for (const std::string& text : args.All(name.option)) {
    if (text.substr(0, text.find('=')) != member) continue;
    return std::string_view(name.option) == "env" ? member : text;
  }
  return std::nullopt;
}

bool Says(const std::string& message, const std::string& value) {
  return message.find(fmt::format("got \"{}\"", value)) != std::string::npos ||
         message.find(fmt::format(" {}:", value)) != std::string::npos;
}

std::string PlaceOf(const PolicyProblem& problem, std::span<const OptionName> names,
                    const Args& args) {
  const OptionName* name = Find(problem.pointer, names);
  if (name == nullptr) return problem.pointer;
  if (name->option == nullptr) return "the command";
  const auto value = ValueGiven(*name, MemberOf(problem.pointer, name->pointer), args);
  if (!value) return problem.pointer;
  if (Says(problem.message, *value)) return fmt::format("--{}", name->option);
  return fmt::format("--{} {}", name->option, value->empty() ? "\"\"" : *value);
}

// "idempotency_key: used before ..." of a refusal that is about no value alone, as a problem.
std::vector<PolicyProblem> ProblemsOf(const Failure& failure, std::span<const OptionName> names) {
  if (!failure.problems.empty()) return failure.problems;
  for (const OptionName& name : names) {
    const std::string start = fmt::format("{}: ", name.pointer + 1);
    if (failure.message.starts_with(start))
      return {{name.pointer, failure.message.substr(start.size())}};
  }
  return {};
}

}  // namespace

Failure InOptions(Failure failure, std::span<const OptionName> names, const Args& args,
                  const char* verb) {
  const std::vector<PolicyProblem> problems = ProblemsOf(failure, names);
  if (problems.empty()) return failure;
  std::vector<std::string> lines;
  lines.reserve(problems.size());
  for (const PolicyProblem& problem : problems)
    lines.push_back(Located({PlaceOf(problem, names, args), problem.message}));
  failure.message = lines.size() == 1
                        ? lines.front()
                        : fmt::format("{} problems; the first: {}", lines.size(), lines.front());
  failure.details.assign(lines.begin() + 1, lines.end());
  failure.hint = fmt::format("`headroom help {}` has the options", verb);
  return failure;
}

}  // namespace headroom::cli
