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

// {"details": {"problems": [{"pointer", "message"}]}}, without those that the message has already.
std::vector<std::string> DetailsOf(const nlohmann::json& answer, const std::string& message) {
  std::vector<std::string> lines;
  for (const auto& problem : ArrayAt(ObjectAt(answer, "details"), "problems")) {
    const std::string what = TextAt(problem, "message");
    if (message.find(what) != std::string::npos) continue;
    const std::string where = TextAt(problem, "pointer");
    lines.push_back(where.empty() ? what : where + ": " + what);
  }
  return lines;
}

}  // namespace

tl::unexpected<Failure> Refuse(ExitCode exit, std::string message, std::string hint) {
  return tl::unexpected<Failure>(Failure{exit, std::move(message), std::move(hint), {}});
}

Failure FromTransport(const Error& error, std::string_view socket) {
  if (error.os_error == EACCES || error.os_error == EPERM) {
    return {ExitCode::kDenied,
            error.message,
            "be root, or a member of the group that owns the socket",
            {}};
  }
  if (error.os_error == ENOENT || error.os_error == ECONNREFUSED) {
    return {ExitCode::kNoDaemon,
            fmt::format("no daemon answers on {}", socket),
            "is headroomd running? --socket or HEADROOM_SOCKET names another socket; `headroom "
            "doctor` looks for what is missing",
            {}};
  }
  if (error.code == ErrorCode::kInvalid) return FromInput(error);
  return {ExitCode::kNoDaemon, error.message, {}, {}};
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
  return {ExitOf(status), message, hint.empty() ? HintOf(status) : hint,
          DetailsOf(answer, message)};
}

Failure FromInput(const Error& error) { return {ExitCode::kUsage, error.message, {}, {}}; }

std::string FailureText(const Failure& failure) {
  std::string text = fmt::format("headroom: {}\n", Escape(failure.message));
  for (const std::string& detail : failure.details) text += fmt::format("  {}\n", Escape(detail));
  if (!failure.hint.empty()) text += fmt::format("  hint: {}\n", Escape(failure.hint));
  return text;
}

}  // namespace headroom::cli
