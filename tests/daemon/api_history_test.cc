#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/history_json.h"
#include "tests/support/api_server.h"

// POST /v1/history.
namespace headroom {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

json AnAttempt() {
  return {
      {"origin", "metrics:ab12"},          {"key", "study:measures"},         {"tenant", "study"},
      {"duration_seconds", 90.5},          {"peak_memory_bytes", 1073741824}, {"cpu_seconds", 30},
      {"started_unix_seconds", 1700000000}};
}

json With(const char* key, json value) {
  json attempt = AnAttempt();
  attempt[key] = std::move(value);
  return attempt;
}

HttpAnswer Import(ApiServer& server, const json& attempts) {
  return server.Send("POST", "/v1/history", json{{"attempts", attempts}}.dump());
}

TEST(ImportHistory, HandsOverWhatAnotherSystemHasSeen) {
  ApiServer server;
  EXPECT_EQ(Import(server, json::array({AnAttempt()})).Json(),
            json::parse(R"({"added": 1, "known": 0})"));
  ASSERT_THAT(server.service.imported, SizeIs(1));
  PastAttemptOfKey expected;
  expected.origin = "metrics:ab12";
  expected.key = "study:measures";
  expected.tenant = "study";
  expected.attempt.duration = std::chrono::milliseconds(90'500);
  expected.attempt.peak_memory_bytes = 1073741824;
  expected.attempt.cpu_usec = 30'000'000;
  expected.attempt.started = WallTime(std::chrono::seconds(1'700'000'000));
  EXPECT_EQ(server.service.imported.front(), expected);
}

TEST(ImportHistory, IsForAdministrators) {
  ApiServer server;
  server.uid = ApiServer::kAlice;
  EXPECT_EQ(Import(server, json::array({AnAttempt()})).status, 403);
  EXPECT_EQ(server.Send("POST", "/v1/history", "{}").status, 403);
  EXPECT_THAT(server.service.imported, SizeIs(0));
  server.uid = ApiServer::kMember;
  EXPECT_EQ(Import(server, json::array({AnAttempt()})).status, 200);
}

TEST(ImportHistory, NamesEveryThingThatIsWrong) {
  ApiServer server;
  for (const auto& [attempt, pointer] : {std::pair{With("key", "a/b"), "/key"},
                                         {With("key", nullptr), "/key: needed"},
                                         {With("origin", ""), "/origin"},
                                         {With("origin", nullptr), "/origin: needed"},
                                         {With("tenant", "-x"), "/tenant"},
                                         {With("duration_seconds", 0), "/duration_seconds"},
                                         {With("duration_seconds", -1), "/duration_seconds"},
                                         {With("duration_seconds", 1e300), "/duration_seconds"},
                                         {With("duration_seconds", "1"), "/duration_seconds"},
                                         {With("duration_seconds", nullptr), "needed"},
                                         {With("peak_memory_bytes", 0), "/peak_memory_bytes"},
                                         {With("peak_memory_bytes", 1.5), "/peak_memory_bytes"},
                                         {With("peak_memory_bytes", nullptr), "needed"},
                                         {With("cpu_seconds", -0.1), "/cpu_seconds"},
                                         {With("cpu_seconds", 905'001), "/cpu_seconds"},
                                         {With("started_unix_seconds", -1), "/started_unix"},
                                         {With("peak", 1), "/peak"},
                                         {json("x"), "/attempts/1: expected an object"}}) {
    const HttpAnswer answer = Import(server, json::array({AnAttempt(), attempt}));
    EXPECT_EQ(answer.status, 422) << attempt;
    EXPECT_THAT(answer.body, HasSubstr(pointer)) << attempt;
    EXPECT_THAT(answer.body, HasSubstr("/attempts/1")) << attempt;
  }
  EXPECT_THAT(server.service.imported, SizeIs(0));
}

TEST(ImportHistory, TakesJsonOfABoundedSize) {
  ApiServer server;
  EXPECT_EQ(server.Send("POST", "/v1/history", std::string((1 << 20) + 1, ' ')).status, 413);
  EXPECT_EQ(server.Send("POST", "/v1/history", "{}", "Content-Type: text/csv\r\n").status, 415);
}

TEST(ImportHistory, TakesABoundedBatch) {
  ApiServer server;
  EXPECT_EQ(Import(server, json(kMostImportedAtOnce, AnAttempt())).status, 200);
  EXPECT_EQ(Import(server, json(kMostImportedAtOnce + 1, AnAttempt())).status, 422);
  EXPECT_EQ(server.Send("POST", "/v1/history", R"({"attempts": 7})").status, 422);
  EXPECT_EQ(server.Send("POST", "/v1/history", R"([])").status, 422);
  EXPECT_EQ(Import(server, json::array()).status, 200);
}

}  // namespace
}  // namespace headroom
