#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

// Draws that are functions of what they are drawn for: the same snapshot, the same answer.
namespace headroom {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
constexpr uint64_t Hashed(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// FNV-1a.
constexpr uint64_t Hashed(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// What WaitingJob::key and RunningJob::key hold of a key; 0 is none.
constexpr uint64_t KeyNumber(std::string_view key) { return key.empty() ? 0 : Hashed(key) | 1; }

// The n-th draw of somebody: in [0, 1).
inline double UniformDraw(uint64_t whose, uint64_t n) {
  return static_cast<double>(Hashed(Hashed(whose) ^ Hashed(~n)) >> 11) * 0x1p-53;
}

// Of mean 0 and variance 1: the sum of three uniform draws, which never leaves [-3, 3].
inline double NormalDraw(uint64_t whose, uint64_t n) {
  return 2 * (UniformDraw(whose, 3 * n) + UniformDraw(whose, 3 * n + 1) +
              UniformDraw(whose, 3 * n + 2) - 1.5);
}

// The value of a lognormal distribution at a normal one's z. REQUIRES: mean > 0.
inline double LogNormalAt(double mean, double spread, double z) {
  const double variance = std::log1p(spread * spread / (mean * mean));
  return mean * std::exp(std::sqrt(variance) * z - variance / 2);
}

}  // namespace headroom
