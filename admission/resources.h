#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What jobs are admitted by, as amounts. Integers throughout: a ledger of doubles drifts.
namespace headroom {

enum class Dimension { kMemory, kCpu, kPids, kToken };

std::string_view ToString(Dimension dimension);  // "memory", "cpu", "pids", "token"

// So many of a countable resource that the policy names (database slots, licences).
struct TokenAmount {
  std::string name;
  int64_t count = 0;

  bool operator==(const TokenAmount&) const = default;
};

// One dimension; for tokens, which one.
struct Axis {
  Dimension dimension = Dimension::kMemory;
  std::string token;  // empty unless dimension is kToken

  bool operator==(const Axis&) const = default;
};

// An amount in every dimension. `tokens` is sorted by name, each name once, no zero counts; most
// jobs have none.
struct ResourceVector {
  int64_t memory_bytes = 0;
  int64_t cpu_millis = 0;
  int64_t pids = 0;
  std::vector<TokenAmount> tokens;

  bool operator==(const ResourceVector&) const = default;
  // Amounts stop at the ends of int64_t: a sum of absurd requests must not wrap into room.
  ResourceVector& operator+=(const ResourceVector& other);
  ResourceVector& operator-=(const ResourceVector& other);
};

int64_t Amount(const ResourceVector& amounts, const Axis& axis);

// share·amount, rounded down, for an amount that is not negative and a share of at most 9. The
// share counts in whole billionths, so that 57 % of 100 is 57 and not 56 (0.57 has no exact
// double).
int64_t Scale(int64_t amount, double share);

// The first axis in which `want` is more than `have`: memory, cpu, pids, then tokens by name.
std::optional<Axis> FirstShortfall(const ResourceVector& want, const ResourceVector& have);

// The larger of both in each dimension.
ResourceVector Max(const ResourceVector& a, const ResourceVector& b);

// "3.0 GiB", "1.50 cores", "12 pids", "2 of token db".
std::string FormatAmount(int64_t amount, const Axis& axis);

}  // namespace headroom
