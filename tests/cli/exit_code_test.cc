#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace headroom::cli {
namespace {

TEST(ExitCodeOfJob, IsTheJobsOwn) {
  EXPECT_EQ(ExitCodeOfJob("succeeded", 0, {}), 0);
  EXPECT_EQ(ExitCodeOfJob("failed", 3, {}), 3);
  EXPECT_EQ(ExitCodeOfJob("failed", 255, {}), 255);
}

TEST(ExitCodeOfJob, IsAShellsAfterASignal) {
  EXPECT_EQ(ExitCodeOfJob("signaled", {}, 15), 143);
  EXPECT_EQ(ExitCodeOfJob("oom_killed", {}, 9), 137);
}

TEST(ExitCodeOfJob, IsThatOfTheProcessThatSurvivedAnOomKill) {
  EXPECT_EQ(ExitCodeOfJob("oom_killed", 1, {}), 1);
  EXPECT_EQ(ExitCodeOfJob("oom_killed", {}, {}), 137);
}

TEST(ExitCodeOfJob, Is125WhenTheJobDidNotRunToItsOwnEnd) {
  for (const char* outcome : {"rejected", "launch_failed", "cancelled", "withdrawn", "lost"})
    EXPECT_EQ(ExitCodeOfJob(outcome, {}, {}), 125) << outcome;
  EXPECT_EQ(ExitCodeOfJob("cancelled", {}, 9), 125);
}

TEST(ExitCodeOfJob, IsNeverZeroForWhatDidNotSucceed) {
  EXPECT_EQ(ExitCodeOfJob("failed", 0, {}), 125);
  EXPECT_EQ(ExitCodeOfJob("oom_killed", 0, {}), 125);
  EXPECT_EQ(ExitCodeOfJob("an outcome of a newer daemon", 0, {}), 125);
}

}  // namespace
}  // namespace headroom::cli
