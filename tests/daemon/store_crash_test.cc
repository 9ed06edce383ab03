#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <random>
#include <vector>

#include "base/fd.h"
#include "daemon/store.h"
#include "tests/daemon/a_job_record.h"
#include "tests/support/temp_dir.h"

// A daemon that is killed while it writes (I2, F1, F9).
namespace headroom {
namespace {

// Submits jobs as fast as it can, each with an event and a transition, and writes every id that was
// acknowledged to a pipe. Runs in a process of its own until it is killed.
[[noreturn]] void SubmitForEver(const std::string& path, int acknowledgements) {
  auto store = Store::Open(path);
  while (store) {
    JobRecord job = AJobRecord();
    job.submission.environment["PADDING"] = std::string(3000, 'x');
    job.id = (*store)->Insert(job).value_or(JobId{});
    if (!(*store)->Append(Event{}) || !(*store)->Commit()) break;
    if (::write(acknowledgements, &job.id.value, sizeof job.id.value) < 0) break;
    job.state = JobState::kFinished;
    job.outcome = JobOutcome::kSucceeded;
    if (!(*store)->Update(job) || !(*store)->Commit()) break;
  }
  ::_exit(1);
}

class Submitter {
 public:
  explicit Submitter(const std::string& path) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read_.Reset(ends[0]);
    UniqueFd write(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) SubmitForEver(path, write.get());
  }
  ~Submitter() { Kill(); }
  Submitter(const Submitter&) = delete;
  Submitter& operator=(const Submitter&) = delete;

  // Waits until so many more ids are acknowledged.
  void Await(int count) {
    while (count-- > 0 && Take()) continue;
  }
  void Stop() {
    ::kill(pid_, SIGSTOP);
    int status = 0;
    ::waitpid(pid_, &status, WUNTRACED);
  }
  void Continue() { ::kill(pid_, SIGCONT); }
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    while (Take()) continue;
  }
  // All that came out of the pipe; a job whose id is still in it was acknowledged, too, but later.
  const std::vector<int64_t>& acknowledged() const { return acknowledged_; }

 private:
  bool Take() {
    int64_t id = 0;
    if (::read(read_.get(), &id, sizeof id) != sizeof id) return false;
    acknowledged_.push_back(id);
    return true;
  }

  UniqueFd read_;
  pid_t pid_ = 0;
  std::vector<int64_t> acknowledged_;
};

// Lets a random part of a millisecond pass, without giving the processor away.
void Spin(std::mt19937& random) {
  volatile auto rest = random() % 200000;
  while (rest > 0) rest = rest - 1;
}

void ExpectHolds(Store& store, const std::vector<int64_t>& ids) {
  for (const int64_t id : ids) {
    const auto job = store.Find(JobId{id});
    ASSERT_TRUE(job) << job.error().message;
    ASSERT_TRUE(*job) << "job " << id << " was acknowledged and is gone";
    EXPECT_EQ((*job)->submission.environment.at("PADDING").size(), 3000U);
  }
}

// I2, F1. Opening verifies the file, too.
TEST(StoreCrash, KillingTheDaemonLosesNothingItAcknowledged) {
  TempDir dir{MemoryBacked()};
  const std::string path = dir / "headroom.db";
  std::mt19937 random(20200406);
  std::vector<int64_t> acknowledged;
  for (int round = 0; round < 60; ++round) {
    Submitter submitter(path);
    submitter.Await(static_cast<int>(random() % 12));
    Spin(random);
    submitter.Kill();
    acknowledged.insert(acknowledged.end(), submitter.acknowledged().begin(),
                        submitter.acknowledged().end());
    const auto store = Store::Open(path);
    ASSERT_TRUE(store) << store.error().message;
    ExpectHolds(**store, acknowledged);
  }
  EXPECT_GT(acknowledged.size(), 100U);
}

// I2: the file is made by a daemon that may be killed as well.
TEST(StoreCrash, KillingTheDaemonWhileItMakesItsFileLeavesAFileOrNone) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    TempDir dir{MemoryBacked()};
    Submitter submitter(dir / "headroom.db");
    for (int i = 0; i < round; ++i) Spin(random);
    submitter.Kill();
    const auto store = Store::Open(dir / "headroom.db");
    ASSERT_TRUE(store) << store.error().message;
    ExpectHolds(**store, submitter.acknowledged());
  }
}

// F9
TEST(StoreCrash, ACopyTakenAtAnyInstantHoldsWhatWasAcknowledgedBefore) {
  TempDir dir{MemoryBacked()};
  const std::string path = dir / "headroom.db", copy = dir / "copy.db";
  std::mt19937 random(11);
  Submitter submitter(path);
  submitter.Await(1);
  for (int round = 0; round < 40; ++round) {
    submitter.Await(static_cast<int>(random() % 10));
    Spin(random);
    submitter.Stop();
    for (const char* log : {"", "-wal"}) {
      std::filesystem::remove(copy + log);
      std::filesystem::copy_file(path + log, copy + log);
    }
    submitter.Continue();
    const auto store = Store::Open(copy);
    ASSERT_TRUE(store) << store.error().message;
    ExpectHolds(**store, submitter.acknowledged());
  }
}

}  // namespace
}  // namespace headroom
