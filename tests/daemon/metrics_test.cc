#include "daemon/metrics.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace headroom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimePoint kNow{std::chrono::hours(1)};
constexpr WallTime kWallNow{std::chrono::hours(500'000)};

// A host that was measured a moment ago: 100 bytes of memory, filled to 60, ceiling at 90.
StatusView AStatus() {
  StatusView status;
  status.now = kNow;
  status.measurement_age = milliseconds(250);
  status.measurements.started_at = kNow - milliseconds(260);
  status.measurements.finished_at = kNow - milliseconds(250);
  status.measurements.capacity.memory_bytes = 100;
  status.observed = ResourceVector{20, 1500, 7, {}};
  Account account;
  account.unmanaged.memory_bytes = 10;
  account.expected_charge.memory_bytes = 30;
  account.expected_free.memory_bytes = 20;
  account.peak_charge.memory_bytes = 40;
  account.peak_free.memory_bytes = 40;
  account.expected_charge.tokens = {{"db", 2}};
  status.account = account;
  status.policy.tokens = {{"db", 6}, {"licence", 1}};
  status.enforcement.mode = "hybrid";
  return status;
}

Decision Waits(int64_t job, Reason reason) {
  Decision decision;
  decision.job = {job};
  decision.reason = reason;
  return decision;
}

class MetricsTest : public ::testing::Test {
 protected:
  void Publish(const StatusView& status, const Decisions* decisions = nullptr) {
    CycleReport cycle;
    cycle.status = &status;
    cycle.decisions = decisions;
    cycle.wall_now = kWallNow;
    metrics_.Publish(cycle);
  }

  // The value of one series as it is written, or "" if it is not exported.
  std::string Value(const std::string& series) {
    const std::string text = "\n" + metrics_.Render();
    const std::size_t at = text.find("\n" + series + " ");
    if (at == std::string::npos) return "";
    const std::size_t from = at + series.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }

  Metrics metrics_;
};

TEST_F(MetricsTest, SaysWhatAnotherPolicyWouldHaveDecidedWhereThereIsOne) {
  CycleReport cycle;
  metrics_.Publish(cycle);
  EXPECT_EQ(Value("headroom_shadow_startable_jobs"), "");
  Shadow shadow{Policy()};
  const WaitingJob job;
  shadow.Look({{}, {}, false, std::span(&job, 1), {}});
  cycle.shadow = &shadow;
  metrics_.Publish(cycle);
  EXPECT_EQ(Value("headroom_shadow_startable_jobs"), "0");
  EXPECT_EQ(Value("headroom_shadow_waiting_jobs{reason=\"no_measurement\"}"), "1");
  EXPECT_EQ(Value("headroom_shadow_starts_total{when=\"later\"}"), "0");
  cycle.shadow = nullptr;
  metrics_.Publish(cycle);
  EXPECT_EQ(Value("headroom_shadow_waiting_jobs{reason=\"no_measurement\"}"), "");
}

TEST_F(MetricsTest, SaysHowGoodTheDecisionsWere) {
  EXPECT_EQ(Value("headroom_false_admits_total{cause=\"oom\"}"), "0");
  EXPECT_EQ(Value("headroom_eta_starts_total{fell=\"late\"}"), "0");
  CycleReport cycle;
  cycle.score = {2, 1, seconds(90), 3e9, 12.5};
  metrics_.Publish(cycle);
  metrics_.EtaScored({-seconds(40), EtaFell::kEarly});
  EXPECT_EQ(Value("headroom_false_admits_total{cause=\"pressure\"}"), "2");
  EXPECT_EQ(Value("headroom_false_admits_total{cause=\"oom\"}"), "1");
  EXPECT_EQ(Value("headroom_false_block_seconds_total"), "90");
  EXPECT_EQ(Value("headroom_unused_memory_byte_seconds_total"), "3000000000");
  EXPECT_EQ(Value("headroom_unused_cpu_core_seconds_total"), "12.5");
  EXPECT_EQ(Value("headroom_eta_starts_total{fell=\"early\"}"), "1");
  EXPECT_EQ(Value("headroom_eta_error_seconds_sum"), "40");
}

TEST_F(MetricsTest, StartsEveryClosedLabelSetAtZero) {
  EXPECT_EQ(Value("headroom_jobs_submitted_total"), "0");
  EXPECT_EQ(Value(R"(headroom_jobs_admitted_total{reason="idle_host"})"), "0");
  EXPECT_EQ(Value(R"(headroom_jobs_finished_total{outcome="lost"})"), "0");
  EXPECT_EQ(Value(R"(headroom_waiting_jobs{reason="behind_head"})"), "0");
  EXPECT_EQ(Value(R"(headroom_waiting_jobs{reason="tenant_limit"})"), "0");
  EXPECT_EQ(Value(R"(headroom_waiting_jobs{reason="drain_window"})"), "0");
  EXPECT_EQ(Value(R"(headroom_oom_kills_total{cause="pool_limit"})"), "0");
  EXPECT_EQ(Value(R"(headroom_gate_transitions_total{to="closed"})"), "0");
  EXPECT_EQ(Value(R"(headroom_collector_errors_total{collector="psi"})"), "0");
  EXPECT_EQ(Value(R"(headroom_http_requests_total{code="5xx"})"), "0");
  EXPECT_EQ(Value("headroom_queue_wait_seconds_count"), "0");
}

TEST_F(MetricsTest, DoesNotExportWhatIsNotKnown) {
  StatusView status = AStatus();
  status.account.reset();
  status.observed.reset();
  status.measurement_age.reset();
  status.measurements = {};
  Publish(status);
  const std::string text = metrics_.Render();
  for (const char* name :
       {"headroom_memory_capacity_bytes", "headroom_memory_headroom_bytes",
        "headroom_cpu_observed_cores", "headroom_token_held", "headroom_pressure_ratio",
        "headroom_pressure_stall_seconds_total", "headroom_pool_memory_current_bytes",
        "headroom_measurement_timestamp_seconds", "headroom_collector_up"})
    EXPECT_THAT(text, Not(HasSubstr(name)));
}

TEST_F(MetricsTest, ShowsAnAccountThatAddsUp) {
  Publish(AStatus());
  EXPECT_EQ(Value("headroom_memory_capacity_bytes"), "100");
  EXPECT_EQ(Value("headroom_memory_target_bytes"), "60");
  EXPECT_EQ(Value("headroom_memory_ceiling_bytes"), "90");
  EXPECT_EQ(Value("headroom_memory_unmanaged_bytes"), "10");
  EXPECT_EQ(Value("headroom_memory_charge_bytes"), "30");
  EXPECT_EQ(Value("headroom_memory_headroom_bytes"), "20");
  EXPECT_EQ(Value("headroom_cpu_observed_cores"), "1.5");
  EXPECT_EQ(Value("headroom_pids_observed"), "7");
}

TEST_F(MetricsTest, WithdrawsNumbersThatGrowStale) {
  StatusView status = AStatus();
  Publish(status);
  status.measurement_age = status.policy.stale_after + milliseconds(1);
  Publish(status);
  EXPECT_EQ(Value("headroom_memory_headroom_bytes"), "");
  EXPECT_EQ(Value("headroom_memory_observed_bytes"), "");
  EXPECT_EQ(Value(R"(headroom_token_held{token="db"})"), "");
  EXPECT_EQ(Value("headroom_measurement_timestamp_seconds"), "1799999994.999");
}

TEST_F(MetricsTest, FollowsThePolicysTokensAndThresholds) {
  StatusView status = AStatus();
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_token_held{token="db"})"), "2");
  EXPECT_EQ(Value(R"(headroom_token_held{token="licence"})"), "0");
  EXPECT_EQ(Value(R"(headroom_token_capacity{token="licence"})"), "1");
  EXPECT_EQ(Value(R"(headroom_gate_threshold_ratio{kind="some",level="close",resource="memory"})"),
            "0.2");
  status.policy.tokens = {{"db", 3}};
  status.policy.gate.clear();
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_token_capacity{token="db"})"), "3");
  EXPECT_EQ(Value(R"(headroom_token_capacity{token="licence"})"), "");
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("headroom_gate_threshold_ratio")));
}

TEST_F(MetricsTest, CountsWaitingJobsByReasonAndForgetsThemAgain) {
  Decisions decisions;
  decisions.jobs = {Waits(2, Reason::kOverTarget), Waits(3, Reason::kBehindHead),
                    Waits(4, Reason::kBehindHead), Waits(5, Reason::kFits)};
  decisions.jobs.back().verdict = Verdict::kAdmit;
  Publish(AStatus(), &decisions);
  EXPECT_EQ(Value(R"(headroom_waiting_jobs{reason="over_target"})"), "1");
  EXPECT_EQ(Value(R"(headroom_waiting_jobs{reason="behind_head"})"), "2");
  decisions.jobs.clear();
  Publish(AStatus(), &decisions);
  EXPECT_EQ(Value(R"(headroom_waiting_jobs{reason="behind_head"})"), "0");
}

TEST_F(MetricsTest, KeepsTheLastAnswersWhenNothingWasDecidedAnew) {
  Decisions decisions;
  decisions.jobs = {Waits(2, Reason::kGateClosed)};
  Publish(AStatus(), &decisions);
  Publish(AStatus());
  EXPECT_EQ(Value(R"(headroom_waiting_jobs{reason="gate_closed"})"), "1");
  EXPECT_EQ(Value("headroom_decide_duration_seconds_count"), "1");
  EXPECT_EQ(Value("headroom_cycle_duration_seconds_count"), "2");
}

TEST_F(MetricsTest, ShowsLiveJobsByState) {
  StatusView status = AStatus();
  status.jobs_by_state = {{"waiting", 3}, {"running", 2}, {"finished", 900}};
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_jobs{state="waiting"})"), "3");
  EXPECT_EQ(Value(R"(headroom_jobs{state="stopping"})"), "0");
  EXPECT_EQ(Value(R"(headroom_jobs{state="finished"})"), "");
}

TEST_F(MetricsTest, CountsMovesOfTheGate) {
  StatusView status = AStatus();
  Publish(status);
  status.gate.position = GatePosition::kClosed;
  Publish(status);
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_gate_state{state="closed"})"), "1");
  EXPECT_EQ(Value(R"(headroom_gate_state{state="open"})"), "0");
  EXPECT_EQ(Value(R"(headroom_gate_transitions_total{to="closed"})"), "1");
  EXPECT_EQ(Value(R"(headroom_gate_transitions_total{to="open"})"), "0");
}

TEST_F(MetricsTest, CountsStepsOfReliefAndTheJobsUnderThem) {
  StatusView status = AStatus();
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_relief_jobs{step="freeze"})"), "0");
  metrics_.ReliefTaken(ReliefStep::kFreeze);
  status.relief = {{ReliefStep::kFreeze, JobId{7}, {}, {}, 0, 0}};
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_relief_jobs{step="freeze"})"), "1");
  EXPECT_EQ(Value(R"(headroom_relief_jobs{step="weight"})"), "0");
  EXPECT_EQ(Value(R"(headroom_relief_steps_total{step="freeze"})"), "1");
}

TEST_F(MetricsTest, ShowsPressureAsARatioAndStallInSeconds) {
  StatusView status = AStatus();
  status.measurements.pool.pressure.memory =
      Psi{PsiLine{12.5, std::nullopt, std::nullopt, 2'500'000}, std::nullopt};
  Publish(status);
  const std::string labels = R"({kind="some",resource="memory",scope="pool"})";
  EXPECT_EQ(Value("headroom_pressure_ratio" + labels), "0.125");
  EXPECT_EQ(Value("headroom_pressure_stall_seconds_total" + labels), "2.5");
}

// F54: a pool that was made anew starts counting at zero.
TEST_F(MetricsTest, NeverLetsATotalFall) {
  StatusView status = AStatus();
  int64_t& oom_kill = status.measurements.pool.events.oom_kill.emplace(5);
  Publish(status);
  oom_kill = 2;
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_pool_memory_events_total{event="oom_kill"})"), "7");
  status.measurements.pool.events.oom_kill.reset();
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_pool_memory_events_total{event="oom_kill"})"), "7");
}

TEST_F(MetricsTest, CountsAFailedSweepOnceHoweverOftenItIsShown) {
  StatusView status = AStatus();
  status.measurements.failures = {{"pool", "ENOENT"}, {"pool", "EIO"}};
  Publish(status);
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_collector_errors_total{collector="pool"})"), "1");
  EXPECT_EQ(Value(R"(headroom_collector_up{collector="pool"})"), "0");
  EXPECT_EQ(Value(R"(headroom_collector_up{collector="host"})"), "1");
  EXPECT_EQ(Value("headroom_collector_duration_seconds"), "0.01");
}

// F26: the clock was stepped while a job waited.
TEST_F(MetricsTest, CountsANegativeDurationAsZero) {
  metrics_.JobAdmitted(Reason::kFits, seconds(-5));
  EXPECT_EQ(Value("headroom_queue_wait_seconds_sum"), "0");
  EXPECT_EQ(Value("headroom_queue_wait_seconds_count"), "1");
}

TEST_F(MetricsTest, ShowsCleanCacheOnly) {
  StatusView status = AStatus();
  MemorySample& memory = status.measurements.pool.memory;
  memory.file = 100;
  memory.shmem = 30;
  memory.dirty = 5;
  Publish(status);
  EXPECT_EQ(Value("headroom_pool_memory_cache_bytes"), "65");
}

TEST_F(MetricsTest, CountsEventsUnderTheirLabels) {
  metrics_.JobFinished(JobOutcome::kOomKilled, seconds(3));
  metrics_.JobFinished(JobOutcome::kWithdrawn, std::nullopt);
  metrics_.JobRejected();
  metrics_.OomKill(OomCause::kJobLimit);
  metrics_.OomKill(OomCause::kNone);
  metrics_.HttpRequest(201);
  metrics_.HttpRequest(429);
  metrics_.HttpRequest(503);
  metrics_.Recovered(true);
  EXPECT_EQ(Value(R"(headroom_jobs_finished_total{outcome="oom_killed"})"), "1");
  EXPECT_EQ(Value(R"(headroom_jobs_finished_total{outcome="rejected"})"), "1");
  EXPECT_EQ(Value("headroom_jobs_rejected_total"), "1");
  EXPECT_EQ(Value("headroom_run_duration_seconds_count"), "1");
  EXPECT_EQ(Value(R"(headroom_oom_kills_total{cause="job_limit"})"), "1");
  EXPECT_EQ(Value(R"(headroom_http_requests_total{code="2xx"})"), "1");
  EXPECT_EQ(Value(R"(headroom_http_requests_total{code="4xx"})"), "1");
  EXPECT_EQ(Value(R"(headroom_http_requests_total{code="5xx"})"), "1");
  EXPECT_EQ(Value(R"(headroom_attempts_recovered_total{how="adopted"})"), "1");
}

TEST_F(MetricsTest, KeepsTheTimeOfTheLastGoodReload) {
  metrics_.PolicyReloaded(true, kWallNow);
  metrics_.PolicyReloaded(false, kWallNow + seconds(60));
  EXPECT_EQ(Value("headroom_policy_reload_success"), "0");
  EXPECT_EQ(Value("headroom_policy_reload_timestamp_seconds"), "1800000000");
}

TEST_F(MetricsTest, NamesTheWayOfEnforcementAndWhatIsMissing) {
  StatusView status = AStatus();
  status.enforcement.missing = {"memory.high"};
  status.degraded = {"no PSI", "no triggers"};
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_enforcement_mode{mode="hybrid"})"), "1");
  EXPECT_EQ(Value(R"(headroom_enforcement_mode{mode="unified"})"), "0");
  EXPECT_EQ(Value("headroom_enforcement_missing"), "1");
  EXPECT_EQ(Value("headroom_degraded"), "2");
}

// F7
TEST_F(MetricsTest, SaysWhetherAnythingCanBeStored) {
  StatusView status = AStatus();
  Publish(status);
  EXPECT_EQ(Value("headroom_store_works"), "1");
  status.store_failure = {seconds(3), "disk is full"};
  Publish(status);
  EXPECT_EQ(Value("headroom_store_works"), "0");
}

// F7: the store fails, so the status cannot be put together; just then its errors matter.
TEST_F(MetricsTest, CountsStoreErrorsWithoutAStatus) {
  CycleReport cycle;
  cycle.store.errors = 3;
  metrics_.Publish(cycle);
  EXPECT_EQ(Value("headroom_store_errors_total"), "3");
}

TEST_F(MetricsTest, EscapesWhatThePolicyNames) {
  StatusView status = AStatus();
  status.policy.tokens = {{"a\"b\\c\nd", 1}};
  Publish(status);
  EXPECT_EQ(Value(R"(headroom_token_capacity{token="a\"b\\c\nd"})"), "1");
}

TEST_F(MetricsTest, ReadsTheProcessWhenItIsAsked) {
  EXPECT_GT(std::stod(Value("process_resident_memory_bytes")), 1'000'000);
  EXPECT_GE(std::stod(Value("process_open_fds")), 3);
  EXPECT_EQ(Value("process_start_time_seconds"), Value("process_start_time_seconds"));
  EXPECT_NE(Value("process_max_fds"), "");
  EXPECT_NE(Value("process_cpu_seconds_total"), "");
}

}  // namespace
}  // namespace headroom
