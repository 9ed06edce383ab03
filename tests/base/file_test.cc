#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/fd.h"
#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

TEST(ReadFile, ReturnsWhatWasWrittenDurably) {
  TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir / "a", "first"));
  ASSERT_TRUE(WriteFileDurably(dir / "a", "second"));
  EXPECT_EQ(ReadFile(dir / "a", 100), "second");
  EXPECT_FALSE(std::filesystem::exists(dir / "a.new"));
}

TEST(ReadFile, RefusesMoreThanItsBound) {
  TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir / "a", "12345"));
  EXPECT_TRUE(ReadFile(dir / "a", 5));
  EXPECT_EQ(ReadFile(dir / "a", 4).error().code, ErrorCode::kInvalid);
}

// F45
TEST(ReadFile, RefusesADirectoryAndAFifoWithoutBlocking) {
  TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(dir / "fifo", 10).error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(ReadFile(dir.path(), 10));
}

TEST(ReadFile, NamesThePathAndTheErrno) {
  const auto read = ReadFile("/nowhere/at/all", 10);
  EXPECT_EQ(read.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read.error().os_error, ENOENT);
  EXPECT_EQ(read.error().message, "open /nowhere/at/all: No such file or directory (ENOENT)");
}

TEST(WriteFileDurably, DoesNotFollowASymlinkLeftInItsPlace) {
  TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir / "victim", "kept"));
  ASSERT_EQ(::symlink((dir / "victim").c_str(), (dir / "a.new").c_str()), 0);
  EXPECT_FALSE(WriteFileDurably(dir / "a", "evil"));
  EXPECT_EQ(ReadFile(dir / "victim", 10), "kept");
}

TEST(LockAlone, LetsOneProcessInAndTellsTheOtherWhere) {
  TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir / "lock", ""));
  UniqueFd first(::open((dir / "lock").c_str(), O_RDWR | O_CLOEXEC));
  const UniqueFd second(::open((dir / "lock").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(LockAlone(first.get(), dir / "lock"));
  const Status refused = LockAlone(second.get(), dir / "lock");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().message, (dir / "lock") + ": another process has locked it");
  first.Reset();
  EXPECT_TRUE(LockAlone(second.get(), dir / "lock"));
}

}  // namespace
}  // namespace headroom
