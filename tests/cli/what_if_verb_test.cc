#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/units.h"
#include "tests/cli/cli_run.h"
#include "tests/cli/fake_daemon.h"
#include "tests/support/a_decision_log.h"
#include "tests/support/temp_dir.h"

namespace headroom::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Two jobs side by side, ten seconds each.
std::string TwoJobs() {
  ADecisionLog log;
  for (const int64_t id : {1, 2}) log.Submit({id});
  log.Pass(1);
  for (const int64_t id : {1, 2}) {
    log.Start(id);
    log.Use(id, kGiB);
  }
  log.Pass(10);
  for (const int64_t id : {1, 2}) log.End(id);
  log.Pass(1);
  return log.bytes();
}

class WhatIf : public ::testing::Test {
 protected:
  Ran Try(const std::string& policy, const std::string& log, const std::string& format = "") {
    EXPECT_TRUE(WriteFileDurably(dir_ / "new.json", policy));
    daemon_.On("GET /v1/decisions?at_ms=0", {Log(log, std::ssize(log), true)});
    std::vector<std::string> words{"what-if", "--policy", dir_ / "new.json", "--last", "50000d"};
    if (!format.empty()) words.push_back(format);
    return CliRun(daemon_.socket())(words);
  }

  TempDir dir_;
  FakeDaemon daemon_;
};

TEST_F(WhatIf, PlaysTheRecordedJobsUnderBothPolicies) {
  const Ran ran = Try(R"({"admission": {"mode": "count", "max_jobs": 1}})", TwoJobs(), "--json");
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const json answer = ran.json();
  EXPECT_EQ(answer["begins"], "2026-11-24T04:03:20.000Z");
  EXPECT_EQ(answer["recorded_mean_wait_seconds"], 1);
  EXPECT_EQ(answer["current"]["finished"], 2);
  EXPECT_EQ(answer["new"]["finished"], 2);
  EXPECT_EQ(answer["new"]["mean_wait_seconds"], 5);
  EXPECT_LT(answer["current"]["mean_wait_seconds"], 5);
}

TEST_F(WhatIf, ShowsBothAndWhatChanges) {
  const Ran ran = Try(R"({"admission": {"mode": "count", "max_jobs": 1}})", TwoJobs());
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2 jobs from 2026-11-24T04:03:20.000Z to "));
  EXPECT_THAT(ran.out, HasSubstr("CURRENT"));
  EXPECT_THAT(ran.out, HasSubstr("mean wait, s"));
}

TEST_F(WhatIf, RefusesAPolicyThatTheDaemonWouldRefuse) {
  const Ran ran = Try(R"({"admission": {"target": 7}})", TwoJobs());
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("/admission/target"));
}

TEST_F(WhatIf, SaysWhenNoJobCameAndEnded) {
  ADecisionLog log;
  log.Submit({1});
  log.Pass(3);
  const Ran ran = Try("{}", log.bytes());
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("no job came and ended"));
}

TEST_F(WhatIf, NeedsAPolicyAndTimesAboveNothing) {
  EXPECT_EQ(CliRun("/none")({"what-if"}).exit, 2);
  EXPECT_TRUE(WriteFileDurably(dir_ / "p.json", "{}"));
  for (const char* option : {"--last", "--tick"})
    EXPECT_EQ(CliRun("/none")({"what-if", "--policy", dir_ / "p.json", option, "0s"}).exit, 2);
}

}  // namespace
}  // namespace headroom::cli
