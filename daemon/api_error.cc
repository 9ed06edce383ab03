#include "daemon/api_error.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "daemon/json_text.h"

namespace headroom {
namespace {

// A client that resends at once when told to wait only makes the wait longer.
constexpr char kRetryAfterSeconds[] = "5";

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 422;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kDenied:
      return 403;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kExhausted:
      return 429;
    case ErrorCode::kUnavailable:
    case ErrorCode::kIo:
      return 503;
    case ErrorCode::kUnsupported:
    case ErrorCode::kCorrupt:
      return 500;
  }
  return 500;
}

}  // namespace

std::string_view CodeOf(int status) {
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 413:
    case 431:
      return "too_large";
    case 422:
      return "unprocessable";
    case 429:
      return "too_many";
    case 503:
      return "unavailable";
    default:
      return status >= 500 ? "internal" : "bad_request";  // 400, 405, 415
  }
}

HttpResponse ToResponse(const ApiError& error) {
  OrderedJson details = OrderedJson::object();
  if (!error.problems.empty()) {
    for (const RequestProblem& problem : error.problems) {
      details["problems"].push_back({{"pointer", problem.pointer}, {"message", problem.message}});
    }
  }
  const OrderedJson body = {{"code", CodeOf(error.status)},
                            {"message", error.message},
                            {"details", details},
                            {"hint", error.hint}};
  return {error.status, "application/json", error.headers, ToText(body)};
}

HttpResponse ToResponse(Answer answer) {
  return answer ? *std::move(answer) : ToResponse(answer.error());
}

ApiError FromError(const Error& error) {
  ApiError api{StatusOf(error.code), error.message, {}, {}, {}};
  if (api.status == 429 || api.status == 503) {
    api.headers = {{"Retry-After", kRetryAfterSeconds}};
    api.hint = "try again later; nothing was changed";
  }
  if (api.status >= 500) spdlog::error("api: {}", error.message);
  return api;
}

tl::unexpected<ApiError> Refuse(int status, std::string message, std::string hint) {
  return tl::unexpected(ApiError{status, std::move(message), std::move(hint), {}, {}});
}

tl::unexpected<ApiError> RefuseFor(int status, std::vector<RequestProblem> problems) {
  std::string message =
      problems.size() == 1
          ? Located(problems.front())
          : fmt::format("{} problems; the first: {}", problems.size(), Located(problems.front()));
  return tl::unexpected(ApiError{
      status, std::move(message), "see docs/api.md for what is accepted", std::move(problems), {}});
}

}  // namespace headroom
