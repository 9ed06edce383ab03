#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/schema.h"
#include "daemon/sqlite.h"
#include "daemon/store.h"
#include "tests/daemon/a_job_record.h"
#include "tests/daemon/a_past_attempt.h"
#include "tests/support/temp_dir.h"

// Files that are damaged, foreign, newer or someone else's (F3, F5, F8, F9).
namespace headroom {
namespace {

using ::testing::HasSubstr;

constexpr int kJobs = 40;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteAll(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
  ::chmod(path.c_str(), 0600);
}

int64_t CountJobs(Store& store) {
  JobQuery all;
  all.limit = 100000;
  return std::ssize(store.List(all).value());
}

class StoreFileTest : public ::testing::Test {
 protected:
  void Fill(Store& store) {
    for (int i = 0; i < kJobs; ++i) {
      ASSERT_TRUE(store.Insert(AJobRecord("job").Key(std::to_string(i)).From("s", "x")));
      ASSERT_TRUE(store.Commit());
    }
  }
  // A file with kJobs jobs and no log.
  void MakeFile() { Fill(*Store::Open(path_).value()); }
  // The same with every job still in the log.
  void MakeFileAndLog() {
    auto store = Store::Open(path_).value();
    Fill(*store);
    const std::string file = ReadAll(path_), log = ReadAll(log_);
    store.reset();
    WriteAll(path_, file);
    WriteAll(log_, log);
  }
  // Runs SQL on the file behind the store's back.
  void Run(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  // That the file is refused, how, and that it was left as it was.
  void ExpectRefused(ErrorCode code, const std::string& why) {
    const std::string file = ReadAll(path_), log = ReadAll(log_);
    const auto store = Store::Open(path_);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, code) << store.error().message;
    EXPECT_THAT(store.error().message, HasSubstr(path_));
    EXPECT_THAT(store.error().message, HasSubstr(why));
    EXPECT_TRUE(ReadAll(path_) == file && ReadAll(log_) == log) << "changed what it refused";
  }

  TempDir dir_{MemoryBacked()};
  const std::string path_ = dir_ / "headroom.db";
  const std::string log_ = path_ + "-wal";
};

TEST_F(StoreFileTest, MakesItsFilesForTheirOwnerAlone) {
  const mode_t before = ::umask(0);
  auto store = Store::Open(path_).value();
  ASSERT_TRUE(store->Insert(AJobRecord()));
  ASSERT_TRUE(store->Commit());
  ::umask(before);
  for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
    EXPECT_EQ(file.status().permissions(), std::filesystem::perms{0600}) << file.path();
  }
}

TEST_F(StoreFileTest, LeavesNothingBesideAClosedFile) {
  MakeFile();
  EXPECT_FALSE(std::filesystem::exists(log_));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

// F1: killed while it made its first file.
TEST_F(StoreFileTest, StartsAgainAfterACreationThatWasInterrupted) {
  WriteAll(path_ + ".new", "half");
  WriteAll(path_ + ".new-wal", "half");
  EXPECT_EQ(CountJobs(*Store::Open(path_).value()), 0);
}

// F8
TEST_F(StoreFileTest, RefusesAnEmptyFile) {
  WriteAll(path_, "");
  ExpectRefused(ErrorCode::kCorrupt, "is empty");
}

// F8
TEST_F(StoreFileTest, RefusesGarbageAndOtherDatabases) {
  WriteAll(path_, "hello");
  ExpectRefused(ErrorCode::kCorrupt, "is truncated");
  WriteAll(path_, std::string(8192, 'x'));
  ExpectRefused(ErrorCode::kCorrupt, "is not an SQLite file");
  std::filesystem::remove(path_);
  Run("CREATE TABLE t (a); PRAGMA user_version = 1");
  ::chmod(path_.c_str(), 0600);
  ExpectRefused(ErrorCode::kCorrupt, "is not a headroom state file");
}

// F8
TEST_F(StoreFileTest, RefusesASymlinkADirectoryAndAFifo) {
  ASSERT_EQ(::symlink((dir_ / "elsewhere").c_str(), path_.c_str()), 0);
  ExpectRefused(ErrorCode::kDenied, "is a symlink");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "elsewhere"));
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(Store::Open(path_).error().code, ErrorCode::kDenied);
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(Store::Open(path_).error().code, ErrorCode::kDenied);
}

// F8
TEST_F(StoreFileTest, RefusesALogThatIsASymlink) {
  MakeFile();
  ASSERT_EQ(::symlink((dir_ / "elsewhere").c_str(), log_.c_str()), 0);
  ExpectRefused(ErrorCode::kDenied, "is a symlink");
}

// F8
TEST_F(StoreFileTest, RefusesAFileThatOthersMayRead) {
  MakeFile();
  ::chmod(path_.c_str(), 0640);
  ExpectRefused(ErrorCode::kDenied, "mode 0640 lets others in; chmod 0600 it");
}

// F8
TEST_F(StoreFileTest, RefusesTheFileOfAnotherUser) {
  MakeFile();
  if (::chown(path_.c_str(), ::geteuid() + 1, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "SKIPPED-NEEDS: root, to give a file away";
  }
  ExpectRefused(ErrorCode::kDenied, "belongs to uid");
}

// F8
TEST_F(StoreFileTest, RefusesALogWithoutItsFile) {
  MakeFileAndLog();
  std::filesystem::remove(path_);
  const auto store = Store::Open(path_);
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message, HasSubstr("is missing, but its log"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// F8
TEST_F(StoreFileTest, RefusesAFileWhoseGuardsWereRemoved) {
  MakeFile();
  Run("DROP TRIGGER finished_jobs_never_change");
  ExpectRefused(ErrorCode::kCorrupt, "its tables, indexes or triggers");
}

// F8
TEST_F(StoreFileTest, AJobWithoutItsSubmissionIsDamageAndNotAbsent) {
  MakeFile();
  Run("DELETE FROM submissions WHERE id = 7");
  auto store = Store::Open(path_).value();
  EXPECT_EQ(store->Unfinished().error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store->Find(JobId{7}).error().message, "find job: job 7: its submission is missing");
}

// F3
TEST_F(StoreFileTest, RefusesAFileThatAnotherProcessHasOpen) {
  auto store = Store::Open(path_).value();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto second = Store::Open(path_);
    const bool refused = !second && second.error().code == ErrorCode::kConflict &&
                         second.error().message.find("another process") != std::string::npos;
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(store->Insert(AJobRecord()));
  EXPECT_TRUE(store->Commit());
}

// F5
TEST_F(StoreFileTest, RefusesANewerSchemaUntouched) {
  MakeFile();
  Run("PRAGMA user_version = 1000");
  ExpectRefused(ErrorCode::kUnsupported, "has schema version 1000, this headroomd knows 5");
}

// F5: the newer daemon was killed before its log was folded into the file.
TEST_F(StoreFileTest, RefusesANewerSchemaThatOnlyTheLogKnowsOf) {
  MakeFile();
  const std::string before = ReadAll(path_);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version = 1000", nullptr, nullptr, nullptr), SQLITE_OK);
  const std::string log = ReadAll(log_);
  sqlite3_close(db);
  WriteAll(path_, before);
  WriteAll(log_, log);
  ExpectRefused(ErrorCode::kUnsupported, "has schema version 1000");
}

// F5
TEST_F(StoreFileTest, MigratesInOneStepAndKeepsACopy) {
  constexpr std::array kFirst = {"CREATE TABLE t (a);"};
  constexpr std::array kBoth = {kFirst[0], "ALTER TABLE t ADD COLUMN b DEFAULT 7;"};
  WriteAll(path_, "");
  auto db = Database::Open(path_).value();
  ASSERT_TRUE(Migrate(*db, path_, kFirst));
  ASSERT_TRUE(db->Run("INSERT INTO t VALUES (1)"));
  ASSERT_TRUE(Migrate(*db, path_, kBoth));
  EXPECT_EQ(db->AskInt("PRAGMA user_version").value(), 2);
  EXPECT_EQ(db->AskInt("SELECT a + b FROM t").value(), 8);
  EXPECT_TRUE(CheckSchema(*db, kBoth));
  EXPECT_EQ(std::filesystem::status(path_ + ".v1").permissions(), std::filesystem::perms{0600});
  auto copy = Database::Open(path_ + ".v1").value();
  EXPECT_EQ(copy->AskInt("PRAGMA user_version").value(), 1);
  EXPECT_EQ(copy->AskInt("SELECT a FROM t").value(), 1);
}

// F5: what a daemon of schema 2 left behind, with a job that waits and one attempt of history.
TEST_F(StoreFileTest, TakesOverTheHistoryOfVersion2) {
  {
    WriteAll(path_, "");
    ::chmod(path_.c_str(), 0600);
    auto db = Database::Open(path_).value();
    ASSERT_TRUE(db->Run("PRAGMA journal_mode = wal"));
    ASSERT_TRUE(Migrate(*db, path_, Schema().first(2)));
    ASSERT_TRUE(
        db->Run("INSERT INTO history (key, duration_ns, peak_memory_bytes, peak_pids, cpu_usec)"
                " VALUES ('key', 5000000000, 7, 3, 9)"));
  }
  auto store = Store::Open(path_).value();
  EXPECT_TRUE(std::filesystem::exists(path_ + ".v2"));
  ASSERT_TRUE(
      store->AddHistory(APastAttempt("key").Ran(std::chrono::seconds(1)).Started(WallTime{})));
  std::vector<PastAttemptOfKey> found;
  ASSERT_TRUE(store->Histories([&](PastAttemptOfKey past) { found.push_back(std::move(past)); }));
  ASSERT_EQ(found.size(), 2);
  PastAttemptOfKey before;  // all that it did not know is absent
  before.key = "key";
  before.attempt.duration = std::chrono::seconds(5);
  before.attempt.peak_memory_bytes = 7;
  before.attempt.peak_pids = 3;
  before.attempt.cpu_usec = 9;
  EXPECT_EQ(found[0], before);
  EXPECT_EQ(store->History("key").value()->attempts, 2);
}

// F5
TEST_F(StoreFileTest, AMigrationThatFailsChangesNothing) {
  constexpr std::array kSteps = {"CREATE TABLE t (a);", "CREATE TABLE u (a); nonsense;"};
  WriteAll(path_, "");
  auto db = Database::Open(path_).value();
  ASSERT_TRUE(Migrate(*db, path_, SchemaSteps(kSteps).first(1)));
  const Status migrated = Migrate(*db, path_, kSteps);
  ASSERT_FALSE(migrated);
  EXPECT_THAT(migrated.error().message, HasSubstr("migrate " + path_ + " from version 1"));
  EXPECT_EQ(db->AskInt("PRAGMA user_version").value(), 1);
  EXPECT_TRUE(CheckSchema(*db, SchemaSteps(kSteps).first(1)));
}

TEST_F(StoreFileTest, OpensABackupThatSqliteMade) {
  MakeFile();
  Run("VACUUM INTO '" + path_ + ".copy'");
  std::filesystem::rename(path_ + ".copy", path_);
  ::chmod(path_.c_str(), 0600);
  auto store = Store::Open(path_).value();
  EXPECT_EQ(CountJobs(*store), kJobs);
  EXPECT_TRUE(store->Insert(AJobRecord()));
  EXPECT_TRUE(store->Commit());
}

// F8
TEST_F(StoreFileTest, ATruncatedFileIsRefused) {
  MakeFile();
  const std::string whole = ReadAll(path_);
  for (std::size_t size = 0; size < whole.size(); size += 1021) {
    WriteAll(path_, whole.substr(0, size));
    EXPECT_EQ(Store::Open(path_).error().code, ErrorCode::kCorrupt) << size;
  }
}

// F8: a flipped bit is noticed, or it lies where it hides no job.
TEST_F(StoreFileTest, AFlippedBitInTheFileNeverHidesAJob) {
  MakeFile();
  const std::string whole = ReadAll(path_);
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += at < 100 ? 1 : 397) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    std::filesystem::remove(log_);
    WriteAll(path_, flipped);
    const auto store = Store::Open(path_);
    refused += store ? 0 : 1;
    if (!store) continue;
    EXPECT_TRUE(!(*store)->Unfinished() || CountJobs(**store) == kJobs) << at;
  }
  EXPECT_GT(refused, 50);
}

// F8: the key lies in the row and in its index; were the index entry lost, a job could run twice.
TEST_F(StoreFileTest, AFlippedBitInAnIdempotencyKeyIsNoticedInRowAndIndex) {
  {
    auto store = Store::Open(path_).value();
    ASSERT_TRUE(store->Insert(AJobRecord().Key("needle")));
    ASSERT_TRUE(store->Commit());
  }
  const std::string whole = ReadAll(path_);
  int places = 0;
  for (auto at = whole.find("needle"); at != std::string::npos; at = whole.find("needle", at + 1)) {
    std::string flipped = whole;
    flipped[at] ^= 1;
    WriteAll(path_, flipped);
    ExpectRefused(ErrorCode::kCorrupt, "");
    ++places;
  }
  EXPECT_EQ(places, 2);
}

// F8, F9: damage in the log is refused; only its last transactions may count as torn by a power
// cut.
TEST_F(StoreFileTest, AFlippedBitInTheLogLosesNoMoreThanATornTail) {
  MakeFileAndLog();
  const std::string file = ReadAll(path_), log = ReadAll(log_);
  int refused = 0, opened = 0;
  for (std::size_t at = 0; at < log.size(); at += at < 64 ? 1 : 4099) {
    std::string flipped = log;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    WriteAll(path_, file);
    WriteAll(log_, flipped);
    const auto store = Store::Open(path_);
    ++(store ? opened : refused);
    if (!store) continue;
    EXPECT_GE(CountJobs(**store), kJobs - 2) << at;
  }
  EXPECT_GT(refused, 64);
  EXPECT_GT(opened, 0) << "a torn tail must not keep the daemon down";
}

// F9
TEST_F(StoreFileTest, ATruncatedLogKeepsEveryWholeTransaction) {
  MakeFileAndLog();
  const std::string file = ReadAll(path_), log = ReadAll(log_);
  int64_t before = 0;
  for (std::size_t size = 0; size <= log.size(); size += 12007) {
    WriteAll(path_, file);
    WriteAll(log_, log.substr(0, size));
    const auto store = Store::Open(path_);
    ASSERT_TRUE(store) << store.error().message;
    const int64_t jobs = CountJobs(**store);
    EXPECT_GE(jobs, before) << size;
    before = jobs;
  }
  EXPECT_GE(before, kJobs - 1);
}

}  // namespace
}  // namespace headroom
