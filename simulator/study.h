#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/run.h"

// Several policies on the same workloads, over many seeds.
namespace headroom::sim {

// A policy under test: makes its scheduler for a workload, which outlives it.
struct Contender {
  std::string name;
  std::function<std::unique_ptr<Scheduler>(const Workload& workload)> make;
};

// Their references by name, as `headroom simulate --reference` takes them: none, count:N, naive,
// declared, memfree, clairvoyant, clairvoyant-peak. Absent: there is no such one.
std::optional<Contender> ReferenceNamed(std::string_view name, const RunOptions& options);
inline constexpr std::string_view kReferenceNames[] = {
    "none", "count:24", "naive", "declared", "memfree", "clairvoyant", "clairvoyant-peak"};

// One figure of a result, by name; "a.b" is b in the group a.
struct Figure {
  std::string_view name;
  double (*of)(const RunResult& result);
};
std::span<const Figure> Figures();

struct Estimate {
  double mean = 0;
  double ci95 = 0;  // half the width of the 95 % interval of the mean; 0 with one seed
};

struct Standing {
  std::string policy;
  std::vector<RunResult> runs;  // by seed
};
Estimate EstimateOf(const Standing& standing, const Figure& figure);

// Plays every contender on each workload, in turn, so that a slow one is no other's excuse.
std::vector<Standing> Play(const std::vector<Contender>& contenders,
                           const std::function<Workload(uint64_t seed)>& workload,
                           std::size_t seeds, const RunOptions& options);

}  // namespace headroom::sim
