#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/cli_run.h"
#include "tests/cli/fake_daemon.h"
#include "tests/support/a_decision_log.h"

namespace headroom::cli {
namespace {

using testing::HasSubstr;

// A daemon that cannot measure its host: for three seconds one job waits.
std::string ALog() {
  ADecisionLog log;
  log.is_measured = false;
  log.Submit({42});
  log.Pass(3);
  return log.bytes();
}

Reply PieceOf(const std::string& bytes, std::size_t from, std::size_t count) {
  const std::string piece = bytes.substr(from, count);
  return Log(piece, static_cast<int64_t>(from + piece.size()), from + count >= bytes.size());
}

TEST(Explain, DecidesAgainWhatWasDecidedThen) {
  const std::string log = ALog();
  FakeDaemon daemon;
  daemon.On("GET /v1/decisions?at_ms=1795493001999", {PieceOf(log, 0, 50)});
  daemon.On("GET /v1/decisions?offset=50", {PieceOf(log, 50, log.size())});
  const Ran ran = CliRun(daemon.socket())({"explain", "42", "--at", "2026-11-24T04:03:21Z"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2026-11-24T04:03:21.000Z: running jobs 0, policy generation 2\n"
                                 "job 42: waits: "));
}

TEST(Explain, SaysThatAJobNeitherWaitedNorRan) {
  const std::string log = ALog();
  FakeDaemon daemon;
  daemon.On("GET /v1/decisions?at_ms=1795493001999", {PieceOf(log, 0, log.size())});
  const Ran ran = CliRun(daemon.socket())({"explain", "7", "--at", "2026-11-24T04:03:21Z"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("job 7 neither waited nor ran"));
}

TEST(Explain, SaysThatAJobWasHeldBackAfterALaunchThatFailed) {
  ADecisionLog log;
  log.is_measured = false;
  log.Submit({42});
  log.held_back = {JobId{42}};
  log.Pass(2);
  FakeDaemon daemon;
  daemon.On("GET /v1/decisions?at_ms=1795493001999", {PieceOf(log.bytes(), 0, 1 << 20)});
  const Ran ran = CliRun(daemon.socket())({"explain", "42", "--at", "2026-11-24T04:03:21Z"});
  EXPECT_THAT(ran.out,
              HasSubstr("job 42 waited to be tried again, because it could not be started"));
}

TEST(Explain, SaysThatNothingIsKeptFromThen) {
  const std::string log = ALog();
  FakeDaemon daemon;
  daemon.On("GET /v1/decisions?at_ms=1795492992999", {PieceOf(log, 0, log.size())});
  const Ran ran = CliRun(daemon.socket())({"explain", "--at", "2026-11-24T04:03:12Z"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("no decision is kept from 2026-11-24T04:03:12.999Z or before"));
}

TEST(Explain, RefusesALogThatIsDamaged) {
  std::string log = ALog();
  log[log.size() / 2] ^= 1;
  FakeDaemon daemon;
  daemon.On("GET /v1/decisions?at_ms=1795493099999", {PieceOf(log, 0, log.size())});
  const Ran ran = CliRun(daemon.socket())({"explain", "--at", "2026-11-24T04:04:59Z"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("decision log: "));
}

TEST(Explain, SaysWhichInstantItTakes) {
  EXPECT_EQ(CliRun("/none")({"explain"}).exit, 2);
  const Ran ran = CliRun("/none")({"explain", "--at", "noon"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("noon"));
}

}  // namespace
}  // namespace headroom::cli
