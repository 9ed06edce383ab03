#include "simulator/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "simulator/references.h"
#include "tests/simulator/sim_builders.h"

namespace headroom::sim {
namespace {

const RunOptions kOptions{AHost(), std::chrono::seconds(1)};

const Figure& FigureOf(std::string_view name) {
  for (const Figure& figure : Figures())
    if (figure.name == name) return figure;
  std::abort();
}

TEST(ReferenceNamed, KnowsEveryNameThatItOffers) {
  for (const std::string_view name : kReferenceNames) {
    const auto contender = ReferenceNamed(name, kOptions);
    ASSERT_TRUE(contender) << name;
    EXPECT_EQ(contender->name, name);
    const Workload workload = AWorkload({AJob(kGiB, 3), AJob(kGiB, 3)});
    EXPECT_EQ(Simulate(workload, *contender->make(workload), kOptions).finished, 2) << name;
  }
}

TEST(ReferenceNamed, KnowsNoOther) {
  for (const char* name : {"", "count", "count:", "count:0", "count:-1", "count:2x", "None"})
    EXPECT_FALSE(ReferenceNamed(name, kOptions)) << name;
}

TEST(Play, ShowsEveryContenderTheSameWorkloads) {
  std::vector<std::string> played;
  const auto workload = [&](uint64_t seed) {
    return AWorkload({AJob(kGiB, static_cast<int64_t>(seed))});
  };
  const auto standings = Play({{"a", [](const Workload&) { return NoLimit(); }},
                               {"b", [](const Workload&) { return FixedCount(1); }}},
                              workload, 3, kOptions);
  ASSERT_EQ(standings.size(), 2U);
  for (const Standing& standing : standings) {
    ASSERT_EQ(standing.runs.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(standing.runs[i].makespan_seconds, static_cast<double>(i + 1));
  }
}

TEST(EstimateOf, IsTheMeanWithTheIntervalOfItsError) {
  Standing standing{"a", std::vector<RunResult>(4)};
  for (std::size_t i = 0; i < 4; ++i) standing.runs[i].mean_wait_seconds = i < 2 ? 1 : 3;
  const Estimate estimate = EstimateOf(standing, FigureOf("mean_wait_seconds"));
  EXPECT_DOUBLE_EQ(estimate.mean, 2);
  EXPECT_DOUBLE_EQ(estimate.ci95, 1.96 * std::sqrt(4.0 / 3 / 4));
}

TEST(EstimateOf, KnowsNoErrorOfOneSeed) {
  EXPECT_EQ(EstimateOf({"a", std::vector<RunResult>(1)}, FigureOf("jobs")).ci95, 0);
}

}  // namespace
}  // namespace headroom::sim
