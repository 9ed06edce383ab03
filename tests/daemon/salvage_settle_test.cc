#include "daemon/salvage_settle.h"

#include <gtest/gtest.h>

#include "tests/daemon/a_job_record.h"

// What becomes of a job of which only some is left (F8, I2).
namespace headroom {
namespace {

using Found = Trace::Found;

FoundJob AFound(JobState state, int32_t attempt) {
  FoundJob found{AJobRecord().State(state), true, true, true, 0};
  found.record.attempt = attempt;
  return found;
}

std::string StateOf(const FoundJob& found, std::optional<Trace> trace = {}) {
  const JobRecord job = Settle(found, trace ? &*trace : nullptr, {});
  return job.outcome ? ToString(*job.outcome) : ToString(job.state);
}

TEST(Settle, WaitsOnlyIfItCertainlyWasNotStarted) {
  FoundJob found = AFound(JobState::kWaiting, 1);
  EXPECT_EQ(StateOf(found), "waiting");
  EXPECT_EQ(StateOf(found, Trace{1, Found::kGivenUp, {}}), "waiting");
  EXPECT_EQ(StateOf(found, Trace{2, Found::kClaim, {}}), "lost");
  EXPECT_EQ(StateOf(found, Trace{2, Found::kShim, {}}), "starting");
  EXPECT_EQ(StateOf(found, Trace{2, Found::kRecord, {}}), "starting");
  EXPECT_EQ(StateOf(found, Trace{2, Found::kGivenUp, {}}), "starting");
  found.is_current = false;
  EXPECT_EQ(StateOf(found), "lost");
  found = AFound(JobState::kWaiting, 0);
  found.submission_is_known = false;
  EXPECT_EQ(StateOf(found), "lost");
  found = AFound(JobState::kStarting, 0);
  found.state_is_known = false;
  EXPECT_EQ(StateOf(found), "lost");
}

TEST(Settle, AdoptsWhatLivesOrLeftARecordWhateverElseIsKnown) {
  for (const Found trace : {Found::kShim, Found::kRecord}) {
    for (const bool state : {true, false}) {
      for (const bool submission : {true, false}) {
        FoundJob found = AFound(JobState::kStarting, state ? 3 : 0);
        found.state_is_known = state;
        found.submission_is_known = submission;
        found.is_current = false;
        EXPECT_EQ(StateOf(found, Trace{3, trace, {}}), "starting");
      }
    }
  }
  EXPECT_EQ(StateOf(AFound(JobState::kStopping, 1), Trace{1, Found::kShim, {}}), "stopping");
}

TEST(Settle, PutsInLineOnlyWhatIsKnownToHaveBeenGivenUp) {
  FoundJob found = AFound(JobState::kRunning, 1);
  EXPECT_EQ(StateOf(found, Trace{1, Found::kGivenUp, {}}), "running");  // Recover() knows
  found.submission_is_known = false;
  EXPECT_EQ(StateOf(found, Trace{1, Found::kGivenUp, {}}), "lost");
  EXPECT_EQ(StateOf(AFound(JobState::kStarting, 1)), "starting");
  EXPECT_EQ(StateOf(AFound(JobState::kRunning, 1)), "lost");
  EXPECT_EQ(StateOf(AFound(JobState::kRunning, 1), Trace{1, Found::kClaim, {}}), "lost");
}

TEST(Settle, LeavesTheFinishedAlone) {
  FoundJob found = AFound(JobState::kWaiting, 0);
  found.record = AJobRecord().Finished();
  found.is_current = false;
  EXPECT_EQ(StateOf(found, Trace{9, Found::kClaim, {}}), "succeeded");
}

}  // namespace
}  // namespace headroom
