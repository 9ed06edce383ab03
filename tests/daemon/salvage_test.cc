#include "daemon/salvage.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "daemon/raw_rows.h"
#include "daemon/store.h"
#include "executor/attempt_files.h"
#include "tests/daemon/a_job_record.h"
#include "tests/daemon/a_past_attempt.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

// F8: files damaged in every place, and what --recover makes of them.
namespace headroom {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr int kJobs = 160;
constexpr std::size_t kPage = 4096, kFrame = kPage + 24;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteAll(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
  ::chmod(path.c_str(), 0600);
}

std::string Noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// A process that holds the lock of a claim, as a shim does while it lives.
class AShim {
 public:
  explicit AShim(const std::string& directory) {
    int ready[2];
    if (::pipe(ready) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      const int fd = ::open((directory + "/claim").c_str(), O_WRONLY);
      struct flock whole {};
      whole.l_type = F_WRLCK;
      char byte = ::fcntl(fd, F_SETLK, &whole) == 0 ? 'y' : 'n';
      if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char byte = 'n';
    if (::read(ready[0], &byte, 1) != 1 || byte != 'y') std::abort();
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~AShim() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  AShim(const AShim&) = delete;
  AShim& operator=(const AShim&) = delete;

 private:
  pid_t pid_ = -1;
};

class SalvageTest : public testing::Test {
 protected:
  SalvageTest() { std::filesystem::create_directory(AttemptsDirectory(dir_.path())); }

  std::string DirectoryOf(int64_t job, int32_t attempt) {
    return AttemptDirectory(dir_.path(), {{job}, attempt});
  }
  std::string MakeAttempt(int64_t job, int32_t attempt, const std::string& claim) {
    const std::string directory = DirectoryOf(job, attempt);
    EXPECT_TRUE(MakeAttemptDirectory(directory));
    WriteAll(directory + "/claim", claim);
    return directory;
  }
  void MakeEndedAttempt(int64_t job, int32_t attempt) {
    ExitRecord record;
    record.outcome = Exited{7};
    EXPECT_TRUE(WriteExitRecord(MakeAttempt(job, attempt, "boot 1\n"), record));
  }

  // Jobs of every kind, each submitted and moved on in commits of its own: some wait, some ended,
  // some run and have ended since, some were started and are lost.
  void Fill(Store& store, bool with_attempts) {
    for (int i = 1; i <= kJobs; ++i) {
      JobRecord job = AJobRecord("job " + std::to_string(i)).Key("key " + std::to_string(i));
      job.submission.environment["PADDING"] = std::string(i % 10 == 0 ? 9000 : 150, 'x');
      job.id = store.Insert(job).value();
      ASSERT_TRUE(store.Append(Event{0, {}, "job_submitted", job.id, "{}"}));
      ASSERT_TRUE(store.AddHistory(APastAttempt("key").Ran(std::chrono::seconds(i))));
      if (i % 20 == 0) {
        ASSERT_TRUE(store.AppendDecisions({{}, i % 40 == 0, std::string(20, '\0')}));
      }
      ASSERT_TRUE(store.Commit());
      original_[i] = job;
    }
    for (auto& [id, job] : original_) {
      if (id % 4 == 0) continue;
      job.attempt = 1;
      job.state = JobState::kRunning;
      job.reserved = ResourceVector{1 << 20, 100, 1, {}};
      if (with_attempts && id % 4 == 2) MakeEndedAttempt(id, 1);
      if (with_attempts && id % 4 != 2) MakeAttempt(id, 1, "boot 1\n");
      ASSERT_TRUE(store.Update(job));
      ASSERT_TRUE(store.Commit());
      if (id % 4 != 1) continue;
      job.state = JobState::kFinished;
      job.outcome = JobOutcome::kFailed;
      job.reserved.reset();
      ASSERT_TRUE(store.Update(job));
      ASSERT_TRUE(store.Commit());
    }
  }
  void MakeFile(bool with_attempts = true) {
    Fill(*Store::Open(path_).value(), with_attempts);
    file_ = ReadAll(path_);
  }
  void MakeFileAndLog(bool with_attempts) {
    auto store = Store::Open(path_).value();
    Fill(*store, with_attempts);
    file_ = ReadAll(path_);
    log_ = ReadAll(path_ + "-wal");
  }

  // Puts these files there, alone.
  void Restore(const std::string& file, const std::optional<std::string>& log = {}) {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      if (entry.is_regular_file()) std::filesystem::remove(entry);
    }
    WriteAll(path_, file);
    if (log) WriteAll(path_ + "-wal", *log);
  }

  std::vector<std::string> Salvage() {
    auto lines = SalvageState(dir_.path(), clock_);
    EXPECT_TRUE(lines) << lines.error().message;
    return lines.value_or(std::vector<std::string>{});
  }

  // Opens the file and checks what must hold whatever was damaged: what waits has always waited,
  // what had ended has not changed, and new ids are new. Returns the ids that are there unchanged.
  std::set<int64_t> Unharmed() {
    std::set<int64_t> unharmed;
    auto opened = Store::Open(path_);
    EXPECT_TRUE(opened) << opened.error().message;
    if (!opened) return unharmed;
    Store& store = **opened;
    EXPECT_TRUE(CheckEveryJob(store));
    for (const auto& [id, was] : original_) {
      const auto now = store.Find(JobId{id}).value();
      if (!now) continue;
      const bool waits = now->state == JobState::kWaiting;
      EXPECT_TRUE(!waits || was.state == JobState::kWaiting) << "job " << id << " would run again";
      EXPECT_TRUE(!waits || may_differ_ || now->submission == was.submission) << id;
      const bool runs = now->state == JobState::kRunning && was.state == JobState::kRunning;
      if (*now == was || (runs && now->submission == was.submission && id % 4 == 2))
        unharmed.insert(id);
      // Running without an exit record: it can only end as lost.
      if (id % 4 == 3 && now->outcome == JobOutcome::kLost && now->submission == was.submission)
        unharmed.insert(id);
    }
    EXPECT_GT(store.Insert(AJobRecord()).value().value, kJobs);
    return unharmed;
  }

  TempDir dir_{MemoryBacked()};
  const std::string path_ = dir_ / "headroom.db";
  FakeClock clock_;
  bool may_differ_ = false;  // a text with a bit flipped is still a text
  std::map<int64_t, JobRecord> original_;
  std::string file_, log_;
};

TEST_F(SalvageTest, AWholeFileComesBackAsItWas) {
  MakeFile();
  const auto lines = Salvage();
  EXPECT_EQ(Unharmed().size(), kJobs);
  auto store = Store::Open(path_).value();
  EXPECT_EQ(store->LastEvent().value(), kJobs + kJobs / 4);  // one for each job that is lost
  EXPECT_EQ(store->EventsAfter(0, 2 * kJobs).value().size(), kJobs + kJobs / 4);
  EXPECT_EQ(store->History("key").value()->attempts, 128);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("make no sense"))));
  EXPECT_EQ(ReadAll(path_ + ".damaged-1"), file_);
  EXPECT_THAT(lines, Contains(HasSubstr("the damaged file is kept as " + path_ + ".damaged-1")));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".damaged-1-wal"));
}

TEST_F(SalvageTest, EveryJobWhosePagesAreIntactIsThereWhateverPageIsDamaged) {
  MakeFile();
  std::map<int64_t, std::set<int64_t>> pages_of;  // of each job: where its two rows begin
  ASSERT_TRUE(ReadRawRows(path_, [&](RawRow row) {
    if (row.values.size() >= 22) pages_of[row.rowid].insert(row.page);
  }));
  ASSERT_EQ(pages_of.size(), kJobs);
  const std::size_t pages = file_.size() / kPage;
  EXPECT_GT(pages, 40U);
  std::size_t worst = kJobs;
  for (std::size_t page = 0; page < pages; ++page) {
    const bool overflow = page > 0 && file_[page * kPage] == '\0';
    for (const std::string& junk :
         {Noise(kPage, static_cast<unsigned>(page)), std::string(kPage, '\0'),
          file_.substr((overflow ? 0 : (page + 7) % pages) * kPage, kPage)}) {
      std::string damaged = file_;
      damaged.replace(page * kPage, kPage, junk);
      Restore(damaged);
      Salvage();
      const std::set<int64_t> unharmed = Unharmed();
      for (const auto& [id, its_pages] : pages_of) {
        if (its_pages.contains(static_cast<int64_t>(page) + 1) || (overflow && id % 10 == 0))
          continue;
        EXPECT_TRUE(unharmed.contains(id)) << "job " << id << ", page " << page + 1;
      }
      worst = std::min(worst, unharmed.size());
    }
    if (HasFailure()) return;
  }
  EXPECT_LT(worst, kJobs) << "nothing was damaged";
}

TEST_F(SalvageTest, ATruncatedFileLosesNoJobThatIsInFrontOfTheCut) {
  MakeFile();
  std::size_t before = 0;
  for (std::size_t size = 0; size < file_.size(); size += 3001) {
    Restore(file_.substr(0, size));
    Salvage();
    const std::size_t unharmed = Unharmed().size();
    EXPECT_GE(unharmed, before) << size;
    before = unharmed;
    if (HasFailure()) return;
  }
  EXPECT_GT(before, kJobs / 2);
}

TEST_F(SalvageTest, ABitThatFlippedAnywhereNeverStartsAJobTwice) {
  MakeFile();
  may_differ_ = true;
  for (std::size_t at = 0; at < file_.size(); at += at < 100 ? 3 : 1511) {
    std::string damaged = file_;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    Restore(damaged);
    Salvage();
    EXPECT_GT(Unharmed().size(), kJobs / 3) << at;
    if (HasFailure()) return;
  }
}

// Without the directories only the log tells that a job was started. Where it is damaged, what it
// may have said counts. Lost is in turn the newest version of every page, and some others.
TEST_F(SalvageTest, ADamagedLogNeverStartsAJobTwice) {
  MakeFileAndLog(/*with_attempts=*/false);
  std::map<std::string, std::size_t> newest;  // by the page's number, as it stands in the frame
  for (std::size_t at = 32; at + kFrame <= log_.size(); at += kFrame)
    newest[log_.substr(at, 4)] = at;
  std::set<std::size_t> frames = {0};  // the header
  for (const auto& [page, at] : newest) frames.insert(at);
  for (std::size_t at = 32; at + kFrame <= log_.size(); at += 50 * kFrame) frames.insert(at);
  std::size_t best = 0, refused = 0;
  for (const std::size_t frame : frames) {
    for (const auto& [at, size] :
         {std::pair(frame + 20, std::size_t{1}), std::pair(frame, kFrame)}) {
      std::string damaged = log_;
      std::string junk = Noise(size, static_cast<unsigned>(at));
      junk[0] = static_cast<char>(~damaged[at]);
      damaged.replace(at, size, junk);
      Restore(file_, damaged);
      if (Store::Open(path_)) continue;  // like the torn end of a power cut
      ++refused;
      Restore(file_, damaged);
      Salvage();
      best = std::max(best, Unharmed().size());
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(refused, 50U);
  EXPECT_GT(best, kJobs / 2);
}

TEST_F(SalvageTest, ATruncatedLogNeverStartsAgainWhatHasADirectory) {
  MakeFileAndLog(/*with_attempts=*/true);
  for (std::size_t size = 0; size < log_.size(); size += 7 * kFrame + 501) {
    Restore(file_, log_.substr(0, size));
    Salvage();
    auto store = Store::Open(path_).value();
    const auto unfinished = store->Unfinished().value();
    for (const JobRecord& job : unfinished) {
      EXPECT_TRUE(job.state != JobState::kWaiting || job.id.value % 4 == 0) << job.id.value;
    }
  }
}

TEST_F(SalvageTest, AFileThatIsMissingOrEmptyLeavesItsLogAndTheAttempts) {
  MakeFileAndLog(/*with_attempts=*/true);
  for (const bool missing : {true, false}) {
    Restore("", log_);
    if (missing) std::filesystem::remove(path_);
    Salvage();
    EXPECT_GT(Unharmed().size(), kJobs / 4) << "what was still in the log";
    EXPECT_EQ(ReadAll(path_ + ".damaged-1-wal"), log_);
  }
  Restore("");
  std::filesystem::remove(path_);
  Salvage();
  Unharmed();
  auto store = Store::Open(path_).value();
  EXPECT_EQ(store->CountByState().value()["starting"], kJobs / 4) << "those with an exit record";
  EXPECT_EQ(store->CountByState().value()["finished"], kJobs / 2);
  EXPECT_EQ(store->CountByState().value()["waiting"], 0);
}

TEST_F(SalvageTest, AnAttemptWithoutAJobGetsOne) {
  MakeFile(/*with_attempts=*/false);
  const AShim shim(MakeAttempt(900, 2, "boot 1\n"));
  MakeEndedAttempt(901, 1);
  MakeAttempt(902, 1, "boot 1\n");
  MakeAttempt(903, 1, "");
  const auto lines = Salvage();
  auto store = Store::Open(path_).value();
  const auto job = [&](int64_t id) { return store->Find(JobId{id}).value().value(); };
  for (const auto& [id, attempt] : {std::pair(900, 2), std::pair(901, 1)}) {
    EXPECT_EQ(job(id).state, JobState::kStarting);
    EXPECT_EQ(job(id).attempt, attempt);
    EXPECT_EQ(job(id).reserved, ResourceVector{}) << "charged for what it is seen to use";
  }
  for (const int64_t id : {902, 903}) {
    EXPECT_EQ(job(id).outcome, JobOutcome::kLost);
    EXPECT_THAT(job(id).message, HasSubstr("the state file was damaged"));
  }
  EXPECT_THAT(lines, Contains(HasSubstr("job 900 was made for its attempt 900-2")));
  EXPECT_THAT(lines, Contains(HasSubstr("job 902 ends as lost")));
  EXPECT_GT(store->Insert(AJobRecord()).value().value, 903);
}

// Its row is of before it was started.
TEST_F(SalvageTest, AJobThatWaitsInTheFileAndRunsInTruthIsAdopted) {
  MakeFile(/*with_attempts=*/false);
  const AShim shim(MakeAttempt(4, 1, "boot 1\n"));
  MakeEndedAttempt(8, 1);
  MakeAttempt(12, 1, "boot 1\n");
  MakeAttempt(16, 1, "");
  Salvage();
  auto store = Store::Open(path_).value();
  for (const int64_t id : {4, 8, 16}) {  // 16 was given up: Recover() puts it back in line
    EXPECT_EQ(store->Find(JobId{id}).value()->state, JobState::kStarting) << id;
    EXPECT_EQ(store->Find(JobId{id}).value()->submission, original_[id].submission);
  }
  EXPECT_EQ(store->Find(JobId{12}).value()->outcome, JobOutcome::kLost);
  EXPECT_EQ(store->Find(JobId{20}).value()->state, JobState::kWaiting);
}

TEST_F(SalvageTest, NeverOverwritesWhatIsKept) {
  MakeFile();
  WriteAll(path_ + ".damaged-1", "first");
  WriteAll(path_ + ".damaged-2-wal", "second");
  Salvage();
  EXPECT_EQ(ReadAll(path_ + ".damaged-1"), "first");
  EXPECT_EQ(ReadAll(path_ + ".damaged-2-wal"), "second");
  EXPECT_EQ(ReadAll(path_ + ".damaged-3"), file_);
}

// Killed after any step of putting the new file in place.
TEST_F(SalvageTest, GoesOnWhereItWasInterrupted) {
  MakeFileAndLog(/*with_attempts=*/true);
  Restore(file_, log_);
  Salvage();
  const std::string salvaged = ReadAll(path_);
  const std::string kept = path_ + ".damaged-1";
  for (int steps = 0; steps < 4; ++steps) {
    Restore(file_, log_);
    WriteAll(path_ + ".salvaged", salvaged);
    if (steps > 0) std::filesystem::create_hard_link(path_, kept);
    if (steps > 1) std::filesystem::create_hard_link(path_ + "-wal", kept + "-wal");
    if (steps > 2) std::filesystem::remove(path_ + "-wal");
    EXPECT_TRUE(FinishSalvage(dir_.path()).value());
    EXPECT_FALSE(FinishSalvage(dir_.path()).value());
    EXPECT_EQ(ReadAll(path_), salvaged);
    EXPECT_EQ(ReadAll(kept), file_);
    EXPECT_EQ(ReadAll(kept + "-wal"), log_);
    EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
    EXPECT_FALSE(std::filesystem::exists(path_ + ".damaged-2"));
  }
}

TEST_F(SalvageTest, ASecondSalvageLosesNothingMore) {
  MakeFile();
  std::string damaged = file_;
  damaged.replace(kPage, kPage, Noise(kPage, 3));
  Restore(damaged);
  Salvage();
  const auto first = Unharmed();
  Salvage();
  EXPECT_EQ(Unharmed(), first);
}

}  // namespace
}  // namespace headroom
