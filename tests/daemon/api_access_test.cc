#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_server.h"

// Who may do what (F35), for every endpoint.
namespace headroom {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

struct Endpoint {
  std::string method, target, body;
};

// Every endpoint with arguments that are in order.
std::vector<Endpoint> AllEndpoints() {
  std::vector<Endpoint> endpoints;
  for (auto [method, path] : ApiEndpoints()) {
    if (const auto id = path.find("{id}"); id != path.npos) path.replace(id, 4, "1");
    if (const auto name = path.find("{source}"); name != path.npos) path.replace(name, 8, "s");
    const std::string body = method == "PUT"                          ? R"({"jobs": []})"
                             : path == "/v1/jobs" && method == "POST" ? R"({"command": ["true"]})"
                             : path == "/v1/history"                  ? R"({"attempts": []})"
                                                                      : "";
    endpoints.push_back({method, path, body});
  }
  return endpoints;
}

bool IsOpen(const std::string& target) { return target == "/healthz" || target == "/readyz"; }

TEST(Access, NeedsATokenOverTcpForAllButTheProbes) {
  ApiServer server;
  for (const Endpoint& endpoint : AllEndpoints()) {
    for (const char* header : {"", "Authorization: Bearer wrong\r\n"}) {
      const auto answer =
          server.Send(endpoint.method, endpoint.target, endpoint.body,
                      std::string("Content-Type: application/json\r\n") + header, Transport::kTcp);
      if (IsOpen(endpoint.target)) {
        EXPECT_EQ(answer.status, 200) << endpoint.target;
        continue;
      }
      EXPECT_EQ(answer.status, 401) << endpoint.target;
      EXPECT_EQ(answer.Json()["code"], "unauthorized");
      EXPECT_EQ(answer.Header("WWW-Authenticate"), "Bearer");
    }
  }
  EXPECT_FALSE(server.service.last_caller);
}

TEST(Access, TakesTheTokenForTheDaemonsUser) {
  ApiServer server;
  const auto answer =
      server.Send("GET", "/v1/jobs", "",
                  fmt::format("Authorization: Bearer {}\r\n", ApiServer::kToken), Transport::kTcp);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(server.service.last_caller.value().uid, ::geteuid());
  EXPECT_TRUE(server.service.last_caller->admin);
}

TEST(Access, ServesNothingOverTcpWithoutATokenOfItsOwn) {
  ApiServer server({}, "");
  EXPECT_EQ(
      server.Send("GET", "/v1/jobs", "", "Authorization: Bearer \r\n", Transport::kTcp).status,
      401);
}

TEST(Access, IsForbiddenToAUidThatIsNotMapped) {
  ApiServer server;
  server.uid = 65534;
  for (const Endpoint& endpoint : AllEndpoints()) {
    const auto answer = server.Send(endpoint.method, endpoint.target, endpoint.body);
    EXPECT_EQ(answer.status, IsOpen(endpoint.target) ? 200 : 403) << endpoint.target;
  }
  EXPECT_FALSE(server.service.last_caller);
}

TEST(Access, TellsTheServiceWhoAsks) {
  ApiServer server;
  server.uid = ApiServer::kAlice;
  server.Get("/v1/headroom");
  EXPECT_EQ(server.service.last_caller.value().user, "alice");
  EXPECT_FALSE(server.service.last_caller->admin);
  server.uid = ApiServer::kMember;
  server.Get("/v1/headroom");
  EXPECT_TRUE(server.service.last_caller->admin);
}

TEST(Access, ShowsNothingOfAnotherUsersJob) {
  ApiServer server;
  JobRecord& job = server.service.Add(ApiServer::kBob, JobState::kRunning).record;
  job.submission.command = {"secret-command"};
  server.uid = ApiServer::kAlice;
  for (const char* path : {"/v1/jobs/1", "/v1/jobs/1/why", "/v1/jobs/1/logs"}) {
    const auto answer = server.Get(path);
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_EQ(answer.Json()["code"], "forbidden");
    EXPECT_THAT(answer.body, Not(HasSubstr("secret-command")));
  }
  EXPECT_EQ(server.Send("POST", "/v1/jobs/1/cancel", "", "").status, 403);
  EXPECT_EQ(server.service.jobs[JobId{1}].record.state, JobState::kRunning);
  EXPECT_EQ(server.Get("/v1/jobs").Json()["jobs"].size(), 0U);
  EXPECT_EQ(server.Get("/v1/jobs?user=bob").status, 403);
  EXPECT_EQ(server.Get("/v1/jobs?user=alice").status, 200);
}

TEST(Access, ShowsWhatWasDecidedOfAllToAdministratorsAlone) {
  ApiServer server;
  server.uid = ApiServer::kAlice;
  EXPECT_EQ(server.Get("/v1/decisions?at_ms=1").status, 403);
  server.uid = ApiServer::kMember;
  EXPECT_EQ(server.Get("/v1/decisions?at_ms=1").status, 200);
}

TEST(Access, HidesWhatOthersRunInTheSnapshot) {
  ApiServer server;
  JobView job;
  job.record.id = JobId{1};
  job.record.state = JobState::kRunning;
  job.record.submission.uid = ApiServer::kBob;
  job.record.submission.user = "bob";
  job.record.submission.command = {"secret-command"};
  job.record.submission.name = "secret-name";
  job.record.submission.working_directory = "/secret";
  job.observed.memory_bytes = 5;
  server.service.status.running = {job};
  server.uid = ApiServer::kAlice;
  const auto hers = server.Get("/v1/snapshot");
  EXPECT_THAT(hers.body, Not(HasSubstr("secret")));
  EXPECT_EQ(hers.Json()["running"][0]["user"], "bob");
  EXPECT_EQ(hers.Json()["running"][0]["observed"]["memory_bytes"], 5);
  server.uid = ApiServer::kBob;
  EXPECT_THAT(server.Get("/v1/snapshot").body, HasSubstr("secret-command"));
  server.uid = ApiServer::kRoot;
  EXPECT_THAT(server.Get("/v1/snapshot").body, HasSubstr("secret-command"));
}

TEST(Access, LetsOnlyAdministratorsRunJobsAsAnotherUser) {
  ApiServer server;
  const auto submit_as = [&](uid_t uid, const char* user) {
    server.uid = uid;
    return server.Send("POST", "/v1/jobs",
                       fmt::format(R"({{"command": ["true"], "user": "{}"}})", user));
  };
  EXPECT_EQ(submit_as(ApiServer::kAlice, "alice").status, 201);
  EXPECT_EQ(submit_as(ApiServer::kAlice, "bob").status, 403);
  EXPECT_EQ(submit_as(ApiServer::kAlice, "root").status, 403);
  EXPECT_EQ(submit_as(ApiServer::kMember, "bob").status, 201);
  EXPECT_EQ(server.service.submitted.back().uid, ApiServer::kBob);
  EXPECT_EQ(server.service.submitted.back().tenant, "bob");
  EXPECT_EQ(submit_as(ApiServer::kMember, "root").status, 403);
  EXPECT_EQ(submit_as(ApiServer::kRoot, "root").status, 201);
  EXPECT_EQ(submit_as(ApiServer::kRoot, "mallory").status, 422);
  EXPECT_EQ(server.service.submitted.size(), 3U);
}

TEST(Access, TellsNobodyButAdministratorsWhichUsersExist) {
  ApiServer server;
  server.uid = ApiServer::kAlice;
  const auto known = server.Send("POST", "/v1/jobs", R"({"command": ["true"], "user": "bob"})");
  const auto unknown = server.Send("POST", "/v1/jobs", R"({"command": ["true"], "user": "eve"})");
  EXPECT_EQ(known.body, unknown.body);
}

TEST(Access, RunsNothingForAUidWithoutAName) {
  ApiServer server;
  server.uid = ApiServer::kNameless;
  EXPECT_EQ(server.Send("POST", "/v1/jobs", R"({"command": ["true"]})").status, 422);
}

TEST(Access, KeepsPrioritiesAboveZeroForAdministrators) {
  ApiServer server;
  const std::string body = R"({"command": ["true"], "priority": 1})";
  server.uid = ApiServer::kAlice;
  EXPECT_EQ(server.Send("POST", "/v1/jobs", body).status, 422);
  server.uid = ApiServer::kMember;
  EXPECT_EQ(server.Send("POST", "/v1/jobs", body).status, 201);
}

TEST(Access, LetsNobodyIntoAnothersSource) {
  ApiServer server;
  JobRecord& job = server.service.Add(ApiServer::kBob).record;
  job.submission.source = "s";
  server.uid = ApiServer::kAlice;
  EXPECT_EQ(server.Send("PUT", "/v1/sources/s/jobs", R"({"jobs": []})").status, 403);
  EXPECT_EQ(job.state, JobState::kWaiting);
}

TEST(Access, LetsOnlyAdministratorsReloadThePolicy) {
  ApiServer server;
  server.uid = ApiServer::kAlice;
  EXPECT_EQ(server.Send("POST", "/v1/policy/reload", "", "").status, 403);
  EXPECT_EQ(server.service.generation, 1);
}

TEST(EveryEndpoint, SaysWhatItDoesNotUnderstand) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot);
  for (const Endpoint& endpoint : AllEndpoints()) {
    const auto answer = server.Send(endpoint.method, endpoint.target + "?bogus=1", endpoint.body);
    EXPECT_EQ(answer.status, 400) << endpoint.target;
    EXPECT_EQ(answer.Json()["details"]["problems"][0]["pointer"], "?bogus") << endpoint.target;
  }
}

TEST(EveryEndpoint, SaysSoWhenTheServiceCannotAnswer) {  // F7
  ApiServer server;
  server.service.failure = Error{ErrorCode::kUnavailable, "the disk is full", ENOSPC};
  for (const Endpoint& endpoint : AllEndpoints()) {
    const auto answer = server.Send(endpoint.method, endpoint.target, endpoint.body);
    if (answer.status == 200) continue;  // needs nothing of the store
    EXPECT_EQ(answer.status, 503) << endpoint.target;
    EXPECT_EQ(answer.Json()["code"], "unavailable");
    EXPECT_EQ(answer.Header("Retry-After"), "5");
  }
}

TEST(EveryEndpoint, NamesTheMethodsOfItsPath) {
  ApiServer server;
  for (const char* target : {"/v1/jobs", "/v1/jobs/1", "/v1/policy/reload", "/healthz"}) {
    const UniqueFd client = server.Connect();
    server.Write(client, fmt::format("DELETE {} HTTP/1.1\r\nHost: h\r\n\r\n", target));
    const auto answer = server.Read(client);
    EXPECT_EQ(answer.value().status, 405) << target;
    EXPECT_NE(answer->Header("Allow"), "") << target;
  }
  const auto answer = server.SendRaw("PATCH /v1/jobs HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answer.value().Header("Allow"), "POST, GET");
}

TEST(EveryEndpoint, IsWhereItIsAndNowhereElse) {
  ApiServer server;
  for (const char* target :
       {"/v1", "/v2/jobs", "/v1/jobs/1/why/not", "/V1/jobs", "/index.html", "/metrics/x"}) {
    const auto answer = server.SendRaw(fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", target));
    EXPECT_EQ(answer.value().status, 404) << target;
    EXPECT_EQ(answer.value().Json()["code"], "not_found");
  }
}

TEST(EveryEndpoint, TakesNoBodyThatItWouldIgnore) {
  ApiServer server;
  server.service.Add(ApiServer::kRoot);
  EXPECT_EQ(server.Send("POST", "/v1/jobs/1/cancel", R"({"all":true})").status, 400);
  EXPECT_EQ(server.Send("POST", "/v1/jobs/1/cancel", R"({"reason": "too slow"})").status, 413);
  EXPECT_EQ(server.service.jobs[JobId{1}].record.state, JobState::kWaiting);
  EXPECT_EQ(server.Send("POST", "/v1/jobs/1/cancel", "{}").status, 200);
}

}  // namespace
}  // namespace headroom
