#include "simulator/core_scheduler.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "admission/decide.h"
#include "admission/history.h"
#include "admission/request.h"

namespace headroom::sim {
namespace {

JobId IdOf(JobIndex job) { return {static_cast<int64_t>(job) + 1}; }
JobIndex IndexOf(JobId id) { return static_cast<JobIndex>(id.value - 1); }

int64_t CpuUsec(const SimJob& job, Duration worked) {
  return static_cast<int64_t>(std::chrono::duration<double>(worked).count() * 1000 *
                              static_cast<double>(job.cpu_millis));
}

class Core final : public Scheduler {
 public:
  Core(const Workload& workload, const Policy& policy) : workload_(workload), policy_(policy) {}

  std::vector<JobIndex> Starts(Duration now, const Host& host,
                               const std::vector<JobIndex>& waiting) override {
    const Snapshot snapshot = Look(TimePoint(now), host);
    const Decisions decisions = Decide(snapshot, InLine(waiting, host.capacity()), policy_);
    resting_ = decisions.resting;
    std::vector<JobIndex> starts;
    for (const Decision& decision : decisions.jobs) {
      if (decision.verdict == Verdict::kReject) rejected_.push_back(IndexOf(decision.job));
      if (decision.verdict != Verdict::kAdmit) continue;
      starts.push_back(IndexOf(decision.job));
      reserved_[starts.back()] = RequestOf(starts.back(), host.capacity());
    }
    return starts;
  }

  void OnEnd(Duration now, const Ended& ended) override {
    reserved_.erase(ended.run.job);
    const SimJob& job = workload_.jobs[ended.run.job];
    Key& key = keys_[job.key];
    key.attempts.push_back(
        {now - ended.run.started, ended.run.peak_memory_bytes, 1, CpuUsec(job, ended.run.worked)});
    if (std::ssize(key.attempts) > kHistoryPerKey) key.attempts.erase(key.attempts.begin());
    key.history = Summarise(key.attempts);
  }

  std::vector<JobIndex> TakeRejected() override { return std::exchange(rejected_, {}); }

 private:
  struct Key {
    std::vector<FinishedAttempt> attempts;
    std::optional<KeyHistory> history;
  };
  struct Reserved {
    ResourceVector request;
    std::optional<Duration> duration;
  };

  Snapshot Look(TimePoint now, const Host& host) const {
    Snapshot snapshot;
    snapshot.now = now;
    snapshot.host = HostView{now, host.capacity(), {}};
    snapshot.host->capacity.tokens = policy_.tokens;
    snapshot.resting = resting_;
    const int64_t wanted = std::max<int64_t>(1, host.CpuWanted());
    const int64_t given = std::min(wanted, host.capacity().cpu_millis);
    for (const Running& run : host.running()) {
      const Reserved& reserved = reserved_.at(run.job);
      const int64_t cpu =
          static_cast<int64_t>(static_cast<double>(host.Of(run).cpu_millis) *
                               static_cast<double>(given) / static_cast<double>(wanted));
      snapshot.running.push_back({IdOf(run.job),
                                  reserved.request,
                                  TimePoint(run.started),
                                  reserved.duration,
                                  {host.ObservedMemoryOf(run), cpu, 1}});
    }
    return snapshot;
  }

  std::vector<WaitingJob> InLine(const std::vector<JobIndex>& waiting,
                                 const ResourceVector& capacity) {
    std::vector<WaitingJob> line;
    line.reserve(waiting.size());
    for (const JobIndex job : waiting) {
      Reserved expected = RequestOf(job, capacity);
      line.push_back({IdOf(job), 0, TimePoint(workload_.jobs[job].submitted),
                      std::move(expected.request), expected.duration});
    }
    return line;
  }

  Reserved RequestOf(JobIndex job, const ResourceVector& capacity) {
    const auto& history = keys_[workload_.jobs[job].key].history;
    return {ResolveRequest({}, history, policy_, capacity).request,
            history ? history->duration : std::nullopt};
  }

  const Workload& workload_;
  const Policy policy_;
  Resting resting_;
  std::unordered_map<JobIndex, Reserved> reserved_;
  std::unordered_map<std::string, Key> keys_;
  std::vector<JobIndex> rejected_;
};

}  // namespace

std::unique_ptr<Scheduler> Headroom(const Workload& workload, const Policy& policy) {
  return std::make_unique<Core>(workload, policy);
}

}  // namespace headroom::sim
