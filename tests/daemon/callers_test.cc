#include "daemon/callers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

using ::testing::HasSubstr;

class CallersTest : public ::testing::Test {
 protected:
  UserDatabase Users() {
    return {
        [this](uid_t uid) -> Result<UserIdentity> {
          ++lookups;
          if (uid == 1000) return UserIdentity{1000, 1000, {1000}, "alice", "/", "/bin/sh"};
          return Fail(ErrorCode::kNotFound, "unknown");
        },
        [this](const std::string&) -> Result<UserIdentity> {
          ++lookups;
          return Fail(ErrorCode::kNotFound, "unknown");
        },
        [this](const UserIdentity&, const std::string& group) { return group == group_of_alice; }};
  }
  static HttpRequest From(uid_t uid) {
    HttpRequest request;
    request.peer = {Transport::kUnix, uid};
    return request;
  }
  static HttpRequest OverTcp(const std::string& authorization) {
    HttpRequest request;
    request.peer = {Transport::kTcp, std::nullopt};
    if (!authorization.empty()) request.headers = {{"authorization", authorization}};
    return request;
  }

  int lookups = 0;
  std::string group_of_alice = "staff";
  FakeClock clock;
};

TEST_F(CallersTest, KnowsRootAsAdministratorEvenWithoutAnEntry) {
  Callers callers(Users(), clock, "");
  EXPECT_TRUE(callers.Identify(From(0), "headroom").value().admin);
}

TEST_F(CallersTest, KnowsMembersOfTheAdminGroup) {
  Callers callers(Users(), clock, "");
  EXPECT_FALSE(callers.Identify(From(1000), "headroom").value().admin);
  EXPECT_TRUE(callers.Identify(From(1000), "staff").value().admin);
}

TEST_F(CallersTest, AsksTheDatabaseAgainAfterAWhile) {
  Callers callers(Users(), clock, "");
  callers.Identify(From(1000), "headroom");
  callers.Identify(From(1000), "headroom");
  EXPECT_EQ(lookups, 1);
  group_of_alice = "headroom";
  clock.Advance(std::chrono::seconds(11));
  EXPECT_TRUE(callers.Identify(From(1000), "headroom").value().admin);
  EXPECT_EQ(lookups, 2);
}

TEST_F(CallersTest, RemembersUnknownNamesToo) {
  Callers callers(Users(), clock, "");
  EXPECT_FALSE(callers.FindUser("mallory"));
  EXPECT_FALSE(callers.FindUser("mallory"));
  EXPECT_EQ(lookups, 1);
}

TEST_F(CallersTest, RefusesAUidThatIsNotMapped) {  // F35
  Callers callers(Users(), clock, "");
  EXPECT_EQ(callers.Identify(From(65534), "headroom").error().status, 403);
  EXPECT_EQ(callers.Identify(From(static_cast<uid_t>(-1)), "headroom").error().status, 403);
  EXPECT_FALSE(callers.IsAdmin({Transport::kUnix, 65534}, "headroom"));
}

TEST_F(CallersTest, RefusesTcpWithoutTheToken) {  // F35
  Callers callers(Users(), clock, "secret-secret-secret");
  for (const char* shown :
       {"", "Bearer", "Bearer ", "Bearer secret-secret-secre", "Bearer secret-secret-secret1",
        "Basic secret-secret-secret", "secret-secret-secret", "Bearer  secret-secret-secret"}) {
    const auto caller = callers.Identify(OverTcp(shown), "headroom");
    ASSERT_FALSE(caller) << shown;
    EXPECT_EQ(caller.error().status, 401) << shown;
  }
}

TEST_F(CallersTest, RefusesTcpAltogetherWithoutATokenOfItsOwn) {
  Callers callers(Users(), clock, "");
  EXPECT_EQ(callers.Identify(OverTcp("Bearer "), "headroom").error().status, 401);
}

TEST_F(CallersTest, TakesTheBearerForTheDaemonsOwnUser) {
  Callers callers(Users(), clock, "secret-secret-secret");
  const auto caller = callers.Identify(OverTcp("Bearer secret-secret-secret"), "headroom");
  ASSERT_TRUE(caller);
  EXPECT_TRUE(caller->admin);
  EXPECT_EQ(caller->uid, ::geteuid());
  EXPECT_TRUE(callers.Identify(OverTcp("bearer secret-secret-secret"), "headroom"));
}

TEST(EqualInConstantTime, TellsEqualFromDifferent) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_TRUE(EqualInConstantTime("abc", "abc"));
  EXPECT_FALSE(EqualInConstantTime("abc", "abd"));
  EXPECT_FALSE(EqualInConstantTime("abc", "ab"));
  EXPECT_FALSE(EqualInConstantTime("abcabc", "abc"));
  EXPECT_FALSE(EqualInConstantTime("", "a"));
  EXPECT_FALSE(EqualInConstantTime("a", ""));
}

TEST(LoadOrMakeToken, MakesOneThatOnlyItsOwnerReads) {
  const TempDir dir;
  const auto made = LoadOrMakeToken(dir / "token");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->size(), 64U);
  struct stat info {};
  ::stat((dir / "token").c_str(), &info);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(LoadOrMakeToken(dir / "token").value(), *made);
}

TEST(LoadOrMakeToken, RefusesOneThatOthersCanRead) {
  const TempDir dir;
  ASSERT_TRUE(LoadOrMakeToken(dir / "token"));
  ::chmod((dir / "token").c_str(), 0640);
  const auto loaded = LoadOrMakeToken(dir / "token");
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("chmod 600"));
}

TEST(LoadOrMakeToken, RefusesWhatIsNoToken) {
  const TempDir dir;
  for (const char* content : {"", "short", "two words in one line", "\n\n"}) {
    std::ofstream(dir / "token") << content;
    ::chmod((dir / "token").c_str(), 0600);
    EXPECT_FALSE(LoadOrMakeToken(dir / "token")) << content;
  }
  std::filesystem::remove(dir / "token");
  std::filesystem::create_symlink("/etc/hostname", dir / "token");
  EXPECT_FALSE(LoadOrMakeToken(dir / "token"));
}

}  // namespace
}  // namespace headroom
