#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admission/json/policy_json.h"
#include "daemon/openapi.h"
#include "tests/support/api_server.h"

// The endpoints about the host, the policy and the daemon itself.
namespace headroom {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(GetHeadroom, ShowsBothLinesOfEveryDimension) {
  ApiServer server;
  server.service.status.policy.reserve_memory_bytes = 24;
  server.service.status.policy.tokens = {{"db", 6}};
  server.service.status.account->peak_charge.tokens = {{"db", 2}};
  const json headroom = server.Get("/v1/headroom").Json();
  EXPECT_EQ(headroom["memory"],
            json::parse(R"({"capacity": 1024, "target": 600, "ceiling": 900, "unmanaged": 100,
                            "reserve": 24, "observed": 250, "charge": 300, "peak_charge": 400,
                            "headroom": 200, "peak_headroom": 400})"));
  EXPECT_EQ(headroom["cpu"]["headroom"], 1350);
  EXPECT_EQ(headroom["pids"]["capacity"], 400);
  EXPECT_EQ(headroom["tokens"], json::parse(R"({"db": {"capacity": 6, "held": 2}})"));
  EXPECT_EQ(headroom["measurement_age_seconds"], 0.25);
  EXPECT_EQ(headroom["gate"]["position"], "open");
}

TEST(GetHeadroom, ShowsWhatTimeWindowsComeNext) {
  using std::chrono::hours;
  ApiServer server;
  StatusView& status = server.service.status;
  status.policy.windows = {{"db", {2}, hours(2), hours(4), true, {}, {}}};
  status.windows = {{0, status.now + hours(3), status.now + hours(5)}};
  EXPECT_EQ(server.Get("/v1/headroom").Json()["windows"],
            json::parse(R"([{"name": "db", "drain": true, "begins_in_seconds": 10800.0,
                             "ends_in_seconds": 18000.0}])"));
}

TEST(GetHeadroom, ShowsNullForWhatIsNotKnown) {
  ApiServer server;
  server.service.status.account.reset();
  server.service.status.observed.reset();
  server.service.status.measurement_age.reset();
  const json headroom = server.Get("/v1/headroom").Json();
  EXPECT_EQ(headroom["memory"]["headroom"], nullptr);
  EXPECT_EQ(headroom["memory"]["capacity"], nullptr);
  EXPECT_EQ(headroom["measurement_age_seconds"], nullptr);
}

TEST(GetSnapshot, ShowsWhatWasMeasuredAndWhatCouldNotBe) {
  ApiServer server;
  JobView running;
  running.record.id = JobId{1};
  running.record.state = JobState::kRunning;
  running.record.reserved = ResourceVector{2000, 500, 10, {{"db", 1}}};
  server.service.status.running = {running};
  server.service.status.gate.quiet_since = server.service.status.now - std::chrono::seconds(3);
  server.service.status.degraded = {"no PSI"};
  const TimePoint now = server.service.status.now;
  server.service.status.relief = {{ReliefStep::kFreeze, JobId{1}, now - std::chrono::seconds(12),
                                   now + std::chrono::seconds(48), 45.5, 250}};
  const json snapshot = server.Get("/v1/snapshot").Json();
  EXPECT_EQ(snapshot["jobs_by_state"]["running"], 1);
  EXPECT_EQ(snapshot["running"][0]["request"]["memory_bytes"], 2000);
  EXPECT_EQ(snapshot["gate"]["quiet_for_seconds"], 3.0);
  EXPECT_EQ(snapshot["enforcement"]["mode"], "unified");
  EXPECT_EQ(snapshot["degraded"], json::array({"no PSI"}));
  EXPECT_EQ(snapshot["store"]["works"], true);
  EXPECT_EQ(snapshot["relief"], json::parse(R"([{"step": "freeze", "job": 1, "since_seconds": 12.0,
                                                 "undone_within_seconds": 48.0}])"));
  const json& measured = snapshot["measurements"];
  EXPECT_EQ(measured["pool"]["memory"]["anon"], 250);
  EXPECT_EQ(measured["pool"]["memory"]["file"], nullptr);
  EXPECT_EQ(measured["pool"]["pressure"]["memory"]["some"]["avg10"], 1.5);
  EXPECT_EQ(measured["pool"]["pressure"]["memory"]["full"], nullptr);
  EXPECT_EQ(measured["attempts"]["1-1"]["age_seconds"], 0.0);
  EXPECT_EQ(measured["failures"][0]["collector"], "psi");
}

// F7
TEST(GetSnapshot, SaysThatNothingCanBeStored) {
  ApiServer server;
  server.service.status.store_failure = {std::chrono::seconds(12), "commit: disk is full"};
  const json store = server.Get("/v1/snapshot").Json()["store"];
  EXPECT_EQ(
      store,
      json({{"works", false}, {"failing_for_seconds", 12.0}, {"message", "commit: disk is full"}}));
}

TEST(GetPolicy, ShowsThePolicyInForce) {
  ApiServer server;
  server.service.policy_in_force.admin_group = "ops";
  server.service.generation = 4;
  const json policy = server.Get("/v1/policy").Json();
  EXPECT_EQ(policy["generation"], 4);
  const auto parsed = ParsePolicy(policy["policy"].dump());
  ASSERT_TRUE(std::holds_alternative<Policy>(parsed));
  EXPECT_EQ(std::get<Policy>(parsed), server.service.policy_in_force);
}

TEST(ReloadPolicy, AnswersTheNewGeneration) {
  ApiServer server;
  EXPECT_EQ(server.Send("POST", "/v1/policy/reload", "", "").Json()["generation"], 2);
}

TEST(ReloadPolicy, AnswersEveryProblemOfABadFile) {  // F45
  ApiServer server;
  server.service.policy_problems = {{"/tick", "expected a duration"}, {"/gate/quiet", "unknown"}};
  const auto answer = server.Send("POST", "/v1/policy/reload", "", "");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.Json()["details"]["problems"].size(), 2U);
  EXPECT_EQ(answer.Json()["details"]["problems"][0]["pointer"], "/tick");
  EXPECT_EQ(answer.Json()["message"],
            "/etc/headroom/policy.json: 2 problems; the first: /tick: expected a duration");
  EXPECT_THAT(answer.Json()["hint"].get<std::string>(), HasSubstr("old policy stays in force"));
}

TEST(ReloadPolicy, NamesTheFileOnceWhereTheWholeOfItIsWrong) {
  ApiServer server;
  const auto message = [&](const std::string& problem) {
    server.service.policy_problems = {{"", problem}};
    const json answer = server.Send("POST", "/v1/policy/reload", "", "").Json();
    return answer["message"].get<std::string>();
  };
  EXPECT_EQ(message("line 1, column 9: syntax error"),
            "/etc/headroom/policy.json: line 1, column 9: syntax error");
  EXPECT_EQ(message("open /etc/headroom/policy.json: ENOENT"),
            "open /etc/headroom/policy.json: ENOENT");
}

TEST(GetVersion, SaysWhatRuns) {
  ApiServer server;
  const json version = server.Get("/v1/version").Json();
  EXPECT_EQ(version["api"], "v1");
  EXPECT_THAT(version["version"].get<std::string>(), HasSubstr("."));
}

TEST(GetOpenApi, ServesTheDescriptionThatWasBuilt) {
  ApiServer server;
  EXPECT_EQ(server.Get("/v1/openapi.json").body, OpenApiText());
}

TEST(OpenApi, DescribesExactlyTheEndpointsThatExist) {
  std::vector<std::pair<std::string, std::string>> described;
  const json description = json::parse(OpenApiText());
  for (const auto& [path, item] : description["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      described.emplace_back(upper, path);
    }
  }
  EXPECT_THAT(described, ::testing::UnorderedElementsAreArray(ApiEndpoints()));
}

TEST(Probes, SayWhetherTheDaemonIsReady) {
  ApiServer server;
  EXPECT_EQ(server.Get("/healthz").body, "ok\n");
  EXPECT_EQ(server.Get("/readyz").body, "ready\n");
  server.service.not_ready = {"the host has not been measured yet", "the disk is full"};
  const auto answer = server.Get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "not ready\nthe host has not been measured yet\nthe disk is full\n");
  EXPECT_EQ(server.Get("/healthz").status, 200);
}

TEST(GetMetrics, ServesTheTextFormat) {
  ApiServer server;
  const auto answer = server.Get("/metrics");
  EXPECT_EQ(answer.body, "headroom_jobs 1\n");
  EXPECT_THAT(answer.Header("Content-Type"), HasSubstr("version=0.0.4"));
}

TEST(ListKeys, ShowsWhatIsKnownAndWhatToDeclare) {
  ApiServer server;
  KeyView view;
  view.key = "align";
  view.asked.memory_bytes = 400;
  view.advice.attempts = 5;
  view.advice.memory_bytes = UsedAmounts{1, 2, 3};
  view.advice.finding = Finding::kOverDeclared;
  view.advice.times = 4.0;
  server.service.keys.assign(1001, view);
  const json answer = server.Get("/v1/keys?key=align").Json();
  EXPECT_EQ(server.service.last_key, "align");
  EXPECT_EQ(answer["keys"].size(), 1000);
  EXPECT_EQ(answer["more"], true);
  const json& key = answer["keys"][0];
  EXPECT_EQ(key["used_memory_bytes"], json::parse(R"({"p50": 1, "p95": 2, "most": 3})"));
  EXPECT_EQ(key["used_cpu_millis"], nullptr);
  EXPECT_EQ(key["finding"], "over_declared");
  EXPECT_EQ(key["times"], 4.0);
  EXPECT_EQ(server.Get("/v1/keys?keys=align").status, 400);
}

TEST(ListKeys, SaysThatNothingIsKnownOfAKey) {
  ApiServer server;
  server.service.failure = Error{ErrorCode::kNotFound, "key align: no attempt of it is known", 0};
  EXPECT_EQ(server.Get("/v1/keys?key=align").status, 404);
}

}  // namespace
}  // namespace headroom
