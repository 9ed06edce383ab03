#include "admission/policy_lint.h"

#include <gmock/gmock.h>

namespace headroom {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

auto At(const char* pointer, const char* message) {
  return ::testing::AllOf(Field(&PolicyProblem::pointer, pointer),
                          Field(&PolicyProblem::message, HasSubstr(message)));
}

TEST(Lint, FindsNothingInTheDefaults) { EXPECT_THAT(Lint(Policy{}), IsEmpty()); }

TEST(Lint, FindsJobsThatRunOnlyAlone) {
  Policy policy;
  policy.default_request.memory.share = 0.7;
  EXPECT_THAT(Lint(policy), ElementsAre(At("/requests/default/memory", "above the target of 60%")));
}

TEST(Lint, FindsATenantWhoseJobsCanNeverStart) {
  Policy policy;
  policy.tokens = {{"db", 6}};
  policy.tenants = {{"ann", 1, {}, 0.01, 0.02, {}, {{"db", 0}}}};
  EXPECT_THAT(Lint(policy),
              ElementsAre(At("/tenants/ann/most/memory", "none of this tenant's can start"),
                          At("/tenants/ann/most/cpu", "2.5%, /requests/default/cpu"),
                          At("/tenants/ann/most/tokens/db", "never starts")));
}

TEST(Lint, FindsQuotasThatCannotBeHad) {
  Policy policy;
  policy.tenants = {{"ann", 1, 0.5, {}, {}, {}, {}}, {"bob", 1, 0.25, 0.2, 0.2, {}, {}}};
  EXPECT_THAT(Lint(policy), ElementsAre(At("/tenants/bob/quota", "more than /most"),
                                        At("/tenants", "add up to 75%")));
}

TEST(Lint, FindsAQueueThatCanStarve) {
  Policy policy;
  policy.queue.ageing.reset();
  policy.queue.order = QueueOrder::kJobRunner;
  EXPECT_THAT(Lint(policy),
              ElementsAre(At("/queue/ageing", "starve"), At("/queue/order", "no bound on a wait")));
}

TimeWindow Drain(hours from, hours to) { return {"db", {}, from, to, true, {}, {}}; }

TEST(Lint, FindsDrainWindowsThatLeaveLittleTimeBetweenThem) {
  Policy policy;
  policy.windows = {Drain(hours(22), hours(4))};
  EXPECT_THAT(Lint(policy), ElementsAre(At("/windows", "longer than 18h 0m: a job that")));
  policy.windows = {Drain(hours(0), hours(13)), Drain(hours(12), hours(24))};
  EXPECT_THAT(Lint(policy), ElementsAre(At("/windows", "nothing ever starts")));
  policy.windows = {Drain(hours(2), hours(4))};
  policy.windows[0].days = {2};
  EXPECT_THAT(Lint(policy), IsEmpty());
}

TEST(Lint, FindsWhatHasNoEffect) {
  Policy policy;
  policy.queue.order = QueueOrder::kAge;
  policy.queue.due_after = hours(1);
  policy.tenants = {{"ann", 2, {}, {}, {}, {}, {}}};
  policy.jobs.memory_max = 9LL << 30;
  policy.pool.memory_max = {8LL << 30, std::nullopt};
  EXPECT_THAT(Lint(policy),
              ElementsAre(At("/queue/due_after", "no effect"), At("/queue/order", "order nothing"),
                          At("/jobs/memory_max", "9.0 GiB is above the pool's 8.0")));
}

TEST(Lint, SaysThatAModeKeepsNothingSafe) {
  Policy policy;
  policy.mode = AdmissionMode::kNone;
  EXPECT_THAT(Lint(policy), ElementsAre(At("/admission/mode", "keeps nothing safe")));
}

TEST(WaitBound, RestsOnWhenAJobIsDue) {
  Policy policy;
  EXPECT_THAT(WaitBound(policy), HasSubstr("due after 30 times the average duration"));
  EXPECT_THAT(WaitBound(policy), HasSubstr("more for each step to the highest priority"));
  policy.queue.due_after = hours(2);
  EXPECT_THAT(WaitBound(policy), HasSubstr("due after 2h"));
  policy.queue.order = QueueOrder::kAge;
  EXPECT_THAT(WaitBound(policy), HasSubstr("due at once"));
}

TEST(WaitBound, IsNoneWhereAJobCanWaitForEver) {
  Policy policy;
  policy.queue.ageing.reset();
  EXPECT_THAT(WaitBound(policy), HasSubstr("for ever behind a higher priority"));
  policy.queue.order = QueueOrder::kJobRunner;
  EXPECT_THAT(WaitBound(policy), HasSubstr("for ever"));
}

}  // namespace
}  // namespace headroom
