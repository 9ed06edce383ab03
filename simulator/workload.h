#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admission/request.h"
#include "base/clock.h"

// What is played: jobs as they truly are. A controller is shown none of it before a job shows it
// itself.
namespace headroom::sim {

// A point of a curve: at this share of the job's life it uses this share of its peak. Straight
// lines between them; two at one place are a step.
struct Knot {
  double life = 0;
  double use = 0;

  bool operator==(const Knot&) const = default;
};

struct SimJob {
  std::string key;       // what history is kept by
  Duration submitted{};  // after the start of the workload
  Duration runtime{};    // where it gets the CPU that it wants
  int64_t peak_memory_bytes = 0;
  int64_t cpu_millis = 0;
  std::vector<Knot> growth;  // from life 0 to 1; its largest use is 1
  // Page cache that is written and not yet clean comes and goes beside the growth: observed as use,
  // gone as soon as anybody needs the memory.
  int64_t cache_bytes = 0;
  // What its submitter said of it; a controller is shown this.
  DeclaredRequest declared = {};
  std::optional<Duration> declared_duration = std::nullopt;
  std::string tenant = {};
  int32_t priority = 0;

  bool operator==(const SimJob&) const = default;
};

struct Workload {
  std::string name;
  std::vector<SimJob> jobs;  // by `submitted`
};

// The memory that cannot be taken back at this share of the job's life.
int64_t MemoryAt(const SimJob& job, double life);
// What a controller sees of it: with the cache that happens to be dirty.
int64_t ObservedAt(const SimJob& job, double life);
// Averaged over its life.
double MeanMemory(const SimJob& job);

// How tasks grow; a task set gives each key one that most of its jobs share.
enum class Shape { kFlat, kRamp, kStaircase, kLateBurst, kCache };
inline constexpr Shape kShapes[] = {Shape::kFlat, Shape::kRamp, Shape::kStaircase,
                                    Shape::kLateBurst, Shape::kCache};

}  // namespace headroom::sim
