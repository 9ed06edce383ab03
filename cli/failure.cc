#include "cli/failure.h"

#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/json_read.h"
#include "cli/text.h"

namespace headroom::cli {
namespace {

ExitCode ExitOf(int status) {
  switch (status) {
    case 400:
    case 409:
    case 413:
    case 422:
      return ExitCode::kUsage;
    case 401:
    case 403:
      return ExitCode::kDenied;
    case 404:
      return ExitCode::kNotFound;
    default:
      return ExitCode::kFailed;
  }
}

std::string HintOf(int status) {
  switch (status) {
    case 401:
    case 403:
      return "others' jobs and the policy are for root and the policy's admin_group";
    case 429:
      return "the daemon has too much to do for you at once; try again in a moment";
    case 503:
      return "the daemon is up but cannot do this now; `headroom status` and its log say why";
    default:
      return {};
  }
}

// {"details": {"problems": [{"pointer", "message"}]}}.
std::vector<PolicyProblem> ProblemsOf(const nlohmann::json& answer) {
  std::vector<PolicyProblem> problems;
  for (const auto& problem : ArrayAt(ObjectAt(answer, "details"), "problems"))
    problems.push_back({TextAt(problem, "pointer"), TextAt(problem, "message")});
  return problems;
}

// Those that the message does not have already.
std::vector<std::string> DetailsOf(const std::vector<PolicyProblem>& problems,
                                   const std::string& message) {
  std::vector<std::string> lines;
  for (const PolicyProblem& problem : problems) {
    const std::string line = Located(problem);
    if (message.find(line) == std::string::npos) lines.push_back(line);
  }
  return lines;
}

constexpr char kOtherSocket[] = "--socket or HEADROOM_SOCKET names another socket";

// What to do when no daemon answers, by the system's reason.
std::string AdviceOn(int os_error) {
  switch (os_error) {
    case ENOENT:
    case ENOTDIR:
      return fmt::format(
          "there is no socket: start headroomd; {}; `headroom doctor` looks for what is missing",
          kOtherSocket);
    case ECONNREFUSED:
      return fmt::format(
          "nobody listens there: headroomd has ended, start it again (its log says why); {}; "
          "`headroom doctor` looks for what is missing",
          kOtherSocket);
    case ETIMEDOUT:
      return "headroomd is there but stopped or far too busy: look at its state and its log; its "
             "jobs go on";
    case ECONNRESET:
      return "headroomd may just have been restarted: try again; its log says more";
    default:
      return {};
  }
}

}  // namespace

tl::unexpected<Failure> Refuse(ExitCode exit, std::string message, std::string hint) {
  return tl::unexpected<Failure>(Failure{exit, std::move(message), std::move(hint), {}});
}

Failure FromTransport(const Error& error, std::string_view socket) {
  if (error.os_error == EACCES || error.os_error == EPERM) {
    return {ExitCode::kDenied,
            error.message,
            "be root, or a member of the group that owns the socket and its directory",
            {}};
  }
  if (error.code == ErrorCode::kInvalid) return FromInput(error);
  const std::string who = fmt::format("no daemon answers on {}", socket);
  switch (error.os_error) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
      return {ExitCode::kNoDaemon,
              FailErrno(error.os_error, who).value().message,
              AdviceOn(error.os_error),
              {}};
    case 0:
      return {ExitCode::kNoDaemon, fmt::format("{}: {}", who, error.message), kOtherSocket, {}};
    default:
      return {ExitCode::kNoDaemon,
              fmt::format("{}: {}", who, error.message),
              AdviceOn(error.os_error),
              {}};
  }
}

Failure FromAnswer(int status, std::string_view body) {
  const auto answer = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  std::string message = TextAt(answer, "message");
  if (message.empty()) {
    return {ExitOf(status),
            fmt::format("the daemon answered {}: {}", status, body.substr(0, 200)),
            HintOf(status),
            {}};
  }
  const std::string hint = TextAt(answer, "hint");
  std::vector<PolicyProblem> problems = ProblemsOf(answer);
  return {ExitOf(status), message, hint.empty() ? HintOf(status) : hint,
          DetailsOf(problems, message), std::move(problems)};
}

Failure FromInput(const Error& error) { return {ExitCode::kUsage, error.message, {}, {}}; }

std::string FailureText(const Failure& failure) {
  std::string text = fmt::format("headroom: {}\n", Escape(failure.message));
  for (const std::string& detail : failure.details) text += fmt::format("  {}\n", Escape(detail));
  if (!failure.hint.empty()) text += fmt::format("  hint: {}\n", Escape(failure.hint));
  return text;
}

}  // namespace headroom::cli
