#include "collectors/kernel_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

struct Directory {
  TempDir dir;
  UniqueFd fd{::open(dir.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(dir / name, std::ios::binary | std::ios::trunc) << text;
  }
};

TEST(KernelFile, ReadsTheFileAnewEachTime) {
  const Directory directory;
  directory.Write("a", "first\n");
  KernelFile file;
  ReadBuffer buffer;
  ASSERT_TRUE(file.Open(directory.fd.get(), "a"));
  EXPECT_EQ(file.Read(buffer), "first\n");
  directory.Write("a", "second one\n");
  EXPECT_EQ(file.Read(buffer), "second one\n");
  directory.Write("a", "");
  EXPECT_EQ(file.Read(buffer), "");
}

TEST(KernelFile, ReadsAFileThatOutgrowsTheBuffer) {
  const Directory directory;
  const std::string text = std::string(200'000, 'x') + "\n";
  directory.Write("a", text);
  KernelFile file;
  ReadBuffer buffer;
  ASSERT_TRUE(file.Open(directory.fd.get(), "a"));
  EXPECT_EQ(file.Read(buffer), text);
}

TEST(KernelFile, RefusesAFileWithoutEnd) {
  KernelFile file;
  ReadBuffer buffer;
  ASSERT_TRUE(file.Open(AT_FDCWD, "/dev/zero"));
  const auto text = file.Read(buffer);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kCorrupt);
}

TEST(KernelFile, TellsAMissingFileByItsErrno) {
  const Directory directory;
  KernelFile file;
  const Status opened = file.Open(directory.fd.get(), "nothing");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().os_error, ENOENT);
  EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(file.is_open());
}

TEST(KernelFile, RefusesADirectory) {
  KernelFile file;
  ReadBuffer buffer;
  ASSERT_TRUE(file.Open(AT_FDCWD, "/"));
  EXPECT_EQ(file.Read(buffer).error().os_error, EISDIR);
}

// F10, with what is to be had without a cgroup: a file of /proc whose process is gone.
TEST(KernelFile, SaysThatWhatItIsAboutIsGone) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  KernelFile file;
  ReadBuffer buffer;
  const std::string name = "/proc/" + std::to_string(child) + "/stat";
  ASSERT_TRUE(file.Open(AT_FDCWD, name.c_str()));
  EXPECT_TRUE(file.Read(buffer));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto text = file.Read(buffer);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().os_error, ESRCH);
  EXPECT_EQ(text.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace headroom
