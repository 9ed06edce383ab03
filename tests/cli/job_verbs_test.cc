#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/job_text.h"
#include "cli/text.h"
#include "cli/why_text.h"
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

const json kStart{
    {"foretold", "expected"},
    {"p50_seconds", 190.4},
    {"p90_seconds", 480.0},
    {"rests_on", {{"ends_by_history", 2}, {"ends_by_declared", 1}, {"fewest_attempts", 12}}},
    {"waits_for", json::array()}};

json AChange(const std::string& kind, const json& more) {
  json change{{"kind", kind}, {"jobs", json::array()}};
  change.update(more);
  return change;
}

json AFullWhy() {
  json why{{"job", AWaitingJob(42, 2, "needs more")}, {"text", "waits: needs more"}};
  why["holders"] = {
      {{"id", 7},
       {"amount", 4LL << 30},
       {"ends",
        {{"source", "history"}, {"attempts", 12}, {"p50_seconds", 60.0}, {"p90_seconds", 120.0}}}},
      {{"id", 8},
       {"amount", 1LL << 30},
       {"ends", {{"source", "unknown"}, {"attempts", 0}, {"p50_seconds", nullptr}}}}};
  why["needs"] = {{{"dimension", "memory"},
                   {"line", "target"},
                   {"needed", 3LL << 30},
                   {"available", 2LL << 30},
                   {"short_by", 1LL << 30}},
                  {{"dimension", "cpu"}, {"line", "target"}, {"short_by", 0}}};
  why["start"] = kStart;
  why["would_start"] = {
      {"searched_all", true},
      {"changes",
       {AChange("end", {{"jobs", {7}}}), AChange("end", {{"jobs", {7, 8}}}),
        AChange("request", {{"dimension", "memory"}, {"amount", 2LL << 30}}),
        AChange("request", {{"dimension", "cpu"}, {"amount", 1500}}),
        AChange("priority", {{"amount", 3}}), AChange("duration", {{"duration_seconds", 300.0}}),
        AChange("token", {{"token", "db"}, {"amount", 1}, {"jobs", {9}}})}}};
  return why;
}

TEST(Why, SaysWhatIsShortUntilWhenAndWhatWouldStartItNow) {
  FakeDaemon daemon;
  daemon.On("GET /v1/jobs/42/why", {Json(AFullWhy())});
  EXPECT_EQ(CliRun(daemon.socket())({"why", "42"}).out,
            "job 42 (nightly) waits: needs more\n"
            "  place in line   2\n"
            "  needs           1.0 GiB 0.50c\n"
            "  short of        1.0 GiB of memory under the target: needs 3.0 GiB, 2.0 GiB free\n"
            "  held by         job 7 (4.0 GiB, ends in 1m 0s to 2m 0s by 12 runs), job 8 (1.0 GiB, "
            "nobody knows until when)\n"
            "  pressure gate   unknown\n"
            "  expected start  in 3m 10s to 8m 0s; rests on 3 ends (12+ runs, declared)\n"
            "  starts now if   job 7 ends\n"
            "                  job 7, job 8 end\n"
            "                  it is submitted with --memory 2147483648 or less (2.0 GiB)\n"
            "                  it is submitted with --cpu 1500m or less\n"
            "                  it has --priority 3 or higher\n"
            "                  it is submitted with --duration 300s or less\n"
            "                  job 9 frees 1 of token db\n"
            "memory  not measured\n"
            "cpu     not measured\n"
            "pids    not measured\n");
}

TEST(Why, KeepsEveryLineWithinTheTerminal) {
  Look look;
  for (const int width : {80, 60, 40}) {
    look.width = width;
    json why = AFullWhy();
    why["text"] =
        "waits: needs 3.0 GiB memory, 2.0 GiB free under the target (60% of 16.0 GiB); "
        "held by job 7 (4.1 GiB), job 8 (1.0 GiB); fits once 1.0 GiB is released";
    const std::string text = WhyText(why, look).value();
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), width) << line;
    EXPECT_THAT(text, HasSubstr("released"));
  }
}

TEST(Show, KeepsEveryLineWithinTheTerminal) {
  Look look;
  look.width = 80;
  json job = AJob(42);
  job["command"] = {"sh", "-c", std::string(300, 'x')};
  const std::string text = JobText(ReadJob(job, "show").value(), WallTime{}, look);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), 80) << line;
}

json APlanRow(int64_t id, int64_t position, const json& start) {
  return {
      {"id", id},          {"position", position},    {"name", "nightly"},     {"user", "alice"},
      {"verdict", "wait"}, {"reason", "over_target"}, {"dimension", "memory"}, {"token", nullptr},
      {"head", nullptr},   {"start", start}};
}

TEST(Plan, ListsTheQueueWithBandsAndWhatTheyRestOn) {
  FakeDaemon daemon;
  json unknown{{"foretold", "unknown"}, {"waits_for", {7, 8}}};
  json beyond{{"foretold", "beyond_horizon"}};
  daemon.On(
      "GET /v1/plan",
      {Json({{"jobs", {APlanRow(42, 1, kStart), APlanRow(43, 2, unknown), APlanRow(44, 3, beyond)}},
             {"beyond", 5}})});
  const Ran ran = CliRun(daemon.socket())({"plan"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out,
            "PLACE  ID  NAME     USER   STARTS IN           RESTS ON                     REASON\n"
            "    1  42  nightly  alice  3m 10s to 8m 0s     3 ends (12+ runs, declared)  memory "
            "at target\n"
            "    2  43  nightly  alice  unknown (job 7, …)                               memory "
            "at target\n"
            "    3  44  nightly  alice  beyond the plan                                  memory "
            "at target\n");
  EXPECT_THAT(ran.err, HasSubstr("5 more wait behind these"));
  EXPECT_EQ(CliRun(daemon.socket())({"plan", "--json"}).json()["beyond"], 5);
}

TEST(Plan, SaysThatNothingWaits) {
  FakeDaemon daemon;
  daemon.On("GET /v1/plan", {Json({{"jobs", json::array()}, {"beyond", 0}})});
  EXPECT_THAT(CliRun(daemon.socket())({"plan"}).err, HasSubstr("nothing waits"));
}

TEST(DryRun, SaysWhatWouldBecomeOfItAndSubmitsNothing) {
  FakeDaemon daemon;
  json trial{{"decision", {{"verdict", "wait"}, {"position", 4}, {"text", "waits: needs more"}}},
             {"request", {{"memory_bytes", 1LL << 30}, {"cpu_millis", 500}, {"pids", 32}}},
             {"request_source", {{"memory", "history"}, {"cpu", "declared"}, {"pids", "default"}}},
             {"start", kStart},
             {"would_start", {{"changes", json::array()}, {"searched_all", true}}}};
  daemon.On("POST /v1/jobs?dry_run=true", {Json(trial)});
  for (const char* verb : {"submit", "run"}) {
    const Ran ran = CliRun(daemon.socket())({verb, "--dry-run", "--memory", "1GiB", "true"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(
        ran.out,
        "dry run: waits: needs more\n"
        "  place in line   4\n"
        "  requested       1.0 GiB memory (history), 0.50 cores (declared), 32 pids (default)\n"
        "  expected start  in 3m 10s to 8m 0s; rests on 3 ends (12+ runs, declared)\n"
        "  starts now if   no single change would start it now\n");
  }
  EXPECT_EQ(daemon.Count("POST /v1/jobs"), 0);
  EXPECT_EQ(daemon.BodyOf("POST /v1/jobs?dry_run=true")["request"]["memory"], 1LL << 30);
}

TEST(Cancel, TriesEveryJobAndEndsWithTheFirstFailure) {
  FakeDaemon daemon;
  daemon.On("POST /v1/jobs/1/cancel", {Json(AJob(1, "stopping"))});
  daemon.On("POST /v1/jobs/2/cancel", {Refusal(404, "no such job: 2")});
  json waited = AFinishedJob(3, "cancelled");
  waited["attempt"] = 0;
  daemon.On("POST /v1/jobs/3/cancel", {Json(waited)});
  const Ran ran = CliRun(daemon.socket())({"cancel", "1", "2", "3"});
  EXPECT_EQ(ran.exit, 4);
  EXPECT_EQ(ran.out, "job 1: stopping\njob 3: cancelled\n");
  EXPECT_EQ(ran.err, "headroom: no such job: 2\n");
}

TEST(Cancel, SaysThatAJobHadAlreadyEndedAndHow) {
  FakeDaemon daemon;
  json failed = AFinishedJob(1, "failed");
  failed["exit_code"] = 3;
  json cancelled = AFinishedJob(2, "cancelled");
  cancelled["message"] = "cancelled by alice";
  json rejected = AFinishedJob(3, "rejected");
  rejected["attempt"] = 0;
  rejected["message"] = "rejected: needs 9 GiB";
  json waited = AFinishedJob(4, "cancelled");
  waited["attempt"] = 0;
  daemon.On("POST /v1/jobs/1/cancel", {Json(failed)});
  daemon.On("POST /v1/jobs/2/cancel", {Json(cancelled)});
  daemon.On("POST /v1/jobs/3/cancel", {Json(rejected)});
  daemon.On("POST /v1/jobs/4/cancel", {Json(waited)});
  const Ran ran = CliRun(daemon.socket())({"cancel", "1", "2", "3", "4"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out,
            "job 1: had already ended (failed: exit code 3)\n"
            "job 2: had already ended (cancelled by alice)\n"
            "job 3: had already ended (rejected: needs 9 GiB)\n"
            "job 4: cancelled\n");
}

TEST(Cancel, CancelsNothingWhereAnIdIsNone) {
  FakeDaemon daemon;
  const Ran ran = CliRun(daemon.socket())({"cancel", "1", "bogus"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("not a job's id: bogus"));
  EXPECT_THAT(daemon.asked(), IsEmpty());
}

TEST(Cancel, SaysOnceThatNoDaemonAnswers) {
  const Ran ran = CliRun()({"cancel", "1", "2", "3"});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 2) << ran.err;
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
  const Ran ran = CliRun(daemon.socket())({"submit", "--memory", "9TiB", "true"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err,
            "headroom: 2 problems; the first: --memory 9TiB: too much\n"
            "  /user: no such user\n"
            "  hint: `headroom help submit` has the options\n");
}

std::string RefusedAs(const std::string& pointer, const std::string& message,
                      std::vector<std::string> words) {
  FakeDaemon daemon;
  const std::string all = pointer.empty() ? message : pointer + ": " + message;
  daemon.On("POST /v1/jobs",
            {Json({{"message", all},
                   {"details", {{"problems", {{{"pointer", pointer}, {"message", message}}}}}}},
                  422)});
  words.insert(words.begin(), "submit");
  words.emplace_back("true");
  const std::string err = CliRun(daemon.socket())(words).err;
  return err.substr(0, err.find('\n'));
}

TEST(Submit, SaysWhatTheDaemonRefusedInItsOwnOptions) {
  EXPECT_EQ(RefusedAs("/request/cpu", "expected cores", {"--cpu", "0"}),
            "headroom: --cpu 0: expected cores");
  EXPECT_EQ(RefusedAs("/limits/memory", "too small", {"--limit-memory=1MiB"}),
            "headroom: --limit-memory 1MiB: too small");
  EXPECT_EQ(RefusedAs("/request/tokens/db", "too many", {"--token", "a=1", "--token", "db=9"}),
            "headroom: --token db=9: too many");
  EXPECT_EQ(RefusedAs("/environment/1A", "expected a name", {"--env", "1A=secret"}),
            "headroom: --env 1A: expected a name");
  EXPECT_EQ(RefusedAs("/working_directory", "too long", {"--chdir", ""}),
            "headroom: --chdir \"\": too long");
  EXPECT_EQ(RefusedAs("/user", "user zoe: unknown on this host", {"--user", "zoe"}),
            "headroom: --user: user zoe: unknown on this host");
  EXPECT_EQ(RefusedAs("/idempotency_key", "expected x; got \"a b\"", {"--idempotency-key", "a b"}),
            "headroom: --idempotency-key: expected x; got \"a b\"");
  EXPECT_EQ(RefusedAs("/command", "too long", {}), "headroom: the command: too long");
  EXPECT_EQ(RefusedAs("/working_directory", "gone", {}), "headroom: /working_directory: gone");
  EXPECT_EQ(RefusedAs("/keys", "unknown key", {"--key", "a"}), "headroom: /keys: unknown key");
  EXPECT_EQ(RefusedAs("", "the body: expected an object", {}),
            "headroom: the body: expected an object");
}

TEST(Submit, NamesTheKeyThatWasUsedBefore) {
  FakeDaemon daemon;
  daemon.On("POST /v1/jobs", {Refusal(409, "idempotency_key: used before by job 8")});
  EXPECT_THAT(CliRun(daemon.socket())({"submit", "--idempotency-key", "K1", "true"}).err,
              HasSubstr("headroom: --idempotency-key K1: used before by job 8\n"));
}

TEST(List, SaysWhatTheDaemonRefusedInItsOwnOptions) {
  FakeDaemon daemon;
  daemon.On("GET /v1/jobs?limit=500&state=running&user=zoe",
            {Json({{"message", "?user: who?"},
                   {"details", {{"problems", {{{"pointer", "?user"}, {"message", "who?"}}}}}}},
                  400)});
  const Ran ran = CliRun(daemon.socket())({"list", "--user", "zoe"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, "headroom: --user zoe: who?\n  hint: `headroom help list` has the options\n");
}

TEST(Submit, RefusesACommandThatIsNotUtf8) {
  const Ran ran = CliRun()({"submit", "echo", "\xff"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace headroom::cli
