#include "cli/submission.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/name.h"
#include "base/units.h"
#include "cli/option_names.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr OptionSpec kOptions[] = {
    {"memory", "SIZE", "memory it needs at its peak: 512MiB, 2GiB"},
    {"cpu", "CORES", "cores it needs: 2, 0.5, 500m"},
    {"pids", "N", "processes and threads it needs"},
    {"token", "NAME=N", "so many of a token of the policy; may be repeated"},
    {"limit-memory", "SIZE", "kill it above this, whatever it asked for"},
    {"limit-cpu", "CORES", "never give it more"},
    {"limit-pids", "N", "never let it have more"},
    {"duration", "TIME", "how long it runs, about: 30s, 10m, 2h; lets it pass blocked jobs"},
    {"priority", "N", "higher goes first; 0 if not given"},
    {"name", "NAME", "for people"},
    {"tenant", "NAME", "whom it is counted for; your user if not given"},
    {"key", "NAME", "jobs of one key are expected to need the same; its name if not given"},
    {"user", "USER", "run as this user (administrators)"},
    {"chdir", "DIR", "where it runs; the current directory if not given"},
    {"env", "NAME[=VALUE]",
     "a variable it gets; without a value, the one set here. Nothing else "
     "of this environment is passed on"},
    {"stdin", "FILE", "its standard input; /dev/null if not given"},
    {"dry-run", nullptr, "say what would become of it, and submit nothing"},
    {"idempotency-key", "KEY", "submitting twice with one key makes one job"},
};

using Parser = Result<int64_t> (*)(std::string_view);

Result<int64_t> ParseCount(std::string_view text) {
  return ParseInt(text, 1, std::numeric_limits<int32_t>::max());
}

struct AmountOption {
  const char* option;
  const char* group;  // "request" or "limits"
  const char* key;
  Parser parse;
};

constexpr AmountOption kAmounts[] = {
    {"memory", "request", "memory", &ParseBytes},
    {"cpu", "request", "cpu", &ParseCpuMillis},
    {"pids", "request", "pids", &ParseCount},
    {"limit-memory", "limits", "memory", &ParseBytes},
    {"limit-cpu", "limits", "cpu", &ParseCpuMillis},
    {"limit-pids", "limits", "pids", &ParseCount},
};

constexpr OptionName kOptionNames[] = {
    {"/request/memory", "memory"},
    {"/request/cpu", "cpu"},
    {"/request/pids", "pids"},
    {"/request/tokens", "token"},
    {"/limits/memory", "limit-memory"},
    {"/limits/cpu", "limit-cpu"},
    {"/limits/pids", "limit-pids"},
    {"/duration", "duration"},
    {"/priority", "priority"},
    {"/name", "name"},
    {"/tenant", "tenant"},
    {"/key", "key"},
    {"/user", "user"},
    {"/working_directory", "chdir"},
    {"/environment", "env"},
    {"/stdin", "stdin"},
    {"/idempotency_key", "idempotency-key"},
    {"/command", nullptr},
};

constexpr const char* kNames[] = {"name", "tenant", "key"};

tl::unexpected<Failure> Wrong(std::string_view option, const std::string& message) {
  return Refuse(ExitCode::kUsage, fmt::format("--{}: {}", option, message));
}

Outcome<void> AddAmounts(const Args& args, json* body) {
  for (const AmountOption& amount : kAmounts) {
    const auto text = args.Get(amount.option);
    if (!text) continue;
    const auto value = amount.parse(*text);
    if (!value) return Wrong(amount.option, value.error().message);
    // A number of cores in JSON counts whole ones; millis are written "500m".
    const bool millis = amount.parse == &ParseCpuMillis;
    (*body)[amount.group][amount.key] = millis ? json(fmt::format("{}m", *value)) : json(*value);
  }
  return {};
}

Outcome<void> AddTokens(const Args& args, json* body) {
  for (const std::string& text : args.All("token")) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (auto valid = CheckName(name); !valid) return Wrong("token", valid.error().message);
    const auto count =
        equals == std::string::npos ? Result<int64_t>(1) : ParseCount(text.substr(equals + 1));
    if (!count) return Wrong("token", count.error().message);
    (*body)["request"]["tokens"][name] = *count;
  }
  return {};
}

Outcome<void> AddEnvironment(const Args& args, const Environment& environment, json* body) {
  for (const std::string& text : args.All("env")) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (name.empty()) return Wrong("env", fmt::format("expected NAME=VALUE, got \"{}\"", text));
    const auto value = equals != std::string::npos ? std::optional(text.substr(equals + 1))
                                                   : environment(name.c_str());
    if (!value) return Wrong("env", fmt::format("{} is not set here", name));
    (*body)["environment"][name] = *value;
  }
  return {};
}

Outcome<void> AddNames(const Args& args, json* body) {
  for (const char* option : kNames) {
    const auto name = args.Get(option);
    if (!name) continue;
    if (auto valid = CheckName(*name); !valid) return Wrong(option, valid.error().message);
    (*body)[option] = *name;
  }
  if (const auto user = args.Get("user")) (*body)["user"] = *user;
  return {};
}

Outcome<void> AddPlace(const Args& args, json* body) {
  const auto priority = IntOption(args, "priority", std::numeric_limits<int32_t>::min(),
                                  std::numeric_limits<int32_t>::max());
  if (!priority) return tl::unexpected<Failure>(priority.error());
  if (*priority) (*body)["priority"] = **priority;
  const auto duration = args.Get("duration");
  if (!duration) return {};
  if (const auto value = ParseDuration(*duration); !value)
    return Wrong("duration", value.error().message);
  (*body)["duration"] = *duration;
  return {};
}

// The daemon has another current directory than we have.
std::string Absolute(const std::string& path, const std::string& current_directory) {
  return path.starts_with('/') ? path : current_directory + "/" + path;
}

}  // namespace

std::span<const OptionSpec> SubmissionOptions() { return kOptions; }

Failure InSubmissionOptions(const Failure& failure, const Args& args) {
  return InOptions(failure, kOptionNames, args, "submit");
}

Outcome<json> ReadSubmission(const Args& args, const std::string& current_directory,
                             const Environment& environment, const std::string& random_key) {
  json body{{"command", args.operands}};
  const std::string directory = args.Get("chdir").value_or(current_directory);
  body["working_directory"] = Absolute(directory, current_directory);
  body["idempotency_key"] = args.Get("idempotency-key").value_or(random_key);
  auto added = AddAmounts(args, &body)
                   .and_then([&] { return AddTokens(args, &body); })
                   .and_then([&] { return AddEnvironment(args, environment, &body); })
                   .and_then([&] { return AddNames(args, &body); })
                   .and_then([&] { return AddPlace(args, &body); });
  if (!added) return tl::unexpected<Failure>(added.error());
  if (const auto file = args.Get("stdin")) body["stdin"] = Absolute(*file, current_directory);
  return body;
}

}  // namespace headroom::cli
