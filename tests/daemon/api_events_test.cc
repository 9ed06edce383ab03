#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_server.h"

// /v1/events, as pages and as a stream.
namespace headroom {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Follow(const std::string& query, const std::string& headers = "") {
  return fmt::format("GET /v1/events{} HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n{}\r\n",
                     query, headers);
}

void Happen(ApiServer& server, int count, const std::string& detail = "{}") {
  for (int i = 0; i < count; ++i) server.service.Happen("gate_changed", std::nullopt, detail);
}

// The sequence numbers of all whole frames.
std::vector<int> IdsIn(const std::string& stream) {
  std::vector<int> ids;
  const auto end = stream.rfind("\n\n");
  for (auto at = stream.find("id: "); at < end; at = stream.find("id: ", at + 1)) {
    ids.push_back(std::stoi(stream.substr(at + 4)));
  }
  return ids;
}

std::vector<int> From(int first, int last) {
  std::vector<int> numbers;
  for (int i = first; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

TEST(Events, ComeInPages) {
  ApiServer server;
  Happen(server, 5);
  const json first = server.Get("/v1/events?limit=3").Json();
  EXPECT_EQ(first["events"].size(), 3U);
  EXPECT_EQ(first["last"], 3);
  const json rest = server.Get("/v1/events?after=3").Json();
  EXPECT_EQ(rest["events"].size(), 2U);
  EXPECT_EQ(rest["last"], 5);
  const json none = server.Get("/v1/events?after=5").Json();
  EXPECT_EQ(none["events"].size(), 0U);
  EXPECT_EQ(none["last"], 5);
}

TEST(Events, SayWhatHappened) {
  ApiServer server;
  server.service.Happen("job_finished", JobId{7}, R"({"outcome":"failed"})");
  server.service.Happen("gate_changed", std::nullopt, "damaged");
  const json events = server.Get("/v1/events").Json()["events"];
  EXPECT_EQ(events[0], json::parse(R"({"sequence": 1, "at": "2026-11-24T04:03:38.123Z",
      "kind": "job_finished", "job": 7, "detail": {"outcome": "failed"}})"));
  EXPECT_EQ(events[1]["detail"], json::object());
}

TEST(Events, OfOthersJobsAreHidden) {
  ApiServer server;
  server.service.Add(ApiServer::kBob);
  server.service.Add(ApiServer::kAlice);
  server.service.Happen("job_submitted", JobId{2});
  server.service.Happen("job_submitted", JobId{1});
  server.uid = ApiServer::kAlice;
  const json page = server.Get("/v1/events").Json();
  EXPECT_EQ(page["events"].size(), 1U);
  EXPECT_EQ(page["last"], 2);  // nothing is asked for twice
}

TEST(EventStream, SendsWhatWasAndWhatComes) {
  ApiServer server;
  Happen(server, 2);
  const UniqueFd client = server.Connect();
  server.Write(client, Follow(""));
  std::string seen;
  ASSERT_TRUE(server.RunUntilSent(client, seen, "id: 2"));
  EXPECT_THAT(seen, HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Type: text/event-stream\r\n"));
  server.service.Happen("policy_reloaded", std::nullopt, R"({"generation":2})");
  ASSERT_TRUE(server.RunUntilSent(client, seen, "\"generation\":2}}\n\n"));
  EXPECT_THAT(seen, HasSubstr("id: 3\nevent: policy_reloaded\ndata: {\"sequence\":3,"));
}

TEST(EventStream, ResumesWithoutAGap) {
  ApiServer server;
  Happen(server, 250);  // more than are sent at once
  UniqueFd client = server.Connect();
  server.Write(client, Follow("?after=10"));
  std::string seen;
  ASSERT_TRUE(server.RunUntilSent(client, seen, "id: 130\n"));
  client.Reset();
  const std::vector<int> first = IdsIn(seen);
  const int last = first.back();
  EXPECT_EQ(first, From(11, last));
  Happen(server, 50);

  client = server.Connect();
  server.Write(client, Follow("?after=10", fmt::format("Last-Event-ID: {}\r\n", last)));
  seen.clear();
  ASSERT_TRUE(server.RunUntilSent(client, seen, "\"sequence\":300,"));
  EXPECT_EQ(IdsIn(seen + "\n\n"), From(last + 1, 300));
}

TEST(EventStream, MovesOnPastWhatIsHidden) {
  ApiServer server;
  server.service.Add(ApiServer::kBob);
  for (int i = 0; i < 250; ++i) server.service.Happen("job_submitted", JobId{1});
  server.uid = ApiServer::kAlice;
  const UniqueFd client = server.Connect();
  server.Write(client, Follow(""));
  std::string seen;
  ASSERT_TRUE(server.RunUntilSent(client, seen, "id: 250\n\n"));
  EXPECT_THAT(seen, Not(HasSubstr("data:")));
  Happen(server, 1);
  EXPECT_TRUE(server.RunUntilSent(client, seen, "id: 251\nevent: gate_changed\ndata: "));
}

TEST(EventStream, SendsAHeartbeatWhenNothingHappens) {
  HttpLimits limits;
  limits.heartbeat = std::chrono::milliseconds(10);
  ApiServer server(limits);
  const UniqueFd client = server.Connect();
  server.Write(client, Follow(""));
  std::string seen;
  EXPECT_TRUE(server.RunUntilSent(client, seen, "\r\n\r\n:\n\n:\n\n:\n\n"));
}

TEST(EventStream, EndsWhenTheClientGoesAway) {
  ApiServer server;
  UniqueFd client = server.Connect();
  server.Write(client, Follow(""));
  std::string seen;
  ASSERT_TRUE(server.RunUntilSent(client, seen, "\r\n\r\n"));
  EXPECT_EQ(server.connections(), 1U);
  client.Reset();
  EXPECT_TRUE(server.RunUntil([&] { return server.connections() == 0; }));
  Happen(server, 1);
  EXPECT_EQ(server.service.wakes_waiting(), 0U);
}

TEST(EventStream, LeavesNothingBehindInTheService) {
  ApiServer server;
  for (int i = 0; i < 20; ++i) {
    const UniqueFd client = server.Connect();
    server.Write(client, Follow(""));
    std::string seen;
    ASSERT_TRUE(server.RunUntilSent(client, seen, "\r\n\r\n"));
  }
  ASSERT_TRUE(server.RunUntil([&] { return server.connections() == 0; }));
  EXPECT_EQ(server.service.wakes_waiting(), 1U);
}

TEST(EventStream, WaitsForASlowReaderAndLosesNothing) {  // F38
  ApiServer server;
  Happen(server, 3000, R"({"text":")" + std::string(1000, 'x') + R"("})");
  const UniqueFd client = server.Connect();
  server.Write(client, Follow(""));
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  server.RunUntil([&] { return std::chrono::steady_clock::now() > until; });
  EXPECT_GT(server.service.event_reads, 0);
  EXPECT_LT(server.service.event_reads, 10);  // of 30
  std::string seen;
  ASSERT_TRUE(server.RunUntilSent(client, seen, "id: 3000\n"));
  EXPECT_EQ(IdsIn(seen + "\n\n"), From(1, 3000));
}

TEST(EventStream, DropsAReaderThatTakesNothing) {
  HttpLimits limits;
  limits.write = std::chrono::milliseconds(20);
  ApiServer server(limits);
  Happen(server, 3000, R"({"text":")" + std::string(1000, 'x') + R"("})");
  const UniqueFd client = server.Connect();
  server.Write(client, Follow(""));
  ASSERT_TRUE(server.RunUntil([&] { return server.connections() == 1; }));
  EXPECT_TRUE(server.RunUntil([&] { return server.connections() == 0; }));
}

TEST(EventStream, EndsWithTheServer) {
  ApiServer server;
  const UniqueFd client = server.Connect();
  server.Write(client, Follow(""));
  std::string seen;
  ASSERT_TRUE(server.RunUntilSent(client, seen, "\r\n\r\n"));
  server.Stop();
  EXPECT_TRUE(server.RunUntilClosed(client));
  Happen(server, 1);
}

TEST(EventStream, EndsWhenTheStoreFailsSoThatTheClientComesBack) {
  ApiServer server;
  const UniqueFd client = server.Connect();
  server.Write(client, Follow(""));
  std::string seen;
  ASSERT_TRUE(server.RunUntilSent(client, seen, "\r\n\r\n"));
  server.service.failure = Error{ErrorCode::kIo, "disk on fire", 0};
  Happen(server, 1);
  EXPECT_TRUE(server.RunUntilClosed(client));
}

TEST(EventStream, RefusesAPlaceThatIsNone) {
  ApiServer server;
  const auto answer = server.Get("/v1/events", "Accept: text/event-stream\r\nLast-Event-ID: x\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(server.Get("/v1/events?after=-1").status, 400);
}

}  // namespace
}  // namespace headroom
