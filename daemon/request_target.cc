#include "daemon/request_target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "admission/json/nearest_name.h"

namespace headroom {
namespace {

Result<std::string> Unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    uint8_t byte = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2 || byte == 0) {
      return Fail(ErrorCode::kInvalid, "the path or a parameter holds a broken percent escape");
    }
    plain += static_cast<char>(byte);
    i += 2;
  }
  return plain;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<RequestTarget> ParseTarget(std::string_view target) {
  if (!target.starts_with('/')) {
    return Fail(ErrorCode::kInvalid, "the request target must start with a slash");
  }
  const auto question = target.find('?');
  RequestTarget parsed;
  for (const std::string_view part : Split(target.substr(1, question - 1), '/')) {
    auto segment = Unescape(part);
    if (!segment) return tl::unexpected(segment.error());
    if (segment->empty()) return Fail(ErrorCode::kInvalid, "the path holds an empty segment");
    parsed.segments.push_back(*std::move(segment));
  }
  if (question == target.npos || question + 1 == target.size()) return parsed;
  for (const std::string_view part : Split(target.substr(question + 1), '&')) {
    const auto equals = part.find('=');
    auto name = Unescape(part.substr(0, equals));
    auto value = Unescape(equals == part.npos ? std::string_view() : part.substr(equals + 1));
    if (!name) return tl::unexpected(name.error());
    if (!value) return tl::unexpected(value.error());
    parsed.parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parsed;
}

ParameterReader::ParameterReader(const RequestTarget& target) : target_(target) {}

std::optional<std::string> ParameterReader::Text(const std::string& name) {
  known_.push_back(name);
  const auto named = [&](const auto& parameter) { return parameter.first == name; };
  const auto& parameters = target_.parameters;
  const auto first = std::ranges::find_if(parameters, named);
  if (first == parameters.end()) return std::nullopt;
  if (std::any_of(first + 1, parameters.end(), named)) Complain(name, "given more than once");
  return first->second;
}

std::optional<int64_t> ParameterReader::Integer(const std::string& name, int64_t least,
                                                int64_t most) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= least &&
      value <= most) {
    return value;
  }
  Complain(name, fmt::format("expected a whole number from {} to {}, got {:?}", least, most,
                             fmt::string_view(text->substr(0, 40))));
  return std::nullopt;
}

std::string ParameterReader::Choice(const std::string& name,
                                    const std::vector<std::string>& choices) {
  const auto text = Text(name);
  if (!text) return choices.front();
  if (std::ranges::find(choices, *text) == choices.end()) {
    Complain(name, fmt::format("expected one of {}", fmt::join(choices, ", ")));
  }
  return *text;
}

void ParameterReader::Complain(const std::string& name, std::string message) {
  problems_.push_back({"?" + name, std::move(message)});
}

std::vector<RequestProblem> ParameterReader::Finish() {
  const std::vector<std::string_view> names(known_.begin(), known_.end());
  for (const auto& [name, value] : target_.parameters) {
    if (std::ranges::find(known_, name) != known_.end()) continue;
    Complain(name.substr(0, 64), "unknown parameter" + NearestName(name, names));
  }
  return std::move(problems_);
}

}  // namespace headroom
