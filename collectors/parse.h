#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "collectors/measurements.h"

// The forms that the kernel writes its numbers in. Pure and total: any text gives a value or a
// kCorrupt error that quotes what was found; a file whose last line was cut short is never taken
// for a whole one, because half a number is a wrong number. Unknown keys are skipped (newer kernels
// add some), absent keys stay absent (older kernels lack some). Threads: any.
namespace headroom {

// "12345\n": an amount, never negative.
Result<int64_t> ParseAmount(std::string_view text);

// "12345\n" or "max\n", which is no limit.
Result<std::optional<int64_t>> ParseLimit(std::string_view text);

// "0-3,8-11\n" -> 8; "\n" -> 0. The list format of cpuset(7).
Result<int64_t> CountCpuList(std::string_view text);

// A PSI file (Documentation/accounting/psi.rst): "some avg10=0.12 avg60=… avg300=… total=12345\n",
// then the same for "full", which older kernels leave out for CPU. A line without avg10 is an
// error.
Status ParsePsi(std::string_view text, Psi& into);

// TakeAmount() for any number of digits.
bool TakeLongAmount(std::string_view& text, int64_t& amount);

// Takes a number off the front of `text`. False, and nothing taken, if none is there or it does not
// fit. A sweep does little else, and nearly all numbers are too short to overflow: those need no
// check at every digit.
inline bool TakeAmount(std::string_view& text, int64_t& amount) {
  constexpr std::size_t kAlwaysFits = 18;  // digits of an int64_t
  int64_t value = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits == kAlwaysFits) return TakeLongAmount(text, amount);
    value = value * 10 + (text[digits] - '0');
  }
  if (digits == 0) return false;
  amount = value;
  text.remove_prefix(digits);
  return true;
}

// Takes `key`, a string literal, off the front of `text` if it is there. Its length is known to the
// compiler, which makes one or two comparisons of words of it instead of a call.
template <std::size_t N>
bool TakeLiteral(std::string_view& text, const char (&key)[N]) {
  if (text.size() < N - 1 || __builtin_memcmp(text.data(), key, N - 1) != 0) return false;
  text.remove_prefix(N - 1);
  return true;
}

// What every parser here says when it cannot go on: the line, shortened and made printable.
tl::unexpected<Error> Corrupt(std::string_view expected, std::string_view line);

// "KEY VALUE\n".
struct FlatLine {
  std::string_view key, value;
};

// Takes a line off the front of a flat keyed file. False, and nothing taken, if there is no whole
// one.
inline bool TakeFlatLine(std::string_view& text, FlatLine& line) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return false;
  const std::string_view whole = text.substr(0, end);
  const auto space = whole.find(' ');
  if (space == std::string_view::npos) return false;
  line = {whole.substr(0, space), whole.substr(space + 1)};
  text.remove_prefix(end + 1);
  return true;
}

// A key of a flat keyed file and the field that its value goes to.
template <class T>
struct FlatKey {
  std::string_view key;
  std::optional<int64_t> T::*into;
};

// The index of `key` in `keys`, looking from `start` round to it again; N if it is not there.
template <class T, std::size_t N>
std::size_t FindKey(const FlatKey<T> (&keys)[N], std::string_view key, std::size_t start) {
  for (std::size_t i = start; i < N; ++i) {
    if (keys[i].key == key) return i;
  }
  for (std::size_t i = 0; i < start; ++i) {
    if (keys[i].key == key) return i;
  }
  return N;
}

// Reads those lines of a flat keyed file that `keys` names, in whatever order they come, and stops
// when it has them all. Fastest when `keys` is in the kernel's own order. On failure none of them
// is set.
template <class T, std::size_t N>
Status ParseFlatKeyed(std::string_view text, const FlatKey<T> (&keys)[N], T& into) {
  const auto fail = [&](std::string_view expected) {
    for (const FlatKey<T>& key : keys) (into.*key.into).reset();
    return Corrupt(expected, text);
  };
  if (text.empty()) return fail("\"key value\" lines");
  std::size_t likely = 0;
  for (std::size_t found = 0; found < N && !text.empty();) {
    FlatLine line;
    const std::string_view rest = text;
    if (!TakeFlatLine(text, line)) return fail("a whole line \"key value\"");
    const std::size_t i = FindKey(keys, line.key, likely);
    if (i == N) continue;
    int64_t amount = 0;
    if (!TakeAmount(line.value, amount) || !line.value.empty()) {
      text = rest;
      return fail("\"key number\"");
    }
    into.*keys[i].into = amount;
    likely = i + 1;
    ++found;
  }
  return {};
}

// A PSI file into the `pressure` of a sample; absent there if it is not one.
template <auto Resource, class Sample>
Status ParsePressure(std::string_view text, Sample& into) {
  Psi psi;
  Status parsed = ParsePsi(text, psi);
  if (parsed) into.pressure.*Resource = psi;
  return parsed;
}

}  // namespace headroom
