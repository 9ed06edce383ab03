#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "admission/history.h"

// What a key's finished attempts say about what is declared for it. Pure.
namespace headroom {

// Shares of attempts that did not use more (nearest rank), and the most that one used.
struct UsedAmounts {
  int64_t p50 = 0, p95 = 0, most = 0;

  bool operator==(const UsedAmounts&) const = default;
};

// What is asked for a key's jobs; absent: nothing.
struct AskedAmounts {
  std::optional<int64_t> memory_bytes, cpu_millis, memory_limit_bytes;

  bool operator==(const AskedAmounts&) const = default;
};

enum class Finding {
  kOutOfMemory,    // killed at its own limit, and nothing has shown since that it is enough
  kUnderDeclared,  // declares less than one in twenty used
  kOverDeclared,   // declares half as much again as any used, or more
  kTooFew,         // attempts to say anything
  kFine,
};

std::string_view ToString(Finding finding);  // "out_of_memory", "under_declared", …

struct KeyAdvice {
  int64_t attempts = 0;
  int64_t oom_kills = 0;                    // at its own limit
  std::optional<UsedAmounts> memory_bytes;  // absent: never measured
  std::optional<UsedAmounts> cpu_millis;    // of the attempts' averages
  std::optional<Duration> duration_p50, duration_p90;
  // What was reserved and never used, summed over the attempts.
  double wasted_byte_seconds = 0;
  Finding finding = Finding::kTooFew;
  // How many times as much is declared as was used at most; only with kOverDeclared.
  std::optional<double> times;
  // What to declare: a tenth more than any used, and no less than a kill has taught. Only where
  // something is to be changed.
  std::optional<int64_t> declare_memory_bytes;

  bool operator==(const KeyAdvice&) const = default;
};

// Of attempts in the order in which they started; `asked` is that of the last one.
KeyAdvice Advise(const std::vector<FinishedAttempt>& attempts, const AskedAmounts& asked);

}  // namespace headroom
