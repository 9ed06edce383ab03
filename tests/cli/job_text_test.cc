#include "cli/job_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/json_read.h"
#include "tests/cli/cli_run.h"

namespace headroom::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const WallTime kNow = *ParseWallTime("2027-01-15T08:00:00.000Z");

Job Read(const nlohmann::json& json) { return ReadJob(json, "test").value(); }

std::string Row(const nlohmann::json& job) {
  const std::string text = Render(JobsTable({Read(job)}, kNow), {});
  return text.substr(text.find('\n') + 1);
}

TEST(JobsTable, ShowsWhyAJobWaits) {
  EXPECT_EQ(
      Row(AWaitingJob(42, 3, "needs 1.0 GiB memory")),
      "42  waiting  nightly  alice  1.0 GiB 0.50c         -     1m 0s  needs 1.0 GiB memory\n");
}

TEST(JobsTable, ShowsWhatARunningJobUsesAndHowLongItHasRun) {
  nlohmann::json job = AJob(42, "running");
  job["started_at"] = "2027-01-15T07:59:50.000Z";
  job["observed"] = {{"memory_bytes", 300 << 20}, {"cpu_millis", 1250}};
  EXPECT_EQ(Row(job), "42  running  nightly  alice  1.0 GiB 0.50c  300 MiB 1.25c       10s\n");
}

TEST(JobsTable, ShowsHowAJobEnded) {
  nlohmann::json job = AFinishedJob(42, "failed");
  job["exit_code"] = 3;
  EXPECT_THAT(Row(job), HasSubstr("failed  nightly"));
  EXPECT_THAT(Row(job), HasSubstr("15s  exit code 3"));
}

TEST(JobsTable, ShowsTokensWithTheRequest) {
  nlohmann::json job = AJob(1);
  job["request"]["tokens"] = {{"db", 2}};
  EXPECT_THAT(Row(job), HasSubstr("1.0 GiB 0.50c 2 db"));
}

nlohmann::json AWaitFor(const std::string& reason,
                        const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json job = AWaitingJob(42, 1, "needs 13.0 GiB memory, the target is passed by 1.7 GiB");
  job["decision"]["reason"] = reason;
  job["decision"].update(more);
  return job;
}

std::string Narrow(const nlohmann::json& job, int width) {
  Look look;
  look.width = width;
  const std::string text = Render(JobsTable({Read(job)}, kNow), look);
  return text.substr(text.find('\n') + 1);
}

TEST(JobsTable, KeepsTheReasonOfAWaitAtEightyColumns) {
  const std::pair<nlohmann::json, const char*> cases[] = {
      {AWaitFor("over_target"), "memory at target"},
      {AWaitFor("over_ceiling", {{"dimension", "pids"}}), "pids at ceiling"},
      {AWaitFor("resting", {{"dimension", "token"}, {"token", "db"}}), "token db taken"},
      {AWaitFor("resting", {{"dimension", "cpu"}}), "cpu resting"},
      {AWaitFor("behind_head", {{"head", 41}}), "behind job 41"},
      {AWaitFor("gate_closed"), "gate closed"},
      {AWaitFor("no_measurement"), "not measured yet"},
      {AWaitFor("stale"), "stale measurement"},
      {AWaitFor("max_jobs"), "max jobs"},
      {AWaitFor("of_tomorrow"), "of tomorrow"}};
  for (const auto& [job, brief] : cases)
    EXPECT_THAT(Narrow(job, 80), HasSubstr(std::string("1m 0s  ") + brief + "\n"));
}

TEST(JobsTable, GivesUpColumnsFromTheLeastImportantOn) {
  nlohmann::json job = AWaitFor("over_target");
  job["observed"] = {{"memory_bytes", 300 << 20}, {"cpu_millis", 1250}};
  EXPECT_EQ(Narrow(job, 200),
            "42  waiting  nightly  alice  1.0 GiB 0.50c  300 MiB 1.25c     1m 0s  needs 13.0 GiB "
            "memory, the target is passed by 1.7 GiB\n");
  EXPECT_EQ(Narrow(job, 80),
            "42  waiting  nightly  1.0 GiB 0.50c  300 MiB 1.25c     1m 0s  memory at target\n");
  EXPECT_EQ(Narrow(job, 60), "42  waiting  nightly     1m 0s  memory at target\n");
  EXPECT_EQ(Narrow(job, 40), "42  waiting  nightly  memory at target\n");
  EXPECT_EQ(Narrow(job, 30), "42  waiting  memory at target\n");
}

TEST(EndText, TellsSignalsOomAndMessagesApart) {
  nlohmann::json job = AFinishedJob(1, "signaled");
  job["signal"] = 15;
  EXPECT_EQ(EndText(Read(job)), "signal 15 (SIGTERM)");
  job = AFinishedJob(1, "oom_killed");
  job["signal"] = 9;
  job["oom"] = "job_limit";
  EXPECT_EQ(EndText(Read(job)), "out of memory: over its own limit");
  job = AFinishedJob(1, "launch_failed");
  job["message"] = "exec ./x: No such file or directory (ENOENT)";
  EXPECT_EQ(EndText(Read(job)), "exec ./x: No such file or directory (ENOENT)");
  EXPECT_EQ(EndText(Read(AFinishedJob(1, "cancelled"))), "cancelled");
  EXPECT_EQ(EndText(Read(AJob(1))), "");
}

TEST(Age, IsNeverNegativeWhenTheClockWasSetBack) {  // F25
  nlohmann::json job = AJob(1);
  job["submitted_at"] = "2027-01-15T09:00:00.000Z";
  EXPECT_EQ(Age(Read(job), kNow), Duration::zero());
}

TEST(JobText, SaysEverythingOnce) {
  nlohmann::json job = AFinishedJob(42, "failed");
  job["exit_code"] = 3;
  job["tenant"] = "web";
  job["limits"] = {{"memory_bytes", 2LL << 30}};
  job["usage"] = {{"peak_memory_bytes", 700 << 20}, {"peak_pids", 4}, {"cpu_seconds", 12.5}};
  job["log"] = {{"stdout_dropped_bytes", 5 << 20}};
  EXPECT_EQ(JobText(Read(job), kNow, {}),
            "job 42 (nightly) failed\n"
            "  command       sh -c 'exit 0'\n"
            "  directory     /srv\n"
            "  user          alice (tenant web, key nightly)\n"
            "  requested     1.0 GiB memory (declared), 0.50 cores (history), 32 pids (default)\n"
            "  limited to    2.0 GiB memory\n"
            "  submitted     2027-01-15T07:59:00.000Z (1m 0s ago)\n"
            "  started       2027-01-15T07:59:30.000Z (30s ago)\n"
            "  finished      2027-01-15T07:59:45.000Z (15s ago)\n"
            "  ran           for 15s\n"
            "  ended         exit code 3\n"
            "  used at most  700 MiB memory, 4 pids, 12.5 s of CPU\n"
            "  logs          5.0 MiB of stdout dropped: over the policy's jobs.log_max\n");
}

// F58
TEST(DroppedText, TellsAFullDiskFromTheLimit) {
  nlohmann::json job = AFinishedJob(42, "succeeded");
  job["log"] = {{"stdout_dropped_bytes", 4},
                {"stderr_dropped_bytes", 2048},
                {"stdout_error", "write: No space left on device (ENOSPC)"},
                {"stderr_error", nullptr}};
  EXPECT_EQ(DroppedText(Read(job)),
            "2.0 KiB of stderr dropped: over the policy's jobs.log_max; "
            "4 B of stdout dropped: write: No space left on device (ENOSPC)");
  job["log"]["stderr_error"] = job["log"]["stdout_error"];
  EXPECT_EQ(DroppedText(Read(job)),
            "4 B of stdout, 2.0 KiB of stderr dropped: write: No space left on device (ENOSPC)");
}

TEST(JobText, EscapesTheCommand) {  // F41
  nlohmann::json job = AJob(1);
  job["command"] = {"echo", "\x1b]0;owned\x07"};
  EXPECT_THAT(JobText(Read(job), kNow, {}), HasSubstr("echo '\\x1b]0;owned\\x07'"));
}

TEST(ShellQuote, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(ShellQuote({"a", "b c", "it's", "", "$x", "--flag=1"}),
            R"(a 'b c' 'it'\''s' '' '$x' --flag=1)");
}

TEST(ReadJob, RefusesWhatIsNoJob) {
  EXPECT_FALSE(ReadJob({{"id", "42"}, {"state", "waiting"}}, "show"));
  EXPECT_FALSE(ReadJob({{"id", 42}}, "show"));
  EXPECT_FALSE(ReadJob(nlohmann::json::array(), "show"));
}

TEST(ReadJob, TakesFieldsThatItDoesNotKnowAndMissesNone) {
  const Job job = Read({{"id", 1}, {"state", "waiting"}, {"of_a_newer_daemon", {1, 2}}});
  EXPECT_EQ(job.id, 1);
  EXPECT_EQ(job.decision, std::nullopt);
}

}  // namespace
}  // namespace headroom::cli
