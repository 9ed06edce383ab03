#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "admission/decide.h"
#include "record/recorder.h"

namespace headroom {

// A decision log as a daemon writes it that looks once a second at a host of 64 GiB and 8 cores.
class ADecisionLog {
 public:
  struct Job {
    int64_t id = 0;
    std::string key = "k", tenant = "t";
    DeclaredRequest declared = {};
    int32_t priority = 0;
  };

  static constexpr WallTime kBegin{std::chrono::milliseconds(1'795'493'000'000)};
  // 2026-11-24T04:03:20Z

  explicit ADecisionLog(Policy policy = {}) : policy_(std::move(policy)) {}

  Foresight& foresight() { return foresight_; }  // what is known at the begin
  bool is_measured = true;
  std::vector<JobId> held_back;  // in line, and not shown to Decide()

  void Submit(Job job) { waiting_.emplace_back(std::move(job), now_); }
  void Start(int64_t id) {
    const auto job = std::ranges::find(waiting_, id, [](const auto& one) { return one.first.id; });
    RunningJob running;
    running.id = JobId{id};
    running.admitted_at = now_;
    running.observed = {0, 1000, 1};
    running_.emplace(id, std::pair(job->first, running));
    waiting_.erase(job);
    ++version_;
  }
  void Use(int64_t id, int64_t memory_bytes) {
    running_.at(id).second.observed.memory_bytes = memory_bytes;
  }
  void End(int64_t id) { running_.erase(id); }
  void Pass(int seconds) {
    for (; seconds > 0; --seconds) Cycle();
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void Cycle() {
    Snapshot snapshot;
    snapshot.now = now_;
    if (is_measured) snapshot.host = HostView{now_, {64LL << 30, 8000, 10'000, {}}, {}};
    std::vector<record::Owner> owners;
    for (const auto& [id, running] : running_) {
      snapshot.running.push_back(running.second);
      owners.push_back({running.first.key, running.first.tenant});
    }
    std::vector<WaitingJob> line;
    for (const auto& [job, submitted] : waiting_) {
      WaitingJob& waits = line.emplace_back();
      waits.id = JobId{job.id};
      waits.priority = job.priority;
      waits.submitted_at = submitted;
    }
    std::vector<WaitingJob> shown = line;
    std::erase_if(shown, [&](const WaitingJob& job) {
      return std::ranges::find(held_back, job.id) != held_back.end();
    });
    const Decisions decisions = Decide(snapshot, shown, policy_);
    if (recorder_.Begins(now_)) recorder_.Checkpoint(foresight_, {});
    record::CycleView cycle{.at = kBegin + std::chrono::duration_cast<WallTime::duration>(
                                               now_ - TimePoint(std::chrono::seconds(100))),
                            .policy = policy_,
                            .generation = 2,
                            .pool_default = {},
                            .capacity = {},
                            .snapshot = snapshot,
                            .running_owners = owners,
                            .waiting_version = ++version_,
                            .waiting = {},
                            .held_back = held_back,
                            .decisions = decisions};
    for (std::size_t i = 0; i < line.size(); ++i) {
      const Job& job = waiting_[i].first;
      cycle.waiting.push_back({&line[i], {job.key, job.tenant}, job.declared});
    }
    for (const record::Row& row : recorder_.Cycle(cycle)) bytes_ += row.bytes;
    now_ += std::chrono::seconds(1);
  }

  const Policy policy_;
  Foresight foresight_;
  record::Recorder recorder_;
  TimePoint now_{std::chrono::seconds(100)};
  std::vector<std::pair<Job, TimePoint>> waiting_;
  std::map<int64_t, std::pair<Job, RunningJob>> running_;
  int64_t version_ = 0;
  std::string bytes_;
};

}  // namespace headroom
