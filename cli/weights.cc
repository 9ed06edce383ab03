#include "cli/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/csv.h"

namespace headroom::cli {
namespace {

constexpr double kMostWeight = 1e6;

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

tl::unexpected<Error> Unexpected(std::size_t number, std::string_view what,
                                 std::string_view found) {
  return Fail(ErrorCode::kInvalid,
              fmt::format("line {}: expected {}, got {:?}", number, what, found.substr(0, 80)));
}

Result<double> ParseWeight(std::size_t number, std::string_view text) {
  double weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && weight > 0 && weight <= kMostWeight) return weight;
  return Unexpected(number, "a weight above 0", text);
}

}  // namespace

// As Python's configparser reads it: the first = or : of a line parts name and value.
Result<std::vector<Weight>> ParseWeights(std::string_view ini) {
  std::vector<Weight> weights;
  std::string workspace;
  for (std::size_t number = 1; !ini.empty(); ++number) {
    const std::string_view line = Trimmed(TakeLine(ini));
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    if (line.starts_with('[')) {
      if (!line.ends_with(']') || line.size() < 3) return Unexpected(number, "[workspace]", line);
      workspace = line.substr(1, line.size() - 2);
      continue;
    }
    const auto parted = line.find_first_of("=:");
    if (workspace.empty() || parted == line.npos || parted == 0)
      return Unexpected(number, "[workspace], and below it pattern = weight", line);
    const auto weight = ParseWeight(number, Trimmed(line.substr(parted + 1)));
    if (!weight) return tl::unexpected(weight.error());
    weights.push_back({workspace, std::string(Trimmed(line.substr(0, parted))), *weight});
  }
  return weights;
}

}  // namespace headroom::cli
