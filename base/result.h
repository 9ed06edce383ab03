#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

// The project's one way to say that something did not work.
//
// A function that can fail returns Result<T>; it throws nothing. Each layer adds what it was doing,
// so that the message reads from the outside in: "start job 42: create cgroup jobs/42: EEXIST".
namespace headroom {

enum class ErrorCode {
  kInvalid,      // the caller's input is wrong; trying again changes nothing
  kNotFound,     // it is not there (ENOENT), or no longer there (ENODEV)
  kDenied,       // the caller may not (EACCES, EPERM)
  kConflict,     // it exists, is busy or is in another state than needed (EEXIST, EBUSY)
  kExhausted,    // no space, descriptors, processes or memory left (ENOSPC, EMFILE, EAGAIN, ENOMEM)
  kUnavailable,  // a service did not answer, or not in time
  kUnsupported,  // this kernel or host cannot do it (ENOSYS, EOPNOTSUPP)
  kCorrupt,      // bytes from outside do not mean what they should
  kIo,           // any other failure of the operating system
};

std::string_view ToString(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kIo;
  std::string message;
  // The errno behind it, 0 if there was none. For callers that must tell ENODEV from ENOENT.
  int os_error = 0;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// Builds an error to return: `return Fail(ErrorCode::kInvalid, "…")`.
tl::unexpected<Error> Fail(ErrorCode code, std::string message);

// Turns errno into an error: "write /sys/…/memory.max: No space left on device (ENOSPC)".
tl::unexpected<Error> FailErrno(int os_error, std::string_view doing);

// Puts what the caller was doing in front of an inner error.
tl::unexpected<Error> Within(std::string_view doing, Error inner);

}  // namespace headroom
