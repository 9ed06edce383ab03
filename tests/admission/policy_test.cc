#include "admission/policy.h"

#include <gmock/gmock.h>

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Validate, FindsNothingWrongWithTheDefaults) { EXPECT_THAT(Validate(Policy{}), IsEmpty()); }

TEST(Validate, FindsEverythingAtOnce) {  // F45
  Policy policy;
  policy.target.memory = 1.2;
  policy.resume.cpu = 0.7;
  policy.ceiling.pids = 0.5;
  policy.gate[0].open = 6;
  policy.pool.memory_max = {0, 1.5};
  policy.jobs.cpu_weight = 0;
  EXPECT_THAT(
      Validate(policy),
      ElementsAre(
          PolicyProblem{"/admission/target/memory",
                        "expected a share above 0 and below 1, got 1.2"},
          PolicyProblem{"/admission/resume/cpu",
                        "expected a share above 0 and below the target 0.6, got 0.7"},
          PolicyProblem{"/admission/ceiling/pids",
                        "expected a share above the target 0.8 and at most 1, got 0.5"},
          PolicyProblem{"/gate/memory_some/closing", "expected more than open 6, got 5"},
          PolicyProblem{"/pool/memory_max", "expected a share above 0% and at most 100%, got 150%"},
          PolicyProblem{"/jobs/cpu_weight", "expected from 1 to 10000, got 0"}));
}

TEST(Validate, WantsACountInModeCount) {
  Policy policy;
  policy.mode = AdmissionMode::kCount;
  EXPECT_THAT(Validate(policy), ElementsAre(PolicyProblem{"/admission/max_jobs",
                                                          "mode \"count\" needs a number here"}));
  policy.max_jobs = 24;
  EXPECT_THAT(Validate(policy), IsEmpty());
}

TEST(Validate, RefusesADefaultRequestThatCanNeverFit) {  // F46
  Policy policy;
  policy.pool.memory_max = {1 << 30, std::nullopt};
  policy.default_request.memory = {2LL << 30, std::nullopt};
  EXPECT_THAT(Validate(policy),
              ElementsAre(PolicyProblem{"/requests/default/memory",
                                        "expected at most the pool's memory_max of 1.0 GiB, "
                                        "got 2.0 GiB"}));
}

TEST(Validate, RefusesAReserveLargerThanThePool) {  // F45
  Policy policy;
  policy.pool.memory_max = {1 << 30, std::nullopt};
  policy.reserve_memory_bytes = 2LL << 30;
  ASSERT_EQ(Validate(policy).size(), 1U);
  EXPECT_EQ(Validate(policy)[0].pointer, "/admission/reserve/memory");
}

TEST(Validate, RefusesMeasurementsThatAreAlwaysStale) {
  Policy policy;
  policy.tick = std::chrono::seconds(10);
  EXPECT_THAT(Validate(policy),
              ElementsAre(PolicyProblem{"/admission/stale_after",
                                        "expected at least one tick (10s), got 5.0s"}));
}

}  // namespace
}  // namespace headroom
