#include "base/result.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace headroom {
namespace {

ErrorCode CodeOf(int os_error) {
  switch (os_error) {
    case ENOENT:
    case ENODEV:
    case ESRCH:
    case ENOTDIR:
      return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kDenied;
    case EEXIST:
    case EBUSY:
    case ENOTEMPTY:
    case EADDRINUSE:
      return ErrorCode::kConflict;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM:
      return ErrorCode::kExhausted;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::kUnsupported;
    case ECONNREFUSED:
    case ETIMEDOUT:
      return ErrorCode::kUnavailable;
    case EINVAL:
      return ErrorCode::kInvalid;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

std::string_view ToString(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kExhausted:
      return "exhausted";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kIo:
      return "io";
  }
  return "io";
}

tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message), 0});
}

tl::unexpected<Error> FailErrno(int os_error, std::string_view doing) {
  const char* name = strerrorname_np(os_error);
  return tl::unexpected<Error>(
      Error{CodeOf(os_error),
            fmt::format("{}: {} ({})", doing,
                        strerrordesc_np(os_error) ? strerrordesc_np(os_error) : "unknown error",
                        name ? name : fmt::to_string(os_error)),
            os_error});
}

tl::unexpected<Error> Within(std::string_view doing, Error inner) {
  inner.message = fmt::format("{}: {}", doing, inner.message);
  return tl::unexpected<Error>(std::move(inner));
}

}  // namespace headroom
