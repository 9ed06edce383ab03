#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "cli/args.h"
#include "cli/terminal.h"

// From the options of `run` and `submit` to the body of POST /v1/jobs. Pure apart from what it is
// given; threads: any.
namespace headroom::cli {

std::span<const OptionSpec> SubmissionOptions();

// The operands are the command. Wrong values are refused here, before the daemon is asked.
// `environment` is for "--env NAME" without a value; `random_key` becomes the idempotency key if
// none is given, so that a submission can be sent again when its answer was lost.
Outcome<nlohmann::json> ReadSubmission(const Args& args, const std::string& current_directory,
                                       const Environment& environment,
                                       const std::string& random_key);

// What the daemon refused of a submission, in terms of the options that it came from.
Failure InSubmissionOptions(const Failure& failure, const Args& args);

}  // namespace headroom::cli
