#include "admission/ledger.h"

#include <gtest/gtest.h>

#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;

Ledger::Reservation Of(int64_t job) { return {JobId{job}, {1_GiB, 0, 0, {}}, kNow, std::nullopt}; }

TEST(Ledger, HoldsFromReserveToRelease) {
  Ledger ledger;
  ledger.Reserve(Of(1));
  ledger.Reserve(Of(2));
  EXPECT_TRUE(ledger.Holds(JobId{1}));
  EXPECT_EQ(ledger.reservations().at(JobId{2}).request.memory_bytes, 1_GiB);
  ledger.Release(JobId{1});
  EXPECT_FALSE(ledger.Holds(JobId{1}));
  EXPECT_EQ(ledger.size(), 1U);
}

TEST(LedgerDeathTest, AbortsWhenAJobIsReservedTwice) {
  Ledger ledger;
  ledger.Reserve(Of(1));
  EXPECT_DEATH(ledger.Reserve(Of(1)), "");
}

TEST(LedgerDeathTest, AbortsWhenAJobIsReleasedTwice) {
  Ledger ledger;
  ledger.Reserve(Of(1));
  ledger.Release(JobId{1});
  EXPECT_DEATH(ledger.Release(JobId{1}), "");
}

}  // namespace
}  // namespace headroom
