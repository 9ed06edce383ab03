#include "cli/args.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>

#include "admission/json/nearest_name.h"

namespace headroom::cli {
namespace {

namespace po = boost::program_options;

constexpr char kOperands[] = "operands";

po::options_description Describe(std::span<const OptionSpec> specs) {
  po::options_description description;
  for (const OptionSpec& spec : specs) {
    const std::string names =
        spec.short_name != 0 ? fmt::format("{},{}", spec.name, spec.short_name) : spec.name;
    if (spec.value_name == nullptr) {
      description.add_options()(names.c_str(), "");
    } else {
      description.add_options()(names.c_str(), po::value<std::vector<std::string>>(), "");
    }
  }
  description.add_options()(kOperands, po::value<std::vector<std::string>>(), "");
  return description;
}

bool TakesNextWord(std::span<const OptionSpec> specs, const std::string& word) {
  return std::ranges::any_of(specs, [&](const OptionSpec& spec) {
    const bool named = word == std::string("--") + spec.name ||
                       (spec.short_name != 0 && word == std::string("-") + spec.short_name);
    return named && spec.value_name != nullptr;
  });
}

// Takes the command off the end of `words`: from the first on that is neither an option nor the
// value of one. It is not the parser's to read: `run sh -c ...`.
std::vector<std::string> TakeCommand(std::span<const OptionSpec> specs,
                                     std::vector<std::string>* words) {
  std::size_t start = 0;
  while (start < words->size()) {
    const std::string& word = (*words)[start];
    if (!word.starts_with('-') || word == "-" || word == "--") break;
    start += TakesNextWord(specs, word) ? 2 : 1;
  }
  if (start >= words->size()) return {};
  const auto first = words->begin() + static_cast<std::ptrdiff_t>(start);
  std::vector<std::string> command(*first == "--" ? first + 1 : first, words->end());
  words->erase(first, words->end());
  return command;
}

std::string NameOf(const std::string& token) {
  const auto start = token.find_first_not_of('-');
  if (start == std::string::npos) return {};
  return token.substr(start, token.find('=') - start);
}

tl::unexpected<Failure> UnknownOption(const std::string& token, std::span<const OptionSpec> specs) {
  std::vector<std::string_view> known;
  for (const OptionSpec& spec : specs) known.emplace_back(spec.name);
  return Refuse(ExitCode::kUsage,
                fmt::format("unknown option {}{}", token, NearestName(NameOf(token), known)));
}

// Words in lines that end before column 80 and begin at `indent`; the first is there already.
std::string Wrapped(std::string_view words, std::size_t indent) {
  constexpr std::size_t kWidth = 80;
  std::string text;
  std::size_t column = indent;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (column > indent && column + 1 + end > kWidth) {
      text += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      text += ' ';
      ++column;
    }
    text += words.substr(0, end);
    column += end;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return text;
}

}  // namespace

std::optional<std::string> Args::Get(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Args::All(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

Outcome<Args> ParseArgs(std::span<const OptionSpec> specs, Operands operands,
                        std::vector<std::string> words) {
  std::vector<std::string> command;
  if (operands == Operands::kCommand) command = TakeCommand(specs, &words);
  const po::options_description description = Describe(specs);
  po::positional_options_description positional;
  positional.add(kOperands, -1);
  po::command_line_parser parser(words);
  parser.options(description).positional(positional);
  // Abbreviations would turn a new option into a broken script.
  parser.style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing);
  try {
    Args args;
    for (const po::option& option : parser.run().options) {
      if (option.string_key == kOperands || option.string_key.empty()) {
        args.operands.insert(args.operands.end(), option.value.begin(), option.value.end());
      } else {
        auto& values = args.values_[option.string_key];
        values.insert(values.end(), option.value.begin(), option.value.end());
      }
    }
    args.operands.insert(args.operands.end(), command.begin(), command.end());
    return args;
  } catch (const po::unknown_option& unknown) {
    return UnknownOption(unknown.get_option_name(), specs);
  } catch (const po::error& wrong) {
    return Refuse(ExitCode::kUsage, wrong.what());
  }
}

std::string OptionHelp(std::span<const OptionSpec> specs) {
  std::vector<std::string> left;
  std::size_t width = 0;
  for (const OptionSpec& spec : specs) {
    const std::string dash =
        spec.short_name != 0 ? fmt::format("-{}, ", spec.short_name) : std::string("    ");
    left.push_back(fmt::format("  {}--{}{}{}", dash, spec.name, spec.value_name ? " " : "",
                               spec.value_name ? spec.value_name : ""));
    width = std::max(width, left.back().size());
  }
  std::string text;
  for (std::size_t i = 0; i < specs.size(); ++i)
    text += fmt::format("{:<{}}  {}\n", left[i], width, Wrapped(specs[i].help, width + 2));
  return text;
}

Result<int64_t> ParseInt(std::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most)
    return value;
  return Fail(ErrorCode::kInvalid, fmt::format("expected a whole number from {} to {}, got \"{}\"",
                                               least, most, text.substr(0, 40)));
}

Outcome<std::optional<int64_t>> IntOption(const Args& args, std::string_view name, int64_t least,
                                          int64_t most) {
  const auto text = args.Get(name);
  if (!text) return std::nullopt;
  const auto value = ParseInt(*text, least, most);
  if (!value) return Refuse(ExitCode::kUsage, fmt::format("--{}: {}", name, value.error().message));
  return std::optional(*value);
}

}  // namespace headroom::cli
