#include "simulator/workload.h"

#include <algorithm>
#include <cmath>

namespace headroom::sim {
namespace {

// Dirty pages are written back every few percent of a life: a saw-tooth.
constexpr double kCacheTeeth = 20;

double UseAt(const std::vector<Knot>& growth, double life) {
  const auto after = std::ranges::upper_bound(growth, life, {}, &Knot::life);
  if (after == growth.begin()) return growth.front().use;
  const Knot& left = *std::prev(after);
  if (after == growth.end() || after->life == left.life) return left.use;
  return left.use + (after->use - left.use) * (life - left.life) / (after->life - left.life);
}

}  // namespace

int64_t MemoryAt(const SimJob& job, double life) {
  return static_cast<int64_t>(static_cast<double>(job.peak_memory_bytes) * UseAt(job.growth, life));
}

int64_t ObservedAt(const SimJob& job, double life) {
  const double tooth = life * kCacheTeeth - std::floor(life * kCacheTeeth);
  return MemoryAt(job, life) + static_cast<int64_t>(static_cast<double>(job.cache_bytes) * tooth);
}

double MeanMemory(const SimJob& job) {
  double area = 0;
  for (std::size_t i = 1; i < job.growth.size(); ++i) {
    const Knot &left = job.growth[i - 1], &right = job.growth[i];
    area += (right.life - left.life) * (left.use + right.use) / 2;
  }
  return area * static_cast<double>(job.peak_memory_bytes);
}

}  // namespace headroom::sim
