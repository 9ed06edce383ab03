#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store.h"
#include "tests/daemon/a_job_record.h"
#include "tests/daemon/faulty_vfs.h"
#include "tests/support/temp_dir.h"

// Disks that fill up, fail and lose power (F7, F9).
namespace headroom {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAreArray;
using Names = std::vector<std::string>;

constexpr int64_t kForEver = int64_t{1} << 40;

Names NamesIn(Store& store) {
  JobQuery all;
  all.limit = 100000;
  Names names;
  const auto jobs = store.List(all);
  for (const JobRecord& job : jobs.value()) names.push_back(job.submission.name);
  return names;
}

void CopyState(const std::string& from, const std::string& to) {
  constexpr auto kReplace = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::remove(to + "-wal");
  std::filesystem::copy_file(from, to, kReplace);
  if (std::filesystem::exists(from + "-wal")) {
    std::filesystem::copy_file(from + "-wal", to + "-wal", kReplace);
  }
}

// What a client was told is there, against what is.
class Ledger {
 public:
  explicit Ledger(Store& store) : store_(store) {}

  // Some jobs in one commit; true if they were acknowledged.
  bool Submit(int jobs) {
    in_flight_.clear();
    for (int i = 0; i < jobs; ++i) {
      JobRecord job = AJobRecord("job " + std::to_string(++made_));
      job.submission.environment["LARGE"] = std::string(made_ % 3 == 0 ? 20000 : 10, 'x');
      in_flight_.push_back(job.submission.name);
      (void)store_.Insert(job);  // an error of a write is an error of its commit, too
    }
    (void)store_.Append(Event{});
    if (!store_.Commit()) return false;
    acknowledged_.insert(acknowledged_.end(), in_flight_.begin(), in_flight_.end());
    in_flight_.clear();
    return true;
  }

  const Names& acknowledged() const { return acknowledged_; }
  Names WithInFlight() const {
    Names names = acknowledged_;
    names.insert(names.end(), in_flight_.begin(), in_flight_.end());
    return names;
  }

 private:
  Store& store_;
  int made_ = 0;
  Names acknowledged_, in_flight_;
};

// A state file to copy from, with one job and so many frames in its log.
class Template {
 public:
  explicit Template(int frames) {
    auto store = Store::Open(dir_ / "headroom.db").value();
    JobRecord job = AJobRecord("first");
    job.id = store->Insert(job).value();
    EXPECT_TRUE(store->Commit());
    while (std::filesystem::file_size(dir_ / "headroom.db-wal") <
           static_cast<std::uintmax_t>(frames) * 4120) {
      job.message = std::to_string(++job.attempt);
      EXPECT_TRUE(store->Update(job));
      EXPECT_TRUE(store->Commit());
    }
    CopyState(dir_ / "headroom.db", dir_ / "copy.db");
  }
  void CopyTo(const std::string& path) { CopyState(dir_ / "copy.db", path); }

 private:
  TempDir dir_{MemoryBacked()};
};

class StoreFaultTest : public ::testing::Test {
 protected:
  // One life of a store in which the `nth` change of a file fails `times` times. False: there are
  // fewer changes.
  bool Live(Template& start, int64_t nth, int64_t times, FaultyVfs::Failure failure) {
    start.CopyTo(path_);
    auto store = Store::Open(path_).value();
    Ledger ledger(*store);
    vfs_.FailAt(nth, times, failure);
    bool crashed = false;
    for (int turn = 0; turn < 5; ++turn) {
      if (!ledger.Submit(1 + turn % 3) && !std::exchange(crashed, true)) {
        ExpectCrashKeeps(ledger.acknowledged());
      }
    }
    const bool failed = vfs_.has_failed();
    vfs_.Heal();
    EXPECT_TRUE(ledger.Submit(1)) << "did not recover";
    EXPECT_EQ(failed, store->statistics().errors > 0);
    ExpectHolds(*store, ledger.acknowledged());
    store.reset();
    ExpectHolds(*Store::Open(path_).value(), ledger.acknowledged());
    return failed;
  }

  // Every change of a short life fails; then some in one that folds its log, which is larger.
  void Walk(int64_t times, FaultyVfs::Failure failure) {
    Template small(1), full(980);
    int64_t nth = 1;
    while (Live(small, nth, times, failure) && !HasFailure()) ++nth;
    EXPECT_FALSE(HasFailure()) << "when change " << nth << " fails";
    EXPECT_GT(nth, 60);
    nth = 1;
    while (Live(full, nth, times, failure) && !HasFailure()) nth += 31;
    EXPECT_FALSE(HasFailure()) << "when change " << nth << " fails in a life that folds its log";
  }

  // The daemon is killed at this very moment.
  void ExpectCrashKeeps(const Names& acknowledged) {
    CopyState(path_, dir_ / "crash.db");
    ExpectHolds(*Store::Open(dir_ / "crash.db").value(), acknowledged);
  }

  static void ExpectHolds(Store& store, Names acknowledged) {
    acknowledged.insert(acknowledged.begin(), "first");
    EXPECT_THAT(NamesIn(store), ElementsAreArray(acknowledged));
  }

  TempDir dir_{MemoryBacked()};
  const std::string path_ = dir_ / "headroom.db";
  FaultyVfs vfs_;
};

// F7
TEST_F(StoreFaultTest, KeepsExactlyWhatItAcknowledgedWhenTheDiskIsFullOnce) {
  Walk(1, FaultyVfs::Failure::kFull);
}

// F7
TEST_F(StoreFaultTest, KeepsExactlyWhatItAcknowledgedWhenAWriteOrASyncFailsOnce) {
  Walk(1, FaultyVfs::Failure::kIo);
}

// F7: until space returns, nothing is acknowledged; then it goes on without a restart.
TEST_F(StoreFaultTest, KeepsExactlyWhatItAcknowledgedWhileTheDiskStaysFull) {
  Walk(kForEver, FaultyVfs::Failure::kFull);
}

// F7
TEST_F(StoreFaultTest, AFailedWriteTakesItsWholeTransactionWithIt) {
  auto store = Store::Open(path_).value();
  ASSERT_TRUE(store->Insert(AJobRecord("before")));
  vfs_.FailAt(1, kForEver, FaultyVfs::Failure::kFull);
  JobRecord large = AJobRecord("large");  // beyond the page cache, so that it is written at once
  large.submission.environment["LARGE"] = std::string(16 << 20, 'x');
  const auto inserted = store->Insert(large);
  ASSERT_FALSE(inserted);
  EXPECT_EQ(inserted.error().code, ErrorCode::kExhausted);
  vfs_.Heal();
  EXPECT_FALSE(store->Insert(AJobRecord("after"))) << "the caller has not seen the commit fail yet";
  const Status committed = store->Commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kExhausted);
  ASSERT_TRUE(store->Insert(AJobRecord("next")));
  ASSERT_TRUE(store->Commit());
  EXPECT_EQ(NamesIn(*store), Names{"next"});
}

// F7
TEST_F(StoreFaultTest, SaysWhatFailedWhereAndWhy) {
  auto store = Store::Open(path_).value();
  ASSERT_TRUE(store->Insert(AJobRecord()));
  vfs_.FailAt(1, kForEver, FaultyVfs::Failure::kFull);
  const Status committed = store->Commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().message,
            "commit: " + path_ + ": database or disk is full (sqlite 13)");
}

// F7
TEST_F(StoreFaultTest, ReadsGoOnWhileTheDiskIsFull) {
  auto store = Store::Open(path_).value();
  ASSERT_TRUE(store->Insert(AJobRecord("kept")));
  ASSERT_TRUE(store->Commit());
  vfs_.FailAt(1, kForEver, FaultyVfs::Failure::kFull);
  ASSERT_TRUE(store->Insert(AJobRecord("lost")));
  ASSERT_FALSE(store->Commit());
  EXPECT_EQ(NamesIn(*store), Names{"kept"});
}

// F1, F7
TEST_F(StoreFaultTest, ACreationThatFailsLeavesNothingHalfMade) {
  for (int64_t nth = 1;; ++nth) {
    const std::string path = dir_ / ("fresh" + std::to_string(nth) + ".db");
    vfs_.FailAt(nth, kForEver, FaultyVfs::Failure::kIo);
    const bool opened = Store::Open(path).has_value();
    vfs_.Heal();
    auto store = Store::Open(path);
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_TRUE((*store)->Insert(AJobRecord()));
    ASSERT_TRUE((*store)->Commit());
    if (!vfs_.has_failed()) break;
    EXPECT_FALSE(opened) << nth;
  }
}

// F9: the power goes at every fourth change of a file, and of what was not synced any sectors
// survive.
TEST_F(StoreFaultTest, APowerCutAtAnyInstantKeepsWhatWasAcknowledged) {
  Template(980).CopyTo(path_);
  auto store = Store::Open(path_).value();
  Ledger ledger(*store);
  unsigned instant = 0;
  vfs_.before_change = [&] {
    if (++instant % 4 != 0) return;
    const std::string cut = dir_ / "cut.db";
    std::filesystem::remove(cut + "-wal");
    vfs_.CutPower(path_, cut, instant / 4);
    vfs_.CutPower(path_ + "-wal", cut + "-wal", instant / 4);
    for (const std::string& file : {cut, cut + "-wal"}) {
      std::filesystem::permissions(file, std::filesystem::perms{0600});
    }
    auto after = Store::Open(cut);
    ASSERT_TRUE(after) << after.error().message;
    Names without = ledger.acknowledged(), with = ledger.WithInFlight();
    for (Names* names : {&without, &with}) names->insert(names->begin(), "first");
    EXPECT_THAT(NamesIn(**after), AnyOf(ElementsAreArray(without), ElementsAreArray(with)));
  };
  for (int turn = 0; turn < 5 && !HasFailure(); ++turn) ASSERT_TRUE(ledger.Submit(1 + turn % 3));
  store.reset();  // folds the log: more instants
  vfs_.before_change = nullptr;
  EXPECT_GT(instant, 100U);
}

TEST_F(StoreFaultTest, MakesManyWritesDurableWithOneSync) {
  auto store = Store::Open(path_).value();
  ASSERT_TRUE(store->Insert(AJobRecord()));
  ASSERT_TRUE(store->Commit());
  const int64_t before = vfs_.syncs();
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(store->Insert(AJobRecord()));
  ASSERT_TRUE(store->Append(Event{}));
  ASSERT_TRUE(store->Commit());
  EXPECT_EQ(vfs_.syncs() - before, 1);
}

TEST_F(StoreFaultTest, SyncsNothingWhenThereIsNothingToCommit) {
  auto store = Store::Open(path_).value();
  ASSERT_TRUE(store->Insert(AJobRecord().Key("k")));
  ASSERT_TRUE(store->Commit());
  const int64_t before = vfs_.syncs();
  ASSERT_TRUE(store->Commit());
  EXPECT_FALSE(store->Insert(AJobRecord().Key("k")));
  ASSERT_TRUE(store->Commit());
  EXPECT_EQ(vfs_.syncs(), before);
}

}  // namespace
}  // namespace headroom
