#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/cli_run.h"
#include "tests/cli/fake_daemon.h"

namespace headroom::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Reply Jobs(const std::vector<json>& jobs, const json& next = nullptr) {
  return Json({{"jobs", jobs}, {"next_after", next}});
}

void AnswerUnfinished(FakeDaemon& daemon, const std::vector<json>& running,
                      const std::vector<json>& waiting) {
  const std::string list = "GET /v1/jobs?limit=500&state=";
  daemon.On(list + "running", {Jobs(running)});
  daemon.On(list + "stopping", {Jobs({})});
  daemon.On(list + "starting", {Jobs({})});
  daemon.On(list + "waiting", {Jobs(waiting)});
}

TEST(List, ShowsWhatRunsThenTheQueueInItsOrder) {
  FakeDaemon daemon;
  AnswerUnfinished(daemon, {AJob(9, "running")},
                   {AWaitingJob(1, 2, "second"), AJob(3), AWaitingJob(2, 1, "first")});
  const Ran ran = CliRun(daemon.socket())({"list"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out,
            "ID  STATE    NAME     USER         REQUEST  OBSERVED  WAIT/RUN  REASON\n"
            " 9  running  nightly  alice  1.0 GiB 0.50c         -     1m 0s\n"
            " 2  waiting  nightly  alice  1.0 GiB 0.50c         -     1m 0s  first\n"
            " 1  waiting  nightly  alice  1.0 GiB 0.50c         -     1m 0s  second\n"
            " 3  waiting  nightly  alice  1.0 GiB 0.50c         -     1m 0s  not decided yet\n");
}

TEST(List, SaysOnStderrThatThereIsNothing) {
  FakeDaemon daemon;
  AnswerUnfinished(daemon, {}, {});
  const Ran ran = CliRun(daemon.socket())({"list"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.err, HasSubstr("--all shows finished jobs"));
}

TEST(List, PassesJsonOnAsItIs) {
  FakeDaemon daemon;
  json odd = AJob(1);
  odd["of_a_newer_daemon"] = "\x1b[31m\u009b";
  AnswerUnfinished(daemon, {odd}, {});
  const Ran ran = CliRun(daemon.socket())({"list", "--json"});
  EXPECT_EQ(ran.json(), json({{"schema_version", 1}, {"jobs", {odd}}}));  // exact
  EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));                           // F41: and safe
  EXPECT_THAT(ran.out, Not(HasSubstr("\xc2\x9b")));
}

TEST(List, EscapesWhatJobsAreCalled) {  // F41
  FakeDaemon daemon;
  json evil = AJob(1, "running");
  evil["name"] = "x\x1b[2J\ny";
  AnswerUnfinished(daemon, {evil}, {});
  EXPECT_THAT(CliRun(daemon.socket())({"list"}).out, HasSubstr("x\\x1b[2J\\ny"));
}

TEST(List, ReadsEveryPage) {
  FakeDaemon daemon;
  daemon.On("GET /v1/jobs?limit=500&order=newest", {Jobs({AJob(3), AJob(2)}, 2)});
  daemon.On("GET /v1/jobs?limit=500&order=newest&after=2", {Jobs({AJob(1)})});
  const Ran ran = CliRun(daemon.socket())({"list", "--all", "--json"});
  EXPECT_EQ(ran.json()["jobs"].size(), 3U);
}

TEST(List, StopsAtItsLimit) {
  FakeDaemon daemon;
  daemon.On("GET /v1/jobs?limit=2&state=finished&order=newest", {Jobs({AJob(3), AJob(2)}, 2)});
  const Ran ran =
      CliRun(daemon.socket())({"list", "--state", "finished", "--limit", "2", "--json"});
  EXPECT_EQ(ran.json()["jobs"].size(), 2U);
  EXPECT_EQ(daemon.asked().size(), 1U);
}

TEST(List, PassesFiltersOnEncoded) {
  FakeDaemon daemon;
  daemon.On("GET /v1/jobs?limit=500&state=waiting&source=a%26b&user=bob", {Jobs({})});
  EXPECT_EQ(
      CliRun(daemon.socket())({"list", "--state", "waiting", "--source", "a&b", "--user", "bob"})
          .exit,
      0);
}

TEST(List, NamesTheNearestState) {
  const Ran ran = CliRun()({"list", "--state", "runing"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("did you mean \"running\"?"));
}

TEST(Show, ShowsOneJob) {
  FakeDaemon daemon;
  daemon.On("GET /v1/jobs/42", {Json(AJob(42))});
  const Ran ran = CliRun(daemon.socket())({"show", "42"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("job 42 (nightly) waiting\n"));
}

TEST(Why, ExplainsAndPassesJsonOn) {
  FakeDaemon daemon;
  const json why{{"job", AWaitingJob(42, 1, "needs more")}, {"text", "waits: needs more"}};
  daemon.On("GET /v1/jobs/42/why", {Json(why)});
  EXPECT_THAT(CliRun(daemon.socket())({"why", "42"}).out,
              HasSubstr("job 42 (nightly) waits: needs more\n"));
  EXPECT_EQ(CliRun(daemon.socket())({"why", "42", "--json"}).json()["text"], "waits: needs more");
}

TEST(Cancel, TriesEveryJobAndEndsWithTheFirstFailure) {
  FakeDaemon daemon;
  daemon.On("POST /v1/jobs/1/cancel", {Json(AJob(1, "stopping"))});
  daemon.On("POST /v1/jobs/2/cancel", {Refusal(404, "no such job: 2")});
  daemon.On("POST /v1/jobs/3/cancel", {Json(AFinishedJob(3, "cancelled"))});
  const Ran ran = CliRun(daemon.socket())({"cancel", "1", "2", "3"});
  EXPECT_EQ(ran.exit, 4);
  EXPECT_EQ(ran.out, "job 1: stopping\njob 3: cancelled\n");
  EXPECT_EQ(ran.err, "headroom: no such job: 2\n");
}

TEST(Submit, PrintsTheId) {
  FakeDaemon daemon;
  daemon.On("POST /v1/jobs", {Json(AJob(42), 201)});
  const Ran ran = CliRun(daemon.socket())({"submit", "--memory", "1GiB", "--", "true"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "42\n");
  EXPECT_EQ(daemon.BodyOf("POST /v1/jobs")["command"], json({"true"}));
}

TEST(Submit, SendsAgainWithTheSameKeyWhenTheAnswerWasLost) {
  FakeDaemon daemon;
  daemon.On("POST /v1/jobs", {Verbatim("HTTP/1.1 201 Cre"), Json(AJob(42), 200)});
  const Ran ran = CliRun(daemon.socket())({"submit", "true"});
  EXPECT_EQ(ran.out, "42\n");
  const auto asked = daemon.asked();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].body, asked[1].body);
  EXPECT_FALSE(json::parse(asked[0].body)["idempotency_key"].get<std::string>().empty());
}

TEST(Submit, TakesAnotherKeyForEverySubmission) {
  FakeDaemon daemon;
  daemon.On("POST /v1/jobs", {Json(AJob(42), 201)});
  CliRun headroom(daemon.socket());
  headroom({"submit", "true"});
  headroom({"submit", "true"});
  const auto asked = daemon.asked();
  EXPECT_NE(json::parse(asked[0].body)["idempotency_key"],
            json::parse(asked[1].body)["idempotency_key"]);
}

TEST(Submit, ListsEveryProblemThatTheDaemonFound) {
  FakeDaemon daemon;
  daemon.On("POST /v1/jobs", {Json({{"message", "2 problems; the first: /request/memory: too much"},
                                    {"details",
                                     {{"problems",
                                       {{{"pointer", "/request/memory"}, {"message", "too much"}},
                                        {{"pointer", "/user"}, {"message", "no such user"}}}}}}},
                                   422)});
  const Ran ran = CliRun(daemon.socket())({"submit", "true"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err,
            "headroom: 2 problems; the first: /request/memory: too much\n"
            "  /user: no such user\n");
}

TEST(Submit, RefusesACommandThatIsNotUtf8) {
  const Ran ran = CliRun()({"submit", "echo", "\xff"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace headroom::cli
