#include "simulator/core_scheduler.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "admission/decide.h"
#include "admission/draw.h"
#include "admission/foresight.h"
#include "admission/history.h"
#include "admission/outer_loop.h"
#include "admission/request.h"

namespace headroom::sim {
namespace {

JobId IdOf(JobIndex job) { return {static_cast<int64_t>(job) + 1}; }
JobIndex IndexOf(JobId id) { return static_cast<JobIndex>(id.value - 1); }

Use InDoubles(const ResourceVector& amounts) {
  return {static_cast<double>(amounts.memory_bytes), static_cast<double>(amounts.cpu_millis)};
}

// What a cgroup would have counted.
int64_t CpuUsec(const SimJob& job, Duration worked) {
  return static_cast<int64_t>(std::chrono::duration<double>(worked).count() * 1000 *
                              static_cast<double>(job.cpu_millis));
}

FinishedAttempt AttemptOf(const Task& task) {
  FinishedAttempt attempt;
  attempt.duration =
      std::chrono::ceil<Duration>(std::chrono::duration<double>(task.runtime_seconds));
  attempt.peak_memory_bytes = task.peak_memory_bytes;
  if (task.cpu_percent > 0)
    attempt.cpu_usec = std::llround(task.runtime_seconds * task.cpu_percent / 100 * 1e6);
  return attempt;
}

class Core final : public Scheduler {
 public:
  Core(const Workload& workload, const Policy& policy, std::span<const KnownAttempt> history)
      : workload_(workload), policy_(policy) {
    for (const KnownAttempt& known : history) Learn(known.key, known.tenant, known.attempt);
  }

  std::vector<JobIndex> Starts(Duration now, const Host& host,
                               const std::vector<JobIndex>& waiting) override {
    const Snapshot snapshot = Look(TimePoint(now), host);
    const Decisions decisions = Decide(snapshot, InLine(waiting, host.capacity()), policy_);
    resting_ = decisions.resting;
    trim_ = decisions.trim;
    const OuterSignals signals{std::exchange(trouble_, false), true, TargetUseOf(decisions)};
    outer_ = NextOuterLoop(outer_, signals, policy_, TimePoint(now));
    past_use_ = decisions.past_use;
    std::vector<JobIndex> starts;
    for (const Decision& decision : decisions.jobs) {
      const JobIndex job = IndexOf(decision.job);
      if (decision.verdict == Verdict::kReject) rejected_.push_back(job);
      if (decision.verdict != Verdict::kAdmit) continue;
      starts.push_back(job);
      expected_[job] = ExpectationOf(job, host.capacity());
    }
    return starts;
  }

  void OnEnd(Duration now, const Ended& ended) override {
    trouble_ |= ended.oom_killed;
    const JobIndex job = ended.run.job;
    const SimJob& truth = workload_.jobs[job];
    const Duration duration = now - ended.run.started;
    FinishedAttempt attempt;
    attempt.duration = duration;
    attempt.peak_memory_bytes = ended.run.peak_memory_bytes;
    attempt.peak_pids = 1;
    if (ended.oom_killed) attempt.memory_kill = MemoryKill::kWithOthers;
    attempt.cpu_usec = CpuUsec(truth, ended.run.worked);
    attempt.started = WallTime(std::chrono::floor<WallTime::duration>(ended.run.started));
    if (const Growth* growth = foresight_.GrowthOf(IdOf(job))) attempt.growth = *growth;
    Learn(truth.key, truth.tenant, attempt);
    foresight_.Drop(IdOf(job));
    expected_.erase(job);
  }

  std::vector<JobIndex> TakeRejected() override { return std::exchange(rejected_, {}); }

 private:
  struct Key {
    std::vector<FinishedAttempt> attempts;
    std::optional<KeyHistory> history;
  };
  struct Expectation {
    ResourceVector request;
    std::optional<Duration> duration;
  };

  void Learn(const std::string& name, const std::string& tenant, FinishedAttempt attempt) {
    foresight_.Remember(name, tenant, attempt);
    if (name.empty()) return;
    attempt.growth.reset();  // not asked for below
    Key& key = keys_[name];
    key.attempts.push_back(std::move(attempt));
    if (std::ssize(key.attempts) > kAttemptsPerKey) key.attempts.erase(key.attempts.begin());
    key.history = Summarise(key.attempts);
  }

  const SimJob& Of(JobIndex job) const { return workload_.jobs[job]; }
  std::string_view KeyOf(JobIndex job) const { return Of(job).key; }
  // As in the daemon: what declares its memory is taken at its word.
  bool IsForeseen(JobIndex job) const { return !Of(job).declared.memory_bytes; }

  Snapshot Look(TimePoint now, const Host& host) {
    Snapshot snapshot;
    snapshot.now = now;
    snapshot.host = HostView{now, host.capacity(), {}};
    snapshot.host->capacity.tokens = policy_.tokens;
    snapshot.resting = resting_;
    snapshot.trim = trim_;
    snapshot.target_factor = outer_.factor;
    snapshot.past_use = past_use_;
    snapshot.mean_duration = foresight_.MeanDuration();
    std::vector<Foresight::Attempt> attempts;
    for (const Running& run : host.running()) {
      const ObservedUse observed{host.ObservedMemoryOf(run), host.CpuOf(run), 1};
      const Expectation& expected = expected_.at(run.job);
      RunningJob& running = snapshot.running.emplace_back();
      running.id = IdOf(run.job);
      running.request = expected.request;
      running.admitted_at = TimePoint(run.started);
      running.duration = expected.duration;
      running.observed = observed;
      running.key = KeyNumber(KeyOf(run.job));
      running.tenant = KeyNumber(Of(run.job).tenant);
      running.declares_duration = Of(run.job).declared_duration.has_value();
      attempts.push_back(
          {running.id, KeyOf(run.job), Of(run.job).tenant, running.admitted_at, observed});
    }
    foresight_.Look(now, attempts, InDoubles(DefaultRequestOf(host.capacity())),
                    InDoubles(host.capacity()));
    for (RunningJob& job : snapshot.running) {
      if (IsForeseen(IndexOf(job.id))) job.forecast = foresight_.OfRunning(job.id);
    }
    return snapshot;
  }

  ResourceVector DefaultRequestOf(const ResourceVector& capacity) const {
    return ResolveRequest({}, std::nullopt, policy_, capacity).request;
  }

  std::vector<WaitingJob> InLine(const std::vector<JobIndex>& waiting,
                                 const ResourceVector& capacity) {
    std::vector<WaitingJob> line;
    line.reserve(waiting.size());
    for (const JobIndex job : waiting) {
      Expectation expected = ExpectationOf(job, capacity);
      WaitingJob& waits = line.emplace_back();
      waits.id = IdOf(job);
      waits.priority = Of(job).priority;
      waits.declares_duration = Of(job).declared_duration.has_value();
      waits.submitted_at = TimePoint(Of(job).submitted);
      waits.request = std::move(expected.request);
      waits.duration = expected.duration;
      waits.key = KeyNumber(KeyOf(job));
      waits.tenant = KeyNumber(Of(job).tenant);
      if (IsForeseen(job)) waits.outlook = foresight_.OfNext(KeyOf(job), Of(job).tenant);
    }
    return line;
  }

  Expectation ExpectationOf(JobIndex job, const ResourceVector& capacity) {
    const auto known = keys_.find(Of(job).key);
    const auto history = known == keys_.end() ? std::nullopt : known->second.history;
    const auto learned = history ? history->duration : std::nullopt;
    const auto& declared = Of(job).declared_duration;
    return {ResolveRequest(Of(job).declared, history, policy_, capacity).request,
            declared ? declared : learned};
  }

  const Workload& workload_;
  const Policy policy_;
  Foresight foresight_;
  Resting resting_;
  Trim trim_;
  OuterLoop outer_;
  bool trouble_ = false;  // since outer_ was computed
  PastUse past_use_;
  std::unordered_map<JobIndex, Expectation> expected_;  // of what runs
  std::unordered_map<std::string, Key> keys_;
  std::vector<JobIndex> rejected_;
};

}  // namespace

std::vector<KnownAttempt> TaughtBy(const std::vector<Task>& tasks) {
  std::vector<KnownAttempt> known;
  known.reserve(tasks.size());
  for (const Task& task : tasks) known.push_back({task.key, {}, AttemptOf(task)});
  return known;
}

std::unique_ptr<Scheduler> Headroom(const Workload& workload, const Policy& policy,
                                    std::span<const KnownAttempt> history) {
  return std::make_unique<Core>(workload, policy, history);
}

}  // namespace headroom::sim
