#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"

// Options and operands of one verb, parsed from a table. The one place that includes
// Boost.ProgramOptions. Pure; threads: any.
namespace headroom::cli {

struct OptionSpec {
  const char* name;        // "memory" for --memory
  const char* value_name;  // "SIZE"; nullptr: a flag without a value
  const char* help;
  char short_name = 0;  // 'f' for -f
};

enum class Operands {
  kAnywhere,  // options may stand before, between and after them
  kCommand,   // the first operand, or "--", ends the options: the rest belongs to the job
};

class Args {
 public:
  bool Has(std::string_view name) const { return values_.contains(name); }
  // The last one given.
  std::optional<std::string> Get(std::string_view name) const;
  std::vector<std::string> All(std::string_view name) const;

  std::vector<std::string> operands;

 private:
  friend Outcome<Args> ParseArgs(std::span<const OptionSpec> specs, Operands operands,
                                 std::vector<std::string> words);
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// Refuses an option that is not in the table (with the nearest one that is), a missing value and a
// value for a flag.
Outcome<Args> ParseArgs(std::span<const OptionSpec> specs, Operands operands,
                        std::vector<std::string> words);

// The options as the lines of a help text.
std::string OptionHelp(std::span<const OptionSpec> specs);

// A value of an option: `parse` is one of base/units.h, or of the functions below.
Outcome<std::optional<int64_t>> IntOption(const Args& args, std::string_view name, int64_t least,
                                          int64_t most);
// A whole number and nothing else, between `least` and `most`.
Result<int64_t> ParseInt(std::string_view text, int64_t least, int64_t most);

}  // namespace headroom::cli
