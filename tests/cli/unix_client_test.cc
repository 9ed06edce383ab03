#include "cli/unix_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tests/cli/fake_daemon.h"

namespace headroom::cli {
namespace {

using testing::HasSubstr;

const HttpRequest kGet{"GET", "/x", {}, {}};
constexpr Duration kShort = std::chrono::milliseconds(30);

TEST(UnixClient, GivesStatusHeadersAndBody) {
  FakeDaemon daemon;
  daemon.On("GET /x", {{418, "body", {{"X-Thing", "7"}}}});
  UnixClient client(daemon.socket());
  const auto response = client.Call(kGet);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 418);
  EXPECT_EQ(response->body, "body");
  EXPECT_EQ(response->Header("x-thing"), "7");
  EXPECT_EQ(response->Header("x-other"), std::nullopt);
}

TEST(UnixClient, SendsABodyWithItsLength) {
  FakeDaemon daemon;
  daemon.On("POST /x", {Json({{"ok", true}})});
  UnixClient client(daemon.socket());
  ASSERT_TRUE(client.Call({"POST", "/x", "{\"a\":1}", {}}));
  EXPECT_EQ(daemon.BodyOf("POST /x"), nlohmann::json({{"a", 1}}));
  EXPECT_THAT(daemon.asked()[0].head, HasSubstr("Content-Type: application/json\r\n"));
}

TEST(UnixClient, KeepsItsConnection) {
  FakeDaemon daemon;
  daemon.On("GET /x", {Json({})});
  UnixClient client(daemon.socket());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.Call(kGet));
  EXPECT_EQ(daemon.connections(), 1);
}

TEST(UnixClient, ConnectsAnewWhenTheDaemonHadClosed) {
  FakeDaemon daemon;
  const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  daemon.On("GET /x", {Verbatim(kOk), Verbatim(kOk)});
  UnixClient client(daemon.socket());
  EXPECT_EQ(client.Call(kGet)->body, "ok");
  EXPECT_EQ(client.Call(kGet)->body, "ok");
  EXPECT_EQ(daemon.connections(), 2);
}

TEST(UnixClient, ReadsChunkedAndUnboundedAnswers) {
  FakeDaemon daemon;
  daemon.On("GET /x", {Verbatim("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"),
                       Verbatim("HTTP/1.1 200 OK\r\n\r\nuntil the end")});
  UnixClient client(daemon.socket());
  EXPECT_EQ(client.Call(kGet)->body, "abcde");
  EXPECT_EQ(client.Call(kGet)->body, "until the end");
}

TEST(UnixClient, SaysThatNobodyListens) {
  TempDir dir;
  EXPECT_EQ(UnixClient(dir / "none").Call(kGet).error().os_error, ENOENT);
}

TEST(UnixClient, RefusesAPathThatNoSocketCanHave) {
  EXPECT_EQ(UnixClient(std::string(200, 'x')).Call(kGet).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(UnixClient("").Call(kGet).error().code, ErrorCode::kInvalid);
}

TEST(UnixClient, SaysThatAnAnswerWasCut) {
  const char* pieces[] = {"", "HTTP/1.1 200 OK\r\nContent-Le",
                          "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"};
  for (const char* piece : pieces) {
    FakeDaemon daemon;
    daemon.On("GET /x", {Verbatim(piece)});
    const auto response = UnixClient(daemon.socket()).Call(kGet);
    ASSERT_FALSE(response) << piece;
    EXPECT_EQ(response.error().os_error, ECONNRESET) << piece;
  }
}

TEST(UnixClient, SaysThatWhatAnswersIsNotHttp) {
  FakeDaemon daemon;
  daemon.On("GET /x", {Verbatim("SSH-2.0-OpenSSH_9.2\r\n\r\n")});
  const auto response = UnixClient(daemon.socket()).Call(kGet);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(response.error().message, HasSubstr("does not speak HTTP"));
}

TEST(UnixClient, GivesUpOnADaemonThatDoesNotAnswer) {
  FakeDaemon daemon;
  daemon.On("GET /x", {Silence()});
  UnixClient client(daemon.socket(), kShort);
  const auto response = client.Call(kGet);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().os_error, ETIMEDOUT);
}

TEST(UnixClient, GivesUpOnADaemonThatTakesNoConnection) {
  TempDir dir;
  const std::string path = dir / "full";
  const UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listening.get(), 0), 0);
  UnixClient first(path, kShort), second(path, kShort);
  EXPECT_EQ(first.Call(kGet).error().os_error, ETIMEDOUT);  // its connection waits to be taken
  const auto response = second.Call(kGet);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().os_error, ETIMEDOUT);
}

TEST(UnixClient, StopsWaitingWhenItIsInterrupted) {
  FakeDaemon daemon;
  daemon.On("GET /x", {Silence()});
  int pipe_fds[2];
  ASSERT_EQ(::pipe(pipe_fds), 0);
  const UniqueFd read_end(pipe_fds[0]);
  const UniqueFd write_end(pipe_fds[1]);
  ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
  UnixClient client(daemon.socket());
  client.AbortOn(read_end.get());
  EXPECT_EQ(client.Call(kGet).error().os_error, EINTR);
}

TEST(UnixClientStream, HandsPiecesOnUntilItIsToldToStop) {
  FakeDaemon daemon;
  daemon.On("GET /x", {Verbatim("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n")});
  UnixClient client(daemon.socket());
  std::string all;
  ASSERT_TRUE(client.Stream(kGet, [&](std::string_view piece) {
    all += piece;
    return Sink::kContinue;
  }));
  EXPECT_EQ(all, "abcde");
  int calls = 0;
  ASSERT_TRUE(client.Stream(kGet, [&](std::string_view) {
    ++calls;
    return Sink::kStop;
  }));
  EXPECT_EQ(calls, 1);
}

TEST(UnixClientStream, GivesTheBodyOfARefusal) {
  FakeDaemon daemon;
  daemon.On("GET /x", {Refusal(403, "no")});
  const auto response = UnixClient(daemon.socket()).Stream(kGet, [](std::string_view) {
    ADD_FAILURE() << "nothing of a refusal is a piece";
    return Sink::kContinue;
  });
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 403);
  EXPECT_THAT(response->body, HasSubstr("no"));
}

TEST(PercentEncode, EncodesWhatEndsAValue) {
  EXPECT_EQ(PercentEncode("a&b=c d/ä%"), "a%26b%3Dc%20d%2F%C3%A4%25");
  EXPECT_EQ(PercentEncode("A-z_0.9~"), "A-z_0.9~");
}

}  // namespace
}  // namespace headroom::cli
