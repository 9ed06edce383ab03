#pragma once

#include <span>

#include "cli/args.h"
#include "cli/failure.h"

// The daemon says where a request is wrong in its own words, "/request/memory" or "?user". Whoever
// typed --memory knows only that. Pure; threads: any.
namespace headroom::cli {

struct OptionName {
  const char* pointer;  // also of everything inside it: "/request/tokens" of "/request/tokens/db"
  const char* option;   // "memory" for --memory; nullptr: the command itself
};

// The same refusal, with the option and the value that it was given in place of every pointer that
// comes from one. `verb` is whose help the hint names.
Failure InOptions(Failure failure, std::span<const OptionName> names, const Args& args,
                  const char* verb);

}  // namespace headroom::cli
