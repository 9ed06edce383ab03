#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/api_server.h"

// Jobs' output over a real socket.
namespace headroom {
namespace {

TEST(ReadLog, ReadsOnFromWhereItStopped) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot, JobState::kRunning);
  server.service.log_path = server.dir.path();
  const std::string text("one\0two\xff\n", 9);
  std::ofstream(server.dir / "stdout") << text;
  const auto first = server.Get("/v1/jobs/1/logs?limit=4");
  EXPECT_EQ(first.body, text.substr(0, 4));
  EXPECT_EQ(first.Header("X-Headroom-Offset-Next"), "4");
  EXPECT_EQ(first.Header("X-Headroom-Complete"), "false");
  const auto rest = server.Get("/v1/jobs/1/logs?offset=4");
  EXPECT_EQ(rest.body, text.substr(4));
  EXPECT_EQ(rest.Header("X-Headroom-Complete"), "false");  // it may write more
  server.service.jobs[JobId{1}].record.state = JobState::kFinished;
  EXPECT_EQ(server.Get("/v1/jobs/1/logs?offset=4").Header("X-Headroom-Complete"), "true");
}

TEST(ReadLog, ReadsAttemptsOneAfterTheOther) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot, JobState::kFinished).record.attempt = 3;
  server.service.log_path = server.dir.path();
  std::ofstream(server.dir / "stdout") << "first ";
  std::ofstream(server.dir / "stdout.3") << "third";  // the second never ran
  EXPECT_EQ(server.Get("/v1/jobs/1/logs").body, "first third");
  const auto part = server.Get("/v1/jobs/1/logs?offset=4&limit=4");
  EXPECT_EQ(part.body, "t th");
  EXPECT_EQ(part.Header("X-Headroom-Offset-Next"), "8");
  EXPECT_EQ(part.Header("X-Headroom-Complete"), "false");
  const auto rest = server.Get("/v1/jobs/1/logs?offset=8");
  EXPECT_EQ(rest.body, "ird");
  EXPECT_EQ(rest.Header("X-Headroom-Complete"), "true");
  EXPECT_EQ(server.Get("/v1/jobs/1/logs?offset=99").body, "");
}

TEST(ReadLog, IsNotCompleteWhileThereIsMore) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot, JobState::kFinished);
  server.service.log_path = server.dir.path();
  std::ofstream(server.dir / "stderr") << "oops";
  const auto part = server.Get("/v1/jobs/1/logs?stream=stderr&limit=3");
  EXPECT_EQ(part.body, "oop");
  EXPECT_EQ(part.Header("X-Headroom-Complete"), "false");
}

TEST(ReadLog, IsEmptyForAJobThatNeverStarted) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot);
  const auto log = server.Get("/v1/jobs/1/logs");
  EXPECT_EQ(log.status, 200);
  EXPECT_EQ(log.body, "");
  EXPECT_EQ(log.Header("X-Headroom-Complete"), "false");
}

TEST(ReadLog, FollowsNoSymbolicLink) {  // F42
  ApiServer server;
  server.service.Add(ApiServer::kRoot, JobState::kRunning);
  server.service.log_path = server.dir.path();
  std::ofstream(server.dir / "secret") << "secret";
  std::filesystem::create_symlink(server.dir / "secret", server.dir / "stdout");
  EXPECT_EQ(server.Get("/v1/jobs/1/logs").status, 503);
}

TEST(ReadLog, RefusesWrongParameters) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot, JobState::kRunning);
  for (const char* query : {"stream=both", "offset=-1", "limit=0", "limit=1048577"}) {
    EXPECT_EQ(server.Get(std::string("/v1/jobs/1/logs?") + query).status, 400) << query;
  }
  EXPECT_EQ(server.Get("/v1/jobs/2/logs").status, 404);
}

}  // namespace
}  // namespace headroom
