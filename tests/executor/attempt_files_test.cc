#include "executor/attempt_files.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "executor/executor.h"
#include "executor/shim/attempt_claim.h"
#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

// A process that claims the attempt as a shim does, says what came of it by its exit status if it
// failed, and else lives until it is killed.
class Claimer {
 public:
  explicit Claimer(const std::string& directory) : pid_(::fork()) {
    if (pid_ == 0) {
      const int error = shim::ClaimAttempt(directory, "boot");
      if (error != 0) ::_exit(error);
      ::kill(::getpid(), SIGSTOP);
      ::_exit(0);
    }
    ::waitpid(pid_, &status_, WUNTRACED);
  }
  ~Claimer() { Kill(); }

  bool claimed() const { return WIFSTOPPED(status_); }
  int error() const { return WEXITSTATUS(status_); }
  void Kill() {
    if (!claimed()) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status_, 0);
  }

 private:
  const pid_t pid_;
  int status_ = 0;
};

class AttemptFiles : public testing::Test {
 protected:
  TempDir directory_;
};

TEST_F(AttemptFiles, LieInTheStateDirectoryUnderTheNameOfTheAttempt) {
  EXPECT_EQ(StdoutPath("/state", {JobId{42}, 1}), "/state/attempts/42-1/stdout");
  EXPECT_EQ(StderrPath("/state", {JobId{42}, 1}), "/state/attempts/42-1/stderr");
}

TEST_F(AttemptFiles, AShimThatClaimedTheAttemptIsFoundWhileItLives) {
  Claimer shim(directory_.path());
  ASSERT_TRUE(shim.claimed());
  EXPECT_EQ(*GiveUpOrSeeClaim(directory_.path()), Claim::kShim);
  const auto found = FindShim(directory_.path());
  ASSERT_TRUE(found && *found);
  pollfd exit{(*found)->get(), POLLIN, 0};
  EXPECT_EQ(::poll(&exit, 1, 0), 0);
  shim.Kill();
  EXPECT_EQ(::poll(&exit, 1, 1000), 1) << "the pidfd is the shim's";
  EXPECT_FALSE(*FindShim(directory_.path()));
  EXPECT_EQ(*GiveUpOrSeeClaim(directory_.path()), Claim::kShim) << "but its claim stands";
}

TEST_F(AttemptFiles, AnAttemptThatWasGivenUpCannotBeClaimed) {
  EXPECT_EQ(*GiveUpOrSeeClaim(directory_.path()), Claim::kGivenUp);
  const Claimer shim(directory_.path());
  EXPECT_FALSE(shim.claimed());
  EXPECT_EQ(shim.error(), EEXIST);
  EXPECT_EQ(*GiveUpOrSeeClaim(directory_.path()), Claim::kGivenUp);
}

TEST_F(AttemptFiles, ASecondShimCannotClaimTheAttempt) {
  const Claimer first(directory_.path());
  const Claimer second(directory_.path());
  EXPECT_TRUE(first.claimed());
  EXPECT_EQ(second.error(), EEXIST);
}

TEST_F(AttemptFiles, WithoutADirectoryNothingCanBeClaimed) {
  const std::string missing = directory_ / "missing";
  EXPECT_EQ(*GiveUpOrSeeClaim(missing), Claim::kNoDirectory);
  EXPECT_FALSE(*FindShim(missing));
  EXPECT_EQ(Claimer(missing).error(), ENOENT);
}

TEST_F(AttemptFiles, ARecordSurvivesAndATornOneDoesNot) {
  EXPECT_FALSE(ReadExitRecord(directory_.path()));
  const ExitRecord record{"boot", Exited{1}, {}, {}, 0, 0, 0};
  ASSERT_TRUE(WriteExitRecord(directory_.path(), record));
  EXPECT_EQ(ReadExitRecord(directory_.path()), record);
  std::filesystem::resize_file(directory_ / "exit", 20);
  EXPECT_FALSE(ReadExitRecord(directory_.path()));
}

}  // namespace
}  // namespace headroom
