#include "daemon/state_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

using testing::HasSubstr;

TEST(LockStateDir, MakesADirectoryThatOnlyWeMayEnter) {
  const TempDir dir;
  ASSERT_TRUE(LockStateDir(dir / "a/state"));
  struct stat info {};
  ASSERT_EQ(::stat((dir / "a/state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
}

// F3
TEST(LockStateDir, LetsOneDaemonInAndNamesItToTheOther) {
  const TempDir dir;
  auto first = LockStateDir(dir / "state");
  ASSERT_TRUE(first);
  const auto second = LockStateDir(dir / "state");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(::getpid())));
  first->Reset();
  EXPECT_TRUE(LockStateDir(dir / "state"));
}

// F8
TEST(LockStateDir, RefusesADirectoryThatOthersMayWrite) {
  const TempDir dir;
  ASSERT_EQ(::mkdir((dir / "state").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((dir / "state").c_str(), 0777), 0);
  const auto refused = LockStateDir(dir / "state");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("0777"));
}

TEST(LockStateDir, FollowsALinkToTheWholeDirectoryButNotToTheLock) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "real");
  std::filesystem::permissions(dir / "real", std::filesystem::perms::owner_all);
  std::filesystem::create_symlink(dir / "real", dir / "state");
  EXPECT_TRUE(LockStateDir(dir / "state"));
  std::filesystem::remove(dir / "real/lock");
  std::filesystem::create_symlink(dir / "elsewhere", dir / "real/lock");
  EXPECT_FALSE(LockStateDir(dir / "state"));
  EXPECT_FALSE(std::filesystem::exists(dir / "elsewhere"));
}

// F8
TEST(CheckStateIsWhole, RefusesAttemptsWithoutADatabase) {
  const TempDir dir;
  EXPECT_TRUE(CheckStateIsWhole(dir.path()));  // a fresh one
  std::filesystem::create_directories(dir / "attempts/1-1");
  const Status refused = CheckStateIsWhole(dir.path());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("headroom.db"));
  std::ofstream(dir / kDatabaseName) << "anything";
  EXPECT_TRUE(CheckStateIsWhole(dir.path()));
}

}  // namespace
}  // namespace headroom
