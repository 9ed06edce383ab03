#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_server.h"

// The endpoints about jobs, over a real socket.
namespace headroom {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Where the problems of a refused body are.
std::vector<std::string> PointersOf(const HttpAnswer& answer) {
  const json error = answer.Json();
  std::vector<std::string> pointers;
  for (const json& problem : error["details"]["problems"]) pointers.push_back(problem["pointer"]);
  return pointers;
}

constexpr char kJson[] = "Content-Type: application/json\r\n";

TEST(SubmitJob, HandsEverythingToTheServiceAndAnswersTheJob) {
  ApiServer server;
  server.uid = ApiServer::kAlice;
  const auto answer = server.Send("POST", "/v1/jobs", R"({
    "command": ["sh", "-c", "exit 3"], "working_directory": "/tmp", "environment": {"A": "b"},
    "stdin": "/etc/hostname", "name": "build", "tenant": "team", "key": "team.build",
    "priority": -2, "request": {"memory": "2GiB", "cpu": 0.5, "pids": 8, "tokens": {"db": 1}},
    "limits": {"memory": 4294967296, "cpu": "1500m", "pids": 16}, "duration": "10m",
    "idempotency_key": "once"})");
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.Json()["id"], 1);
  EXPECT_EQ(answer.Json()["state"], "waiting");

  JobSubmission expected;
  expected.command = {"sh", "-c", "exit 3"};
  expected.working_directory = "/tmp";
  expected.environment = {{"A", "b"}};
  expected.stdin_path = "/etc/hostname";
  expected.user = "alice";
  expected.uid = ApiServer::kAlice;
  expected.name = "build";
  expected.tenant = "team";
  expected.key = "team.build";
  expected.priority = -2;
  expected.request = {int64_t{2} << 30, 500, 8, {{"db", 1}}};
  expected.memory_max_bytes = int64_t{4} << 30;
  expected.cpu_max_millis = 1500;
  expected.pids_max = 16;
  expected.duration = std::chrono::minutes(10);
  expected.idempotency_key = "once";
  ASSERT_EQ(server.service.submitted.size(), 1U);
  EXPECT_EQ(server.service.submitted.front(), expected);
}

TEST(SubmitJob, NeedsNothingButACommand) {
  ApiServer server;
  server.uid = ApiServer::kAlice;
  ASSERT_EQ(server.Send("POST", "/v1/jobs", R"({"command": ["true"], "name": "n"})").status, 201);
  JobSubmission expected;
  expected.command = {"true"};
  expected.user = expected.tenant = "alice";
  expected.uid = ApiServer::kAlice;
  expected.name = expected.key = "n";
  EXPECT_EQ(server.service.submitted.front(), expected);
}

TEST(SubmitJob, AnswersOnlyAfterTheCommit) {
  ApiServer server;
  server.service.hold = true;
  const UniqueFd client = server.Connect();
  server.Write(client, fmt::format("POST /v1/jobs HTTP/1.1\r\nHost: h\r\n{}Content-Length: 20\r\n"
                                   "\r\n{{\"command\":[\"true\"]}}",
                                   kJson));
  ASSERT_TRUE(server.RunUntil([&] { return server.service.submitted.size() == 1; }));
  EXPECT_EQ(server.answered, 0);
  server.service.Release();
  EXPECT_EQ(server.Read(client).value().status, 201);
}

TEST(SubmitJob, AnswersTheSameJobToTheSameKeyAndRefusesAnotherBody) {
  ApiServer server;
  const std::string body = R"({"command": ["true"], "idempotency_key": "k"})";
  EXPECT_EQ(server.Send("POST", "/v1/jobs", body).status, 201);
  const auto again = server.Send("POST", "/v1/jobs", body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.Json()["id"], 1);
  const auto other =
      server.Send("POST", "/v1/jobs", R"({"command": ["false"], "idempotency_key": "k"})");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.Json()["code"], "conflict");
}

TEST(SubmitJob, ReportsEveryProblemAtOnce) {
  ApiServer server;
  const auto answer = server.Send("POST", "/v1/jobs", R"({
    "command": [], "prioritty": 1, "request": {"memory": "lots", "pids": 0}, "duration": 5})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.Json()["code"], "unprocessable");
  EXPECT_THAT(PointersOf(answer), ElementsAre("/command", "/request/memory", "/request/pids",
                                              "/duration", "/prioritty"));
  EXPECT_THAT(answer.body, HasSubstr("did you mean \\\"priority\\\"?"));
  EXPECT_TRUE(server.service.submitted.empty());
}

TEST(SubmitJob, NeverShowsTheEnvironment) {
  ApiServer server;
  const auto good = server.Send("POST", "/v1/jobs",
                                R"({"command": ["true"], "environment": {"TOKEN": "s3cret"}})");
  EXPECT_EQ(good.status, 201);
  EXPECT_THAT(good.body, Not(HasSubstr("s3cret")));
  EXPECT_THAT(good.body, Not(HasSubstr("TOKEN")));
  const auto bad = server.Send("POST", "/v1/jobs",
                               R"({"command": ["true"], "environment": {"1TOKEN": "s3cret"}})");
  EXPECT_EQ(bad.status, 422);
  EXPECT_THAT(bad.body, Not(HasSubstr("s3cret")));
}

// F37
struct BadJson {
  const char* what;
  std::string body;
};
class UnacceptableJson : public ::testing::TestWithParam<BadJson> {};

TEST_P(UnacceptableJson, IsRefused) {
  ApiServer server;
  const auto answer = server.Send("POST", "/v1/jobs", GetParam().body);
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_EQ(answer.Json()["code"], "bad_request");
  EXPECT_TRUE(server.service.submitted.empty());
}

INSTANTIATE_TEST_SUITE_P(
    SubmitJob, UnacceptableJson,
    ::testing::Values(BadJson{"Nothing", ""}, BadJson{"Truncated", R"({"command": ["tr)"},
                      BadJson{"DeepArrays", std::string(100'000, '[')},
                      BadJson{"DeepObjects",
                              [] {
                                std::string text;
                                for (int i = 0; i < 100'000; ++i) text += "{\"a\":";
                                return text;
                              }()},
                      BadJson{"DuplicateKey", R"({"command": ["true"], "command": ["false"]})"},
                      BadJson{"InvalidUtf8", "{\"command\": [\"\xff\xfe\"]}"},
                      BadJson{"LoneSurrogate", R"({"command": ["\ud800"]})"},
                      BadJson{"ByteOrderMark", "\xef\xbb\xbf{\"command\": [\"true\"]}"},
                      BadJson{"NotANumber", R"({"command": ["true"], "priority": NaN})"},
                      BadJson{"HugeExponent", R"({"command": ["true"], "priority": 1e400})"},
                      BadJson{"HugeInteger",
                              R"({"command": ["true"], "priority": 99999999999999999999})"},
                      BadJson{"TwoDocuments", R"({"command": ["true"]} {})"},
                      BadJson{"Comment", R"({"command": ["true"]} // no)"}),
    [](const auto& each) { return std::string(each.param.what); });

TEST(SubmitJob, WantsItsBodyDeclaredAsJson) {
  ApiServer server;
  const std::string body = R"({"command": ["true"]})";
  for (const char* headers : {"", "Content-Type: text/plain\r\n",
                              "Content-Type: application/x-www-form-urlencoded\r\n"}) {
    EXPECT_EQ(server.Send("POST", "/v1/jobs", body, headers).status, 415) << headers;
  }
  EXPECT_EQ(
      server.Send("POST", "/v1/jobs", body, "Content-Type: application/json; charset=utf-8\r\n")
          .status,
      201);
}

TEST(SubmitJob, RefusesABodyOfMoreThanAMebibyte) {
  ApiServer server;
  const auto answer = server.Send("POST", "/v1/jobs", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.Json()["code"], "too_large");
}

TEST(SubmitJob, SaysWhenToComeBackIfTooManyJobsWait) {  // F40
  ApiServer server;
  server.service.failure = Error{ErrorCode::kExhausted, "100000 jobs are in line already", 0};
  const auto answer = server.Send("POST", "/v1/jobs", R"({"command": ["true"]})");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.Json()["code"], "too_many");
  EXPECT_EQ(answer.Header("Retry-After"), "5");
}

TEST(SubmitJob, AcknowledgesNothingThatCannotBeStored) {  // F7
  ApiServer server;
  server.service.failure = Error{ErrorCode::kUnavailable, "not stored: No space left", ENOSPC};
  const auto answer = server.Send("POST", "/v1/jobs", R"({"command": ["true"]})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.Json()["code"], "unavailable");
  EXPECT_EQ(answer.Header("Retry-After"), "5");
}

TEST(SyncSource, AnswersEveryJobAndWhatWasWithdrawn) {
  ApiServer server;
  JobView& old = server.service.Add(ApiServer::kRoot);
  old.record.submission.source = "server";
  old.record.submission.external_id = "gone";
  const auto answer = server.Send("PUT", "/v1/sources/server/jobs", R"({"jobs": [
    {"external_id": "a", "command": ["true"]}, {"external_id": "b", "command": ["false"]}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json synced = answer.Json();
  EXPECT_EQ(synced["withdrawn"], json::array({1}));
  EXPECT_EQ(synced["jobs"].size(), 2U);
  EXPECT_EQ(synced["jobs"][0]["external_id"], "a");
  EXPECT_EQ(synced["jobs"][1]["source"], "server");
}

TEST(SyncSource, TakesTwoThousandJobsInOneRequest) {
  ApiServer server;
  json jobs = json::array();
  for (int i = 0; i < 2082; ++i) {
    jobs.push_back({{"external_id", fmt::format("job-{}", i)},
                    {"command", {"python3", "run.py", std::string(600, 'x')}},
                    {"request", {{"memory", "2GiB"}}}});
  }
  const std::string body = json{{"jobs", jobs}}.dump();
  ASSERT_GT(body.size(), 1U << 20);
  const auto answer = server.Send("PUT", "/v1/sources/server/jobs", body);
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Json()["jobs"].size(), 2082U);
  server.uid = ApiServer::kAlice;  // a list that long is for administrators
  EXPECT_EQ(server.Send("PUT", "/v1/sources/hers/jobs", body).status, 413);
}

TEST(SyncSource, WantsUniqueExternalIdsAndNoIdempotencyKeys) {
  ApiServer server;
  const auto answer = server.Send("PUT", "/v1/sources/server/jobs", R"({"jobs": [
    {"external_id": "a", "command": ["true"]}, {"external_id": "a", "command": ["true"]},
    {"command": ["true"], "idempotency_key": "k"}, 7]})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(PointersOf(answer), ElementsAre("/jobs/1/external_id", "/jobs/2/external_id",
                                              "/jobs/2/idempotency_key", "/jobs/3"));
}

TEST(SyncSource, WantsAList) {
  ApiServer server;
  for (const char* body : {"{}", "[]", R"({"jobs": {}})", R"({"jobs": null})", "7"}) {
    EXPECT_EQ(server.Send("PUT", "/v1/sources/server/jobs", body).status, 422) << body;
  }
}

TEST(SyncSource, RefusesNamesThatCouldBePaths) {  // F36
  ApiServer server;
  for (const char* source : {"..", ".", "a%2Fb", "%2e%2e", "-x", "a%20b", "%F0%9F%98%80"}) {
    const auto answer =
        server.Send("PUT", fmt::format("/v1/sources/{}/jobs", source), R"({"jobs": []})");
    EXPECT_EQ(answer.status, 400) << source;
    EXPECT_THAT(answer.Json()["message"].get<std::string>(), HasSubstr("source: expected"));
  }
}

TEST(SyncSource, SaysSo) {
  ApiServer server;
  server.service.failure = Error{ErrorCode::kExhausted, "100000 jobs are in line already", 0};
  EXPECT_EQ(server.Send("PUT", "/v1/sources/s/jobs", R"({"jobs": []})").status, 429);
  EXPECT_EQ(server.Send("PUT", "/v1/sources/s/jobs", R"({"jobs": []})", "").status, 415);
  EXPECT_EQ(server.Send("PUT", "/v1/sources/s/jobs", R"({"jobs": [)").status, 400);
}

TEST(ListJobs, GoesThroughAllPages) {
  ApiServer server;
  for (int i = 0; i < 5; ++i) server.service.Add(ApiServer::kRoot);
  std::vector<int> ids;
  std::string after = "0";
  while (true) {
    const json page = server.Get("/v1/jobs?limit=2&after=" + after).Json();
    for (const json& job : page["jobs"]) ids.push_back(job["id"]);
    if (page["next_after"].is_null()) break;
    after = page["next_after"].dump();
  }
  EXPECT_THAT(ids, ElementsAre(1, 2, 3, 4, 5));
}

TEST(ListJobs, PassesItsFiltersOn) {
  ApiServer server;
  server.service.Add(ApiServer::kAlice, JobState::kRunning);
  server.service.Add(ApiServer::kBob, JobState::kRunning);
  server.service.Add(ApiServer::kAlice);
  const json page = server.Get("/v1/jobs?state=running&user=alice&order=newest").Json();
  ASSERT_EQ(page["jobs"].size(), 1U);
  EXPECT_EQ(page["jobs"][0]["id"], 1);
}

TEST(ListJobs, RefusesWhatItDoesNotKnow) {
  ApiServer server;
  for (const char* query : {"state=asleep", "limit=1001", "limit=-1", "after=x", "order=random",
                            "user=mallory", "color=red", "limit=1&limit=2"}) {
    const auto answer = server.Get(std::string("/v1/jobs?") + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.Json()["details"]["problems"].size(), 1U) << query;
  }
}

TEST(ShowJob, ShowsAFinishedJobInFull) {
  ApiServer server;
  JobRecord& job = server.service.Add(ApiServer::kRoot, JobState::kFinished).record;
  job.outcome = JobOutcome::kOomKilled;
  job.started_at = job.submitted_at + std::chrono::seconds(1);
  job.finished_at = job.submitted_at + std::chrono::milliseconds(2500);
  job.signal = 9;
  job.oom = OomCause::kJobLimit;
  job.usage = {int64_t{3} << 30, 12, 1'500'000};
  job.stdout_dropped = {7, ENOSPC};
  const json shown = server.Get("/v1/jobs/1").Json();
  EXPECT_EQ(shown["outcome"], "oom_killed");
  EXPECT_EQ(shown["oom"], "job_limit");
  EXPECT_EQ(shown["signal"], 9);
  EXPECT_EQ(shown["exit_code"], nullptr);
  EXPECT_EQ(shown["submitted_at"], "2026-11-24T04:03:38.123Z");
  EXPECT_EQ(shown["finished_at"], "2026-11-24T04:03:40.623Z");
  EXPECT_EQ(
      shown["usage"],
      (json{{"peak_memory_bytes", int64_t{3} << 30}, {"peak_pids", 12}, {"cpu_seconds", 1.5}}));
  EXPECT_EQ(shown["log"]["stdout_dropped_bytes"], 7);
  EXPECT_EQ(shown["log"]["stdout_error"], "write: No space left on device (ENOSPC)");
  EXPECT_EQ(shown["log"]["stderr_error"], nullptr);
  EXPECT_EQ(shown["request"]["memory_bytes"], nullptr);
  EXPECT_EQ(shown["decision"], nullptr);
}

TEST(ShowJob, ShowsWhereAWaitingJobStands) {
  ApiServer server;
  JobView& job = server.service.Add(ApiServer::kRoot);
  job.resolved = ResolvedRequest{{2000, 500, 32, {{"db", 1}}},
                                 RequestSource::kDeclared,
                                 RequestSource::kHistory,
                                 RequestSource::kDefault};
  job.decision = Decision{
      job.record.id, Verdict::kWait, Reason::kOverTarget, Axis{Dimension::kMemory, ""}, 2000, -5,
      std::nullopt};
  job.position = 3;
  job.explanation = "waits: needs more";
  const json shown = server.Get("/v1/jobs/1").Json();
  EXPECT_EQ(shown["decision"],
            json::parse(R"({"verdict": "wait", "reason": "over_target", "dimension": "memory",
                            "token": null, "needed": 2000, "available": -5, "head": null,
                            "position": 3, "text": "waits: needs more"})"));
  EXPECT_EQ(shown["request_source"],
            json::parse(R"({"memory": "declared", "cpu": "history", "pids": "default"})"));
  EXPECT_EQ(shown["request"]["tokens"], json::parse(R"({"db": 1})"));
}

TEST(ShowJob, TakesOnlyNumbersForIds) {  // F36
  ApiServer server;
  for (const char* id : {"x", "0", "-1", "1.5", "%2e%2e%2fx", "99999999999999999999", "1%00",
                         "cgroup.procs", "1%2F.."}) {
    EXPECT_EQ(server.Get(std::string("/v1/jobs/") + id).status, 400) << id;
  }
  EXPECT_EQ(server.Get("/v1/jobs/7").status, 404);
}

TEST(CancelJob, AnswersTheJobAsItIsNow) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot);
  server.service.Add(ApiServer::kRoot, JobState::kRunning);
  EXPECT_EQ(server.Send("POST", "/v1/jobs/1/cancel", "", "").Json()["outcome"], "cancelled");
  EXPECT_EQ(server.Send("POST", "/v1/jobs/2/cancel", "", "").Json()["state"], "stopping");
  EXPECT_EQ(server.Send("POST", "/v1/jobs/3/cancel", "", "").status, 404);
  EXPECT_EQ(server.Send("POST", "/v1/jobs/x/cancel", "", "").status, 400);
}

TEST(ExplainJob, NamesTheHoldersAndTheHead) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot).explanation = "waits: for memory";
  const ExpectedEnd known{LifetimeSource::kHistory, 12, std::chrono::minutes(1),
                          std::chrono::minutes(3)};
  server.service.why.holders = {{{JobId{7}, 3000}, known}, {{JobId{8}, 1000}, {}}};
  server.service.why.ahead = {JobId{5}};
  server.service.why.head =
      HeadReservation{JobId{5}, server.clock.Now() + std::chrono::seconds(90), {1000, 0, 5, {}}};
  server.service.why.gate.since = server.clock.Now() - std::chrono::seconds(2);
  server.service.why.gate.position = GatePosition::kClosed;
  server.service.why.gate.cause = GateCause{PressureResource::kMemory, PressureKind::kSome, 25, 1};
  server.service.why.account = server.service.status.account;
  server.service.why.observed = ResourceVector{150, 20, 3, {}};
  const json why = server.Get("/v1/jobs/1/why").Json();
  EXPECT_EQ(why["text"], "waits: for memory");
  EXPECT_EQ(why["holders"], json::parse(R"([
    {"id": 7, "amount": 3000, "ends":
      {"source": "history", "attempts": 12, "p50_seconds": 60.0, "p90_seconds": 180.0}},
    {"id": 8, "amount": 1000, "ends":
      {"source": "unknown", "attempts": 0, "p50_seconds": null, "p90_seconds": null}}])"));
  EXPECT_EQ(why["ahead"], json::array({5}));
  EXPECT_EQ(why["head"]["starts_by_seconds"], 90.0);
  EXPECT_EQ(why["gate"]["since_seconds"], 2.0);
  EXPECT_EQ(why["gate"]["cause"]["must_fall_below"], 1.0);
  EXPECT_EQ(why["lines"]["memory"]["headroom"], 200);
  EXPECT_EQ(why["lines"]["memory"]["observed"], 150);
  EXPECT_EQ(why["lines"]["pids"]["observed"], 3);
}

PlannedJob Expected(std::chrono::seconds p50, std::chrono::seconds p90) {
  PlannedJob planned;
  planned.now.job = JobId{1};
  planned.now.reason = Reason::kOverTarget;
  planned.now.axis = Axis{Dimension::kMemory, {}};
  planned.foretold = Foretold::kExpected;
  planned.p50 = p50;
  planned.p90 = p90;
  planned.rests_on = {2, 1, 5};
  return planned;
}

TEST(ExplainJob, SaysWhatIsShortAndWhatWouldStartItAndWhenItStarts) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot);
  const Axis memory{Dimension::kMemory, {}}, db{Dimension::kToken, "db"};
  server.service.why.needs = {{memory, Need::Line::kTarget, 3000, 1000},
                              {db, Need::Line::kCount, 1, 2}};
  server.service.why.changes.changes = {{ChangeKind::kRequest, memory, 1000, {}, {}},
                                        {ChangeKind::kDuration, {}, 0, std::chrono::minutes(1), {}},
                                        {ChangeKind::kPriority, {}, 3, {}, {}},
                                        {ChangeKind::kEnd, {}, 0, {}, {JobId{7}, JobId{8}}},
                                        {ChangeKind::kToken, db, 1, {}, {JobId{9}}}};
  server.service.why.planned = Expected(std::chrono::seconds(60), std::chrono::seconds(90));
  const json why = server.Get("/v1/jobs/1/why").Json();
  EXPECT_EQ(why["needs"], json::parse(R"([
    {"dimension": "memory", "token": null, "line": "target", "needed": 3000, "available": 1000,
     "short_by": 2000},
    {"dimension": "token", "token": "db", "line": "count", "needed": 1, "available": 2,
     "short_by": 0}])"));
  EXPECT_EQ(why["start"], json::parse(R"({"foretold": "expected", "p50_seconds": 60.0,
    "p90_seconds": 90.0, "rests_on": {"ends_by_history": 2, "ends_by_declared": 1,
    "fewest_attempts": 5}, "waits_for": []})"));
  EXPECT_EQ(why["would_start"]["searched_all"], true);
  const json& changes = why["would_start"]["changes"];
  ASSERT_EQ(changes.size(), 5U);
  EXPECT_EQ(changes[0], json::parse(R"({"kind": "request", "dimension": "memory", "token": null,
    "amount": 1000, "duration_seconds": null, "jobs": []})"));
  EXPECT_EQ(changes[1]["duration_seconds"], 60.0);
  EXPECT_EQ(changes[2]["amount"], 3);
  EXPECT_EQ(changes[3]["jobs"], json::array({7, 8}));
  EXPECT_EQ(changes[3]["amount"], nullptr);
  EXPECT_EQ(changes[4]["token"], "db");
}

TEST(DryRun, AnswersWhatWouldBecomeOfTheJobAndSubmitsNothing) {
  ApiServer server;
  server.uid = ApiServer::kAlice;
  Decision decision;
  decision.reason = Reason::kOverTarget;
  server.service.trial.job.decision = decision;
  server.service.trial.job.position = 4;
  server.service.trial.job.explanation = "waits: for memory";
  server.service.trial.job.resolved = ResolvedRequest{
      {1000, 2, 3, {}}, RequestSource::kHistory, RequestSource::kDefault, RequestSource::kDeclared};
  server.service.trial.planned = Expected(std::chrono::seconds(60), std::chrono::seconds(90));
  const auto answer = server.Send("POST", "/v1/jobs?dry_run=true", R"({"command": ["true"]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(server.service.submitted.empty());
  ASSERT_EQ(server.service.tried.size(), 1U);
  EXPECT_EQ(server.service.tried[0].user, "alice");
  const json trial = answer.Json();
  EXPECT_EQ(trial["decision"]["position"], 4);
  EXPECT_EQ(trial["decision"]["text"], "waits: for memory");
  EXPECT_EQ(trial["request"]["memory_bytes"], 1000);
  EXPECT_EQ(trial["request_source"]["memory"], "history");
  EXPECT_EQ(trial["start"]["p90_seconds"], 90.0);
}

TEST(DryRun, IsRefusedWhatASubmissionIsRefused) {
  ApiServer server;
  EXPECT_EQ(server.Send("POST", "/v1/jobs?dry_run=true", R"({"command": []})").status, 422);
  EXPECT_EQ(server.Send("POST", "/v1/jobs?dry_run=maybe", R"({"command": ["true"]})").status, 400);
  EXPECT_EQ(server.Send("POST", "/v1/jobs?dry_run=false", R"({"command": ["true"]})").status, 201);
}

TEST(GetPlan, ListsTheQueueAndHidesTheNamesOfOthers) {
  ApiServer server;
  server.service.plan.jobs = {{Expected(std::chrono::seconds(60), std::chrono::seconds(90)),
                               "secret-name", "bob", ApiServer::kBob},
                              {Expected(std::chrono::seconds(60), std::chrono::seconds(90)), "hers",
                               "alice", ApiServer::kAlice}};
  server.service.plan.beyond = 7;
  server.uid = ApiServer::kAlice;
  const json plan = server.Get("/v1/plan").Json();
  EXPECT_EQ(plan["beyond"], 7);
  EXPECT_EQ(plan["jobs"][0]["name"], nullptr);
  EXPECT_EQ(plan["jobs"][0]["user"], "bob");
  EXPECT_EQ(plan["jobs"][0]["reason"], "over_target");
  EXPECT_EQ(plan["jobs"][1]["name"], "hers");
  EXPECT_EQ(plan["jobs"][1]["position"], 2);
  EXPECT_EQ(plan["jobs"][1]["start"]["p50_seconds"], 60.0);
}

TEST(ExplainJob, SaysWhyAFinishedJobFinished) {
  ApiServer server;
  JobRecord& job = server.service.Add(ApiServer::kRoot, JobState::kFinished).record;
  job.outcome = JobOutcome::kRejected;
  job.message = "needs 9 GiB of 4";
  EXPECT_EQ(server.Get("/v1/jobs/1/why").Json()["text"], "finished: rejected: needs 9 GiB of 4");
  server.service.Add(ApiServer::kRoot, JobState::kRunning);
  EXPECT_EQ(server.Get("/v1/jobs/2/why").Json()["text"], "running");
  server.service.Add(ApiServer::kRoot);
  EXPECT_EQ(server.Get("/v1/jobs/3/why").Json()["text"], "waits: not decided yet");
  EXPECT_EQ(server.Get("/v1/jobs/x/why").status, 400);
  EXPECT_EQ(server.Get("/v1/jobs/4/why").status, 404);
}

}  // namespace
}  // namespace headroom
