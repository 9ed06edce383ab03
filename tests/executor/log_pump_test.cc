#include "executor/shim/log_pump.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace headroom::shim {
namespace {

class LogPumpTest : public testing::Test {
 protected:
  LogPumpTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_.Reset(ends[0]);
    write_.Reset(ends[1]);
  }
  LogPump Pump(int64_t limit) {
    return {std::move(read_),
            {UniqueFd(::open(Path().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0},
            limit};
  }
  void Write(const std::string& text) {
    EXPECT_EQ(::write(write_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string Path() const { return files_ / "log"; }
  std::string Log() const {
    std::ifstream file(Path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempDir files_;
  UniqueFd read_, write_;
};

TEST_F(LogPumpTest, KeepsWhatFitsAndCountsTheRest) {
  LogPump pump = Pump(8);
  Write("12345");
  pump.Pump();
  Write("67890");
  pump.Pump();
  EXPECT_EQ(Log(), "12345678");
  EXPECT_EQ(pump.dropped_bytes(), 2);
  EXPECT_EQ(pump.os_error(), 0);
}

TEST_F(LogPumpTest, ClosesWhenAllWritersHave) {
  LogPump pump = Pump(8);
  Write("1");
  write_.Reset();
  pump.Pump();
  EXPECT_EQ(pump.pipe(), -1);
  EXPECT_EQ(Log(), "1");
}

TEST_F(LogPumpTest, DoesNotWaitForAWriter) {
  LogPump pump = Pump(8);
  pump.Pump();
  EXPECT_GE(pump.pipe(), 0);
}

// F58
TEST_F(LogPumpTest, DropsWhatAFullDiskRefuses) {
  LogPump pump(std::move(read_), {UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), 0}, 100);
  Write("12345");
  pump.Pump();
  EXPECT_EQ(pump.dropped_bytes(), 5);
  EXPECT_EQ(pump.os_error(), ENOSPC);
}

TEST_F(LogPumpTest, DropsEverythingWithoutAFile) {
  LogPump pump(std::move(read_), {UniqueFd(), EROFS}, 100);
  EXPECT_EQ(pump.os_error(), 0) << "nothing is missing yet";
  Write("12345");
  pump.Pump();
  EXPECT_EQ(pump.dropped_bytes(), 5);
  EXPECT_EQ(pump.os_error(), EROFS);
}

}  // namespace
}  // namespace headroom::shim
