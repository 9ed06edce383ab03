#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/service.h"

// A daemon without a loop: jobs in a map, answers at once, everything in the test's hands.
namespace headroom {

class FakeService final : public Service {
 public:
  FakeService();

  // What a test sets.
  std::optional<Error> failure;  // of every call
  bool hold = false;             // submissions wait for Release(), as for a commit
  std::vector<PolicyProblem> policy_problems;
  std::vector<KeyView> keys;
  std::string last_key;
  std::vector<std::string> not_ready;
  std::function<std::string()> metrics = [] { return std::string("headroom_jobs 1\n"); };
  std::string log_path;  // a directory: stdout, and stdout.2 of a second attempt
  StatusView status;
  WhyView why;  // but for its job
  PlanView plan;
  TrialView trial;  // but for its submission
  Policy policy_in_force;
  int64_t generation = 1;

  std::string decision_log;

  // What a test looks at.
  std::map<JobId, JobView> jobs;
  std::vector<Event> events;
  std::vector<JobSubmission> submitted, tried;
  std::vector<PastAttemptOfKey> imported;
  std::optional<Caller> last_caller;
  int event_reads = 0;
  std::size_t wakes_waiting() const { return wakes_.size(); }

  JobView& Add(uid_t uid, JobState state = JobState::kWaiting);
  // Of a job, or of nobody.
  void Happen(std::string kind, std::optional<JobId> job, std::string detail = "{}");
  void Release();

  void Submit(const Caller& caller, JobSubmission submission, SubmitDone done) override;
  void Sync(const Caller& caller, const std::string& source, std::vector<WantedJob> wanted,
            SyncDone done) override;
  void Cancel(const Caller& caller, JobId id, CancelDone done) override;
  Result<JobView> Show(const Caller& caller, JobId id) override;
  Result<std::vector<JobView>> List(const Caller& caller, const JobQuery& query) override;
  Result<WhyView> Why(const Caller& caller, JobId id) override;
  Result<DecisionPiece> ReadDecisions(const Caller& caller, std::variant<int64_t, WallTime> from,
                                      std::size_t limit) override;
  Result<PlanView> GetPlan(const Caller& caller) override;
  Result<TrialView> Try(const Caller& caller, JobSubmission submission) override;
  Result<std::vector<KeyView>> Keys(const Caller& caller, const std::string& key) override {
    last_caller = caller;
    last_key = key;
    if (failure) return tl::unexpected(*failure);
    return keys;
  }
  void ImportHistory(std::vector<PastAttemptOfKey> attempts, ImportDone done) override {
    if (failure) return done(tl::unexpected(*failure));
    imported = std::move(attempts);
    done(ImportedHistory{std::ssize(imported), 0});
  }
  Result<StatusView> GetStatus(const Caller& caller) override;
  Result<EventPage> Events(const Caller& caller, int64_t after, std::size_t limit) override;
  void OnNextEvent(std::function<void()> wake) override { wakes_.push_back(std::move(wake)); }
  Result<std::vector<std::string>> LogPaths(const Caller& caller, JobId id,
                                            bool want_stderr) override;
  const Policy& policy() const override { return policy_in_force; }
  int64_t policy_generation() const override { return generation; }
  Result<PolicyReload> ReloadPolicy(const Caller& caller) override;
  std::string MetricsText() override { return metrics(); }
  std::vector<std::string> NotReady() override { return not_ready; }

 private:
  bool MaySee(const Caller& caller, JobId id) const;

  std::vector<std::function<void()>> wakes_, held_;
};

}  // namespace headroom
