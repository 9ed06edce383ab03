#include "daemon/event_detail.h"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(FinishDetail, SaysHowAJobEndedAndNotWhatItRan) {
  JobRecord job;
  job.submission.command = {"secret-command"};
  job.submission.environment = {{"TOKEN", "secret"}};
  job.outcome = JobOutcome::kFailed;
  job.exit_code = 3;
  EXPECT_EQ(
      FinishDetail(job),
      R"({"exit_code":3,"message":"","oom":"none","outcome":"failed","peak_memory_bytes":null,"signal":null})");
}

TEST(RefusalDetail, SaysWhereInThePolicyAndHowMuchMoreIsWrong) {
  EXPECT_EQ(RefusalDetail({{"/tick", "expected from 10ms to 1m, got 0s"}, {"/gate", "expected"}}),
            R"({"message":"expected from 10ms to 1m, got 0s","pointer":"/tick","problems":2})");
}

// F37
TEST(MessageDetail, ReplacesBytesThatAreNotText) {
  EXPECT_EQ(MessageDetail("a\xff"
                          "b"),
            "{\"message\":\"a\xef\xbf\xbd"
            "b\"}");
}

}  // namespace
}  // namespace headroom
