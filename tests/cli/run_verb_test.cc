#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/fd.h"
#include "tests/cli/cli_run.h"
#include "tests/cli/fake_daemon.h"

namespace headroom::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string LogLine(const char* stream, int64_t offset) {
  return "GET /v1/jobs/7/logs?stream=" + std::string(stream) + "&offset=" + std::to_string(offset) +
         "&limit=1048576";
}

json Ended(const std::string& outcome, const json& exit_code = nullptr,
           const json& signal = nullptr) {
  json job = AFinishedJob(7, outcome);
  job["exit_code"] = exit_code;
  job["signal"] = signal;
  return job;
}

// A daemon whose job 7 waits, runs, writes "out" and "err", and ends as given.
class ADaemonWithAJob : public FakeDaemon {
 public:
  explicit ADaemonWithAJob(const json& end) {
    On("POST /v1/jobs", {Json(AJob(7), 201)});
    On("GET /v1/jobs/7",
       {Json(AWaitingJob(7, 1, "needs room")), Json(AJob(7, "running")), Json(end)});
    On(LogLine("stdout", 0), {Log("", 0, false), Log("out", 3, false)});
    On(LogLine("stdout", 3), {Log("", 3, true)});
    On(LogLine("stderr", 0), {Log("err", 3, false)});
    On(LogLine("stderr", 3), {Log("", 3, true)});
    On("POST /v1/jobs/7/cancel", {Json(AJob(7, "stopping"))});
  }
};

// A terminal of its own, for what is only said to people.
class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0) return;
    slave_.Reset(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY));
  }
  int fd() const { return slave_.get(); }

 private:
  UniqueFd master_, slave_;
};

TEST(Run, StreamsBothOutputsAndEndsAsTheJobDid) {
  ADaemonWithAJob daemon(Ended("failed", 3));
  const Ran ran = CliRun(daemon.socket())({"run", "--", "sh", "-c", "exit 3"});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_EQ(ran.out, "out");
  EXPECT_EQ(ran.err, "err");
}

TEST(Run, EndsWith0ForAJobThatSucceeded) {
  ADaemonWithAJob daemon(Ended("succeeded", 0));
  EXPECT_EQ(CliRun(daemon.socket())({"run", "true"}).exit, 0);
}

TEST(Run, EndsAsAShellDoesAfterASignalAndSaysWhich) {
  ADaemonWithAJob daemon(Ended("signaled", nullptr, 15));
  const Ran ran = CliRun(daemon.socket())({"run", "true"});
  EXPECT_EQ(ran.exit, 143);
  EXPECT_THAT(ran.err, HasSubstr("job 7 signaled: signal 15 (SIGTERM)"));
}

TEST(Run, EndsWith137AndTheCauseForAJobOutOfMemory) {
  json end = Ended("oom_killed", nullptr, 9);
  end["oom"] = "job_limit";
  ADaemonWithAJob daemon(end);
  const Ran ran = CliRun(daemon.socket())({"run", "true"});
  EXPECT_EQ(ran.exit, 137);
  EXPECT_THAT(ran.err, HasSubstr("out of memory: over its own limit"));
}

TEST(Run, EndsWith125AndTheReasonForAJobThatCanNeverFit) {
  FakeDaemon daemon;
  json end = AFinishedJob(7, "rejected");
  end["attempt"] = 0;
  end["message"] = "needs 2.0 TiB memory, jobs can have at most 8.0 GiB on this host";
  daemon.On("POST /v1/jobs", {Json(AJob(7), 201)}).On("GET /v1/jobs/7", {Json(end)});
  const Ran ran = CliRun(daemon.socket())({"run", "true"});
  EXPECT_EQ(ran.exit, 125);
  EXPECT_THAT(ran.err, HasSubstr("job 7 rejected: needs 2.0 TiB memory"));
}

TEST(Run, EndsWith125ForACommandThatCouldNotBeLaunched) {
  FakeDaemon daemon;
  json end = AFinishedJob(7, "launch_failed");
  end["message"] = "exec nope: No such file or directory (ENOENT)";
  daemon.On("POST /v1/jobs", {Json(AJob(7), 201)}).On("GET /v1/jobs/7", {Json(end)});
  const Ran ran = CliRun(daemon.socket())({"run", "nope"});
  EXPECT_EQ(ran.exit, 125);
  EXPECT_THAT(ran.err, HasSubstr("exec nope: No such file"));
}

TEST(Run, CancelsOnceAtCtrlCAndWaitsForTheEnd) {
  ADaemonWithAJob daemon(Ended("cancelled"));
  CliRun headroom(daemon.socket());
  headroom.waiter.wakes = {Wake::kTimeout, Wake::kInterrupt};
  const Ran ran = headroom({"run", "sleep", "60"});
  EXPECT_EQ(ran.exit, 125);
  EXPECT_EQ(daemon.Count("POST /v1/jobs/7/cancel"), 1);
  EXPECT_THAT(ran.err, HasSubstr("cancelling job 7"));
  EXPECT_THAT(ran.err, HasSubstr("job 7 cancelled"));
}

TEST(Run, LeavesAtTheSecondCtrlC) {
  ADaemonWithAJob daemon(Ended("cancelled"));
  CliRun headroom(daemon.socket());
  headroom.waiter.wakes = {Wake::kInterrupt, Wake::kInterrupt};
  const Ran ran = headroom({"run", "sleep", "60"});
  EXPECT_EQ(ran.exit, 130);
  EXPECT_EQ(daemon.Count("POST /v1/jobs/7/cancel"), 1);
  EXPECT_THAT(ran.err, HasSubstr("headroom show 7"));
}

TEST(Run, GoesOnWhereItWasWhenTheDaemonWasAwayForAWhile) {
  ADaemonWithAJob daemon(Ended("succeeded", 0));
  daemon.On(LogLine("stdout", 0), {Verbatim(""), Verbatim("HTTP/1.1 200"), Log("out", 3, false)});
  const Ran ran = CliRun(daemon.socket())({"run", "true"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "out");
  EXPECT_THAT(ran.err, HasSubstr("the daemon went away; job 7 goes on without it"));
}

TEST(Run, GivesUpOnADaemonThatStaysAway) {
  ADaemonWithAJob daemon(Ended("succeeded", 0));
  daemon.On("GET /v1/jobs/7", {Verbatim("")});
  CliRun headroom(daemon.socket());
  const Ran ran = headroom({"run", "true"});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_GE(headroom.waiter.waits, 60);
}

TEST(Run, DoesNotRetryWhatTheDaemonRefuses) {
  ADaemonWithAJob daemon(Ended("succeeded", 0));
  daemon.On("GET /v1/jobs/7", {Refusal(503, "the state file cannot be read")});
  CliRun headroom(daemon.socket());
  EXPECT_EQ(headroom({"run", "true"}).exit, 1);
  EXPECT_EQ(headroom.waiter.waits, 0);
}

TEST(Run, SaysToATerminalWhyTheJobWaits) {
  const Terminal terminal;
  ADaemonWithAJob daemon(Ended("succeeded", 0));
  std::vector<Reply> waits(60, Json(AWaitingJob(7, 1, "needs 1.0 GiB memory")));
  waits.push_back(Json(AJob(7, "running")));
  waits.push_back(Json(Ended("succeeded", 0)));
  daemon.On("GET /v1/jobs/7", waits);
  CliRun headroom(daemon.socket());
  headroom.err_fd = terminal.fd();
  EXPECT_EQ(headroom({"run", "true"}).err,
            "headroom: job 7 waits: needs 1.0 GiB memory\nerr");  // once
}

TEST(Run, SaysNothingAboutAShortWaitNorToAFile) {
  const Terminal terminal;
  ADaemonWithAJob daemon(Ended("succeeded", 0));
  CliRun headroom(daemon.socket());
  headroom.err_fd = terminal.fd();
  EXPECT_EQ(headroom({"run", "true"}).err, "err");
}

TEST(Run, SaysWhatOfTheOutputIsMissing) {
  json end = Ended("succeeded", 0);
  end["log"] = {{"stdout_dropped_bytes", 1 << 20}, {"stderr_dropped_bytes", 0}};
  ADaemonWithAJob daemon(end);
  const Ran ran = CliRun(daemon.socket())({"run", "true"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.err,
              HasSubstr("job 7: 1.0 MiB of stdout dropped: over the policy's jobs.log_max"));
}

TEST(Run, PrintsTheFinishedJobAsJsonAndNotItsOutput) {
  ADaemonWithAJob daemon(Ended("failed", 3));
  const Ran ran = CliRun(daemon.socket())({"--json", "run", "false"});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_EQ(ran.json()["outcome"], "failed");
  EXPECT_EQ(ran.json()["schema_version"], 1);
  EXPECT_EQ(daemon.Count(LogLine("stdout", 0)), 0);
}

TEST(Run, PassesTheBytesOfTheJobOnUnchanged) {
  ADaemonWithAJob daemon(Ended("succeeded", 0));
  daemon.On(LogLine("stdout", 0), {Log(std::string("\0\xff\x1b[31m", 7), 7, true)});
  EXPECT_EQ(CliRun(daemon.socket())({"run", "true"}).out, std::string("\0\xff\x1b[31m", 7));
}

}  // namespace
}  // namespace headroom::cli
