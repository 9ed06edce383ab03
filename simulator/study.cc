#include "simulator/study.h"

#include <array>
#include <charconv>
#include <cmath>

#include "simulator/references.h"

namespace headroom::sim {
namespace {

// The lines of the two oracles, and what naive looks at: the daemon's defaults.
constexpr double kTarget = 0.60, kCeiling = 0.90;

std::optional<Contender> FixedCountNamed(std::string_view name) {
  constexpr std::string_view kPrefix = "count:";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  std::size_t most = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), most);
  if (error != std::errc() || end != digits.data() + digits.size() || most == 0)
    return std::nullopt;
  return Contender{std::string(name), [most](const Workload&) { return FixedCount(most); }};
}

#define FIGURE(path)                                                                \
  Figure {                                                                          \
#path, [](const RunResult& result) { return static_cast<double>(result.path); } \
  }
constexpr Figure kFigures[] = {
    FIGURE(jobs),
    FIGURE(finished),
    FIGURE(oom_kills),
    FIGURE(rejected),
    FIGURE(over_capacity_seconds),
    FIGURE(makespan_seconds),
    FIGURE(mean_wait_seconds),
    FIGURE(p99_wait_seconds),
    FIGURE(largest_job_p99_wait_seconds),
    FIGURE(mean_utilization_while_waiting.memory),
    FIGURE(mean_utilization_while_waiting.cpu),
    FIGURE(mean_utilization_while_waiting_warm.memory),
    FIGURE(mean_utilization_while_waiting_warm.cpu),
    FIGURE(peak_utilization.memory),
    FIGURE(peak_utilization.cpu),
    FIGURE(p999_utilization.memory),
    FIGURE(p999_utilization.cpu),
};
#undef FIGURE

}  // namespace

std::optional<Contender> ReferenceNamed(std::string_view name, const RunOptions& options) {
  const auto contender = [&](auto make) { return Contender{std::string(name), make}; };
  const auto oracle = [&](double line) {
    return contender([options, line](const Workload& workload) {
      return Clairvoyant(workload, options.capacity, line, options.tick);
    });
  };
  if (name == "none") return contender([](const Workload&) { return NoLimit(); });
  if (name == "naive") return contender([](const Workload&) { return NaiveLiveUsage(kTarget); });
  if (name == "declared") return contender(&DeclaredLimit);
  if (name == "memfree") return contender([](const Workload&) { return MemFree(); });
  if (name == "clairvoyant") return oracle(kTarget);
  if (name == "clairvoyant-peak") return oracle(kCeiling);
  return FixedCountNamed(name);
}

std::span<const Figure> Figures() { return kFigures; }

Estimate EstimateOf(const Standing& standing, const Figure& figure) {
  const auto count = static_cast<double>(standing.runs.size());
  double sum = 0, squares = 0;
  for (const RunResult& run : standing.runs) sum += figure.of(run);
  const double mean = sum / count;
  if (standing.runs.size() < 2) return {mean, 0};
  for (const RunResult& run : standing.runs) squares += std::pow(figure.of(run) - mean, 2);
  return {mean, 1.96 * std::sqrt(squares / (count - 1) / count)};
}

std::vector<Standing> Play(const std::vector<Contender>& contenders,
                           const std::function<Workload(uint64_t seed)>& workload,
                           std::size_t seeds, const RunOptions& options) {
  std::vector<Standing> standings;
  standings.reserve(contenders.size());
  for (const Contender& contender : contenders) standings.push_back({contender.name, {}});
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Workload played = workload(seed);
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const auto scheduler = contenders[i].make(played);
      standings[i].runs.push_back(Simulate(played, *scheduler, options));
    }
  }
  return standings;
}

}  // namespace headroom::sim
