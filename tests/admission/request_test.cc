#include "admission/request.h"

#include <gtest/gtest.h>

#include "admission/oom.h"
#include "tests/support/admission_builders.h"

namespace headroom {
namespace {

using namespace test;

const ResourceVector kCapacity{100_GiB, 64'000, 10'000, {}};

KeyHistory FiveAttempts() {
  KeyHistory history;
  history.attempts = 5;
  history.peak_memory_bytes = 7_GiB;
  history.peak_cpu_millis = 1500;
  return history;
}

TEST(ResolveRequest, TakesWhatWasDeclared) {
  DeclaredRequest declared;
  declared.memory_bytes = 2_GiB;
  declared.cpu_millis = 500;
  declared.pids = 9;
  const ResolvedRequest resolved = ResolveRequest(declared, FiveAttempts(), Policy{}, kCapacity);
  EXPECT_EQ(resolved.request, (ResourceVector{2_GiB, 500, 9, {}}));
  EXPECT_EQ(resolved.memory_source, RequestSource::kDeclared);
  EXPECT_EQ(resolved.pids_source, RequestSource::kDeclared);
}

TEST(ResolveRequest, ElseWhatTheKeyHasUsed) {
  const ResolvedRequest resolved = ResolveRequest({}, FiveAttempts(), Policy{}, kCapacity);
  EXPECT_EQ(resolved.request.memory_bytes, 7_GiB);
  EXPECT_EQ(resolved.memory_source, RequestSource::kHistory);
  EXPECT_EQ(resolved.request.cpu_millis, 1500);
  EXPECT_EQ(resolved.cpu_source, RequestSource::kHistory);
}

TEST(ResolveRequest, ElseThePoolsDefaultInEachDimensionByItself) {
  const ResolvedRequest resolved = ResolveRequest({}, FiveAttempts(), Policy{}, kCapacity);
  EXPECT_EQ(resolved.request.pids, 32);
  EXPECT_EQ(resolved.pids_source, RequestSource::kDefault);
  const ResolvedRequest unknown = ResolveRequest({}, std::nullopt, Policy{}, kCapacity);
  EXPECT_EQ(unknown.request, (ResourceVector{Scale(100_GiB, 0.025), 1600, 32, {}}));
}

TEST(ResolveRequest, DoesNotTrustAShortHistory) {
  Policy policy;
  policy.history_min_attempts = 6;
  EXPECT_EQ(ResolveRequest({}, FiveAttempts(), policy, kCapacity).memory_source,
            RequestSource::kDefault);
}

TEST(ResolveRequest, KeepsWhatWasLearnedSchedulable) {
  KeyHistory history = FiveAttempts();
  history.peak_memory_bytes = 400_GiB;
  Policy policy;
  policy.reserve_memory_bytes = 10_GiB;
  EXPECT_EQ(ResolveRequest({}, history, policy, kCapacity).request.memory_bytes, 90_GiB);
}

TEST(ResolveRequest, LeavesADeclaredRequestThatNeverFitsAlone) {
  DeclaredRequest declared;
  declared.memory_bytes = 400_GiB;
  EXPECT_EQ(ResolveRequest(declared, {}, Policy{}, kCapacity).request.memory_bytes, 400_GiB);
}

TEST(ResolveRequest, SortsTokensAndDropsZeros) {
  DeclaredRequest declared;
  declared.tokens = {{"gpu", 1}, {"none", 0}, {"db", 2}};
  EXPECT_EQ(ResolveRequest(declared, {}, Policy{}, kCapacity).request.tokens,
            (std::vector<TokenAmount>{{"db", 2}, {"gpu", 1}}));
}

TEST(Resolve, RoundsASharesAmountDown) {
  EXPECT_EQ(Resolve({0, 0.025}, 1001), 25);
  EXPECT_EQ(Resolve({32, std::nullopt}, 1000), 32);
}

TEST(ResolveRequest, ElseWhatTheTenantsOtherKeysUse) {
  const TenantHistory tenant{12, 5_GiB, 2000};
  const ResolvedRequest resolved = ResolveRequest({}, std::nullopt, Policy{}, kCapacity, tenant);
  EXPECT_EQ(resolved.request, (ResourceVector{5_GiB, 2000, 32, {}}));
  EXPECT_EQ(resolved.memory_source, RequestSource::kTenant);
  EXPECT_EQ(resolved.cpu_source, RequestSource::kTenant);
  EXPECT_EQ(resolved.tenant_attempts, 12);
  const ResolvedRequest known = ResolveRequest({}, FiveAttempts(), Policy{}, kCapacity, tenant);
  EXPECT_EQ(known.memory_source, RequestSource::kHistory);
  EXPECT_EQ(known.key_attempts, 5);
}

TEST(ResolveRequest, TakesTheTenantForNothingWhileItHasFewAttempts) {
  const TenantHistory tenant{2, 5_GiB, 2000};
  EXPECT_EQ(ResolveRequest({}, std::nullopt, Policy{}, kCapacity, tenant).memory_source,
            RequestSource::kDefault);
}

// One attempt that ran out of memory is known better than none.
TEST(ResolveRequest, AsksForMoreAfterAnAttemptRanOutOfMemory) {
  KeyHistory history;
  history.attempts = 1;
  history.memory_floor_bytes = 9_GiB;
  const ResolvedRequest resolved = ResolveRequest({}, history, Policy{}, kCapacity);
  EXPECT_EQ(resolved.request.memory_bytes, 9_GiB);
  EXPECT_EQ(resolved.memory_source, RequestSource::kHistory);
  DeclaredRequest declared;
  declared.memory_bytes = 1_GiB;
  EXPECT_EQ(ResolveRequest(declared, history, Policy{}, kCapacity).request.memory_bytes, 1_GiB);
  history.memory_floor_bytes = 900_GiB;
  EXPECT_EQ(ResolveRequest({}, history, Policy{}, kCapacity).request.memory_bytes, 100_GiB);
}

TEST(RaisedAfterOom, IsTheMostOfThree) {
  EXPECT_EQ(RaisedAfterOom(10_GiB, 10_GiB), 12_GiB);
  EXPECT_EQ(RaisedAfterOom(100_MiB, 100_MiB), 200_MiB);
  EXPECT_EQ(RaisedAfterOom(100_MiB, 900_MiB), 900_MiB);
  EXPECT_GT(RaisedAfterOom(INT64_MAX, std::nullopt), INT64_MAX / 2);
}

}  // namespace
}  // namespace headroom
