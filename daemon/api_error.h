#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "admission/policy.h"
#include "base/result.h"
#include "daemon/http_message.h"

// The one shape of everything that goes wrong: {"code", "message", "details", "hint"}.
namespace headroom {

// One thing that is wrong with a request. `pointer` is a JSON pointer into its body, or "?name" for
// a parameter.
using RequestProblem = PolicyProblem;

struct ApiError {
  int status = 500;
  std::string message;
  std::string hint;  // what to do about it; may be empty
  std::vector<RequestProblem> problems;
  HttpHeaders headers;  // Allow, Retry-After, …
};

template <class T>
using ApiResult = tl::expected<T, ApiError>;
using Answer = ApiResult<HttpResponse>;

// The word for programs that goes with a status: "not_found" for 404. Closed: see docs/api.md.
std::string_view CodeOf(int status);

HttpResponse ToResponse(const ApiError& error);
HttpResponse ToResponse(Answer answer);

// What an error of the service is in HTTP. Those that are not the client's fault are logged.
ApiError FromError(const Error& error);

tl::unexpected<ApiError> Refuse(int status, std::string message, std::string hint = {});

// All problems at once. `status`: 400 for parameters, 422 for a body.
tl::unexpected<ApiError> RefuseFor(int status, std::vector<RequestProblem> problems);

}  // namespace headroom
