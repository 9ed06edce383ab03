#include <gtest/gtest.h>

#include "daemon/store.h"
#include "tests/support/temp_dir.h"

namespace headroom {
namespace {

using std::chrono::milliseconds;

// Spans of three parts of 100 bytes each, one a second.
class DecisionTable : public ::testing::Test {
 protected:
  DecisionTable() : store_(Store::Open(dir_ / "headroom.db").value()) {}

  void Append(int spans) {
    for (int part = 0; part < 3 * spans; ++part, ++second_)
      ASSERT_TRUE(store_->AppendDecisions(
          {At(second_), part % 3 == 0, std::string(100, static_cast<char>('a' + second_ % 26))}));
    ASSERT_TRUE(store_->Commit());
  }
  static WallTime At(int second) { return WallTime(milliseconds(1000 * second)); }
  int64_t Begin() { return store_->FindDecisions(WallTime()).value().value_or(-1); }

  TempDir dir_{MemoryBacked()};
  std::unique_ptr<Store> store_;
  int second_ = 0;
};

TEST_F(DecisionTable, IsAStreamThatIsReadFromAnyByteOn) {
  Append(1);
  EXPECT_EQ(store_->ReadDecisions(0, 150).value(), std::string(100, 'a') + std::string(50, 'b'));
  EXPECT_EQ(store_->ReadDecisions(190, 20).value(), std::string(10, 'b') + std::string(10, 'c'));
  EXPECT_EQ(store_->ReadDecisions(290, 1000).value(), std::string(10, 'c'));
  EXPECT_EQ(store_->ReadDecisions(300, 1000).value(), "");
  EXPECT_EQ(store_->ReadDecisions(301, 1000).error().code, ErrorCode::kNotFound);
}

TEST_F(DecisionTable, FindsTheSpanOfAnInstantAndElseTheFirst) {
  EXPECT_EQ(store_->FindDecisions(At(9)).value(), std::nullopt);
  Append(3);
  EXPECT_EQ(store_->FindDecisions(At(4)).value(), 300);
  EXPECT_EQ(store_->FindDecisions(At(6)).value(), 600);
  EXPECT_EQ(store_->FindDecisions(At(1000)).value(), 600);
  EXPECT_EQ(store_->FindDecisions(WallTime(milliseconds(-1))).value(), 0);
}

TEST_F(DecisionTable, LosesWholeSpansBeyondItsSize) {
  Append(10);
  ASSERT_TRUE(store_->PruneDecisions(1000, WallTime()));
  EXPECT_EQ(Begin(), 2100);
  EXPECT_EQ(store_->ReadDecisions(2000, 10).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->ReadDecisions(2100, 10).value().size(), 10U);
}

TEST_F(DecisionTable, LosesSpansThatEndBeforeAnInstant) {
  Append(10);
  ASSERT_TRUE(store_->PruneDecisions(1 << 20, At(7)));
  EXPECT_EQ(Begin(), 600);
}

TEST_F(DecisionTable, KeepsTheLastSpanHoweverLargeAndOldItIs) {
  Append(2);
  ASSERT_TRUE(store_->PruneDecisions(1, At(1000)));
  EXPECT_EQ(Begin(), 300);
}

TEST_F(DecisionTable, KeepsNothingWhereNothingIsToBeKept) {
  Append(2);
  ASSERT_TRUE(store_->PruneDecisions(0, WallTime()));
  EXPECT_EQ(Begin(), -1);
}

TEST_F(DecisionTable, CountsItsBytesOnAfterAPrune) {
  Append(4);
  ASSERT_TRUE(store_->PruneDecisions(300, WallTime()));
  Append(1);
  EXPECT_EQ(store_->FindDecisions(At(1000)).value(), 1200);
}

}  // namespace
}  // namespace headroom
