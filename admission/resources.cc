#include "admission/resources.h"

#include <algorithm>
#include <limits>

#include "base/units.h"

namespace headroom {
namespace {

int64_t CountOf(const std::vector<TokenAmount>& tokens, std::string_view name) {
  const auto at = std::ranges::lower_bound(tokens, name, {}, &TokenAmount::name);
  return at != tokens.end() && at->name == name ? at->count : 0;
}

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

int64_t Plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? kMost : kLeast;
}

int64_t Minus(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? kMost : kLeast;
}

// Merges `other` into `tokens` by `combine`, keeping it sorted and without zeros.
template <class Combine>
void CombineTokens(std::vector<TokenAmount>& tokens, const std::vector<TokenAmount>& other,
                   Combine combine) {
  for (const TokenAmount& token : other) {
    auto at = std::ranges::lower_bound(tokens, token.name, {}, &TokenAmount::name);
    if (at == tokens.end() || at->name != token.name) at = tokens.insert(at, {token.name, 0});
    at->count = combine(at->count, token.count);
    if (at->count == 0) tokens.erase(at);
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
  memory_bytes = Plus(memory_bytes, other.memory_bytes);
  cpu_millis = Plus(cpu_millis, other.cpu_millis);
  pids = Plus(pids, other.pids);
  if (!other.tokens.empty()) CombineTokens(tokens, other.tokens, Plus);
  return *this;
}

ResourceVector& ResourceVector::operator-=(const ResourceVector& other) {
  memory_bytes = Minus(memory_bytes, other.memory_bytes);
  cpu_millis = Minus(cpu_millis, other.cpu_millis);
  pids = Minus(pids, other.pids);
  if (!other.tokens.empty()) CombineTokens(tokens, other.tokens, Minus);
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

int64_t Scale(int64_t amount, double share) {
  constexpr int64_t kBillion = 1'000'000'000;
  constexpr double kLargestShare = 9;  // so that the product of two parts below fits
  const auto billionths = static_cast<int64_t>(
      std::clamp(share, 0.0, kLargestShare) * static_cast<double>(kBillion) + 0.5);
  int64_t whole = 0;
  if (__builtin_mul_overflow(amount / kBillion, billionths, &whole)) return kMost;
  return Plus(whole, amount % kBillion * billionths / kBillion);
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
  CombineTokens(larger.tokens, b.tokens, [](int64_t x, int64_t y) { return std::max(x, y); });
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
