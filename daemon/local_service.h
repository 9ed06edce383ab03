#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/control_loop.h"
#include "daemon/eta_score.h"
#include "daemon/job_book.h"
#include "daemon/metrics.h"
#include "daemon/planner.h"
#include "daemon/service.h"
#include "executor/native_executor.h"

// What the API asks for, answered from the book and the last cycle.
namespace headroom {

struct ServiceOptions {
  std::string policy_path;
  std::string state_dir;
};

// Threads: the event loop's only. Everything it is given outlives it.
class LocalService final : public Service {
 public:
  // What it needs of those who hold the parts that it does not see.
  struct Hooks {
    std::function<void()> cycle_soon;   // a cycle as soon as possible
    std::function<void()> commit_soon;  // a commit after the handlers that are ready now
    std::function<void()> use_policy;   // the loop's policy is new: pool caps, PSI triggers
  };

  LocalService(ServiceOptions options, ControlLoop& loop, JobBook& book, NativeExecutor& executor,
               Metrics& metrics, const Clock& clock, Hooks hooks);

  void Submit(const Caller& caller, JobSubmission submission, SubmitDone done) override;
  void Sync(const Caller& caller, const std::string& source, std::vector<WantedJob> wanted,
            SyncDone done) override;
  void Cancel(const Caller& caller, JobId id, CancelDone done) override;

  void ImportHistory(std::vector<PastAttemptOfKey> attempts, ImportDone done) override;

  Result<JobView> Show(const Caller& caller, JobId id) override;
  Result<std::vector<JobView>> List(const Caller& caller, const JobQuery& query) override;
  Result<WhyView> Why(const Caller& caller, JobId id) override;
  Result<DecisionPiece> ReadDecisions(const Caller& caller, std::variant<int64_t, WallTime> from,
                                      std::size_t limit) override;
  Result<PlanView> GetPlan(const Caller& caller) override;
  Result<TrialView> Try(const Caller& caller, JobSubmission submission) override;
  Result<std::vector<KeyView>> Keys(const Caller& caller, const std::string& key) override;
  Result<StatusView> GetStatus(const Caller& caller) override;
  Result<EventPage> Events(const Caller& caller, int64_t after, std::size_t limit) override;
  void OnNextEvent(std::function<void()> wake) override;
  Result<std::vector<std::string>> LogPaths(const Caller& caller, JobId id,
                                            bool want_stderr) override;

  const Policy& policy() const override { return loop_.policy(); }
  int64_t policy_generation() const override { return loop_.policy_generation(); }
  Result<PolicyReload> ReloadPolicy(const Caller& caller) override;

  std::string MetricsText() override { return metrics_.Render(); }
  std::vector<std::string> NotReady() override;

  // Called by the control loop at the end of each cycle.
  void Publish();
  // Of the policy in force, as its file says.
  void UseShadow();
  // Called after each successful commit.
  void EventsCommitted();

 private:
  Result<JobRecord> Known(const Caller& caller, JobId id);
  Status MaySync(const Caller& caller, const std::string& source) const;
  Status SyncOne(const WantedJob& wanted, std::vector<JobId>& jobs);
  Result<std::vector<JobId>> WithdrawMissing(const std::string& source,
                                             const std::vector<WantedJob>& wanted);
  Result<SyncResult> SyncAnswer(const std::vector<JobId>& jobs, std::vector<JobId> withdrawn);
  // A job that ends without having run.
  void CountWhenStored(JobOutcome outcome);
  JobView ViewOf(const JobRecord& job);
  ObservedUse ObservedOf(const JobRecord& job) const;
  // Absent until the host has been measured.
  std::optional<ResourceVector> ObservedOfAll() const;
  const Decision* DecisionOf(JobId id, int64_t* position);
  Duration HeadAge() const;
  // Holds starts against what was foretold of them, and foretells what was not yet.
  void ScoreEtas();

  std::vector<HolderView> HoldersOf(const Decision& decision);

  ServiceOptions options_;
  ControlLoop& loop_;
  JobBook& book_;
  NativeExecutor& executor_;
  Metrics& metrics_;
  const Clock& clock_;
  Hooks hooks_;
  Planner planner_;
  EtaScore eta_score_;
  TimePoint foretell_at_{};
  std::vector<std::function<void()>> event_waiters_;
  std::vector<std::function<void()>> after_cycle_;  // answers that wait for decisions
  struct PlaceInLine {
    const Decision* decision = nullptr;
    int64_t position = 0;  // 1 is next
  };
  std::unordered_map<int64_t, PlaceInLine> decision_index_;  // of the last cycle, made when asked
  bool index_is_current_ = false;
};

}  // namespace headroom
