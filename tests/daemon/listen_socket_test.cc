#include "daemon/listen_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

using ::testing::HasSubstr;

TEST(ListenUnix, LetsEveryLocalUserConnect) {
  const TempDir dir;
  const auto socket = ListenUnix(dir / "s");
  ASSERT_TRUE(socket) << socket.error().message;
  struct stat info {};
  ASSERT_EQ(::stat((dir / "s").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0666U);
}

TEST(ListenUnix, MakesTheDirectoryThatABootHasEmptied) {
  const TempDir dir;
  EXPECT_TRUE(ListenUnix(dir / "headroom/s"));
}

TEST(ListenUnix, RefusesASocketThatSomebodyAnswersOn) {  // F3
  const TempDir dir;
  const auto first = ListenUnix(dir / "s");
  const auto second = ListenUnix(dir / "s");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("another daemon"));
}

TEST(ListenUnix, ReplacesASocketThatNobodyAnswersOn) {  // F3
  const TempDir dir;
  ASSERT_TRUE(ListenUnix(dir / "s"));  // closed at once; its file stays
  EXPECT_TRUE(ListenUnix(dir / "s"));
}

TEST(ListenUnix, RemovesNoFileOfAnotherKind) {
  const TempDir dir;
  std::ofstream(dir / "s") << "precious";
  const auto socket = ListenUnix(dir / "s");
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, ErrorCode::kConflict);
  std::string content;
  std::ifstream(dir / "s") >> content;
  EXPECT_EQ(content, "precious");
}

TEST(ListenUnix, SaysThatAPathIsTooLong) {
  const auto socket = ListenUnix("/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(socket.error().message, HasSubstr("1 to 107 bytes"));
}

TEST(ListenUnix, SaysWhereTheDirectoryIsMissing) {
  const TempDir dir;
  const auto socket = ListenUnix(dir / "no/such/s");
  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().message, HasSubstr(dir / "no/such/"));
}

TEST(ListenLoopback, TakesAnyFreePort) {
  const auto socket = ListenLoopback("127.0.0.1:0");
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_GT(LocalPort(socket->get()).value(), 0);
}

TEST(ListenLoopback, RefusesEveryOtherAddress) {
  for (const char* address : {"0.0.0.0:0", "10.0.0.1:80", "[::]:80", "example.org:80", ":80"}) {
    const auto socket = ListenLoopback(address);
    ASSERT_FALSE(socket) << address;
    EXPECT_EQ(socket.error().code, ErrorCode::kInvalid) << address;
  }
}

TEST(ListenLoopback, RefusesWhatIsNoPort) {
  for (const char* address : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                              "127.0.0.1:-1", "localhost:80 "}) {
    EXPECT_FALSE(ListenLoopback(address)) << address;
  }
}

TEST(PeerOfSocket, IsWhomTheKernelSays) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd one(pair[0]);
  const UniqueFd other(pair[1]);
  EXPECT_EQ(PeerOfSocket(one.get(), Transport::kUnix), (Peer{Transport::kUnix, ::geteuid()}));
  EXPECT_EQ(PeerOfSocket(one.get(), Transport::kTcp), (Peer{Transport::kTcp, std::nullopt}));
}

}  // namespace
}  // namespace headroom
