#include "admission/resources.h"

#include <algorithm>

#include "base/units.h"

namespace headroom {
namespace {

int64_t CountOf(const std::vector<TokenAmount>& tokens, std::string_view name) {
  const auto at = std::ranges::lower_bound(tokens, name, {}, &TokenAmount::name);
  return at != tokens.end() && at->name == name ? at->count : 0;
}

// Adds sign·other into `tokens`, keeping it sorted and without zeros.
void AddTokens(std::vector<TokenAmount>& tokens, const std::vector<TokenAmount>& other,
               int64_t sign) {
  for (const TokenAmount& token : other) {
    const auto at = std::ranges::lower_bound(tokens, token.name, {}, &TokenAmount::name);
    if (at == tokens.end() || at->name != token.name) {
      tokens.insert(at, {token.name, sign * token.count});
    } else if ((at->count += sign * token.count) == 0) {
      tokens.erase(at);
    }
  }
}

}  // namespace

std::string_view ToString(Dimension dimension) {
  switch (dimension) {
    case Dimension::kMemory:
      return "memory";
    case Dimension::kCpu:
      return "cpu";
    case Dimension::kPids:
      return "pids";
    case Dimension::kToken:
      return "token";
  }
  return "memory";
}

ResourceVector& ResourceVector::operator+=(const ResourceVector& other) {
  memory_bytes += other.memory_bytes;
  cpu_millis += other.cpu_millis;
  pids += other.pids;
  if (!other.tokens.empty()) AddTokens(tokens, other.tokens, 1);
  return *this;
}

ResourceVector& ResourceVector::operator-=(const ResourceVector& other) {
  memory_bytes -= other.memory_bytes;
  cpu_millis -= other.cpu_millis;
  pids -= other.pids;
  if (!other.tokens.empty()) AddTokens(tokens, other.tokens, -1);
  return *this;
}

int64_t Amount(const ResourceVector& amounts, const Axis& axis) {
  switch (axis.dimension) {
    case Dimension::kMemory:
      return amounts.memory_bytes;
    case Dimension::kCpu:
      return amounts.cpu_millis;
    case Dimension::kPids:
      return amounts.pids;
    case Dimension::kToken:
      return CountOf(amounts.tokens, axis.token);
  }
  return 0;
}

std::optional<Axis> FirstShortfall(const ResourceVector& want, const ResourceVector& have) {
  if (want.memory_bytes > have.memory_bytes) return Axis{Dimension::kMemory, {}};
  if (want.cpu_millis > have.cpu_millis) return Axis{Dimension::kCpu, {}};
  if (want.pids > have.pids) return Axis{Dimension::kPids, {}};
  for (const TokenAmount& token : want.tokens) {
    if (token.count > CountOf(have.tokens, token.name)) return Axis{Dimension::kToken, token.name};
  }
  return std::nullopt;
}

ResourceVector Max(const ResourceVector& a, const ResourceVector& b) {
  ResourceVector larger{std::max(a.memory_bytes, b.memory_bytes),
                        std::max(a.cpu_millis, b.cpu_millis), std::max(a.pids, b.pids), a.tokens};
  for (const TokenAmount& token : b.tokens) {
    const int64_t missing = token.count - CountOf(larger.tokens, token.name);
    if (missing > 0) AddTokens(larger.tokens, {{token.name, missing}}, 1);
  }
  return larger;
}

std::string FormatAmount(int64_t amount, const Axis& axis) {
  switch (axis.dimension) {
    case Dimension::kMemory:
      return FormatBytes(amount);
    case Dimension::kCpu:
      return FormatCpuMillis(amount);
    case Dimension::kPids:
      return std::to_string(amount) + " pids";
    case Dimension::kToken:
      return std::to_string(amount) + " of token " + axis.token;
  }
  return {};
}

}  // namespace headroom
