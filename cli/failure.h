#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "admission/policy.h"
#include "base/result.h"
#include "cli/exit_code.h"

// Why a verb did not do what was asked, as the user is told it: "headroom: MESSAGE", details and
// hint on lines of their own, and the exit code. Threads: any.
namespace headroom::cli {

struct Failure {
  ExitCode exit = ExitCode::kFailed;
  std::string message;
  std::string hint;                  // what to do about it; may be empty
  std::vector<std::string> details;  // the other problems, a line each
  // All that the API refused, with its pointers into the request; empty if it listed none.
  std::vector<PolicyProblem> problems = {};

  bool operator==(const Failure&) const = default;
};

template <class T>
using Outcome = tl::expected<T, Failure>;

tl::unexpected<Failure> Refuse(ExitCode exit, std::string message, std::string hint = {});

// No answer, or none that is HTTP: absent, refused, cut, late, garbage.
Failure FromTransport(const Error& error, std::string_view socket);

// The API said no: {"code","message","details","hint"}. A body that is not that is shown as it is.
Failure FromAnswer(int status, std::string_view body);

// Wrong input that was found before the daemon was asked.
Failure FromInput(const Error& error);

// What goes to stderr, escaped, one line each.
std::string FailureText(const Failure& failure);

}  // namespace headroom::cli
