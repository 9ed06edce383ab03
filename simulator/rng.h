#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

#include "admission/draw.h"

// Random numbers of our own: the standard's distributions differ from library to library.
namespace headroom::sim {

// One stream of a seed. Seeds and streams are hashed before they are used: of an additive generator
// the neighbouring seeds would be one stream, shifted.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0)
      : state_(Hashed(Hashed(seed) ^ Hashed(~stream))) {}

  uint64_t Next() { return Hashed(state_ += 0x9e3779b97f4a7c15); }

  // In [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  double Uniform(double least, double most) { return least + (most - least) * Uniform(); }
  // In [least, most]. The bias of the remainder is below most/2^64.
  int64_t Integer(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(Next() % static_cast<uint64_t>(most - least + 1));
  }
  double Exponential(double mean) { return -mean * std::log1p(-Uniform()); }
  double Normal() {  // Box and Muller 1958
    const double radius = std::sqrt(-2 * std::log1p(-Uniform()));
    return radius * std::cos(2 * std::numbers::pi * Uniform());
  }
  double LogNormal(double median, double sigma) { return median * std::exp(sigma * Normal()); }

  template <class Items>
  void Shuffle(Items& items) {
    for (std::size_t left = items.size(); left > 1; --left)
      std::swap(items[left - 1],
                items[static_cast<std::size_t>(Integer(0, static_cast<int64_t>(left) - 1))]);
  }

 private:
  uint64_t state_;
};

}  // namespace headroom::sim
