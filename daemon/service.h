#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "admission/counterfactual.h"
#include "admission/decision.h"
#include "admission/plan.h"
#include "admission/policy.h"
#include "admission/relief.h"
#include "admission/shadow.h"
#include "base/result.h"
#include "collectors/measurements.h"
#include "daemon/job_record.h"
#include "daemon/key_views.h"
#include "daemon/store.h"
#include "executor/native_executor.h"

// What the API may ask of the daemon. Implemented by the control loop; faked in the API's tests.
// Threads: the loop's only.
namespace headroom {

// Who asks. Over the Unix socket the kernel says so (SO_PEERCRED, unix(7)); over TCP a token does.
struct Caller {
  uid_t uid = 0;
  std::string user;    // empty if the uid has no name
  bool admin = false;  // root, a member of the admin group, or the bearer of the token
};

struct JobView {
  JobRecord record;
  std::optional<Decision> decision;  // of the last cycle, while waiting
  std::optional<int64_t> position;   // 1 is next, while waiting
  std::optional<ResolvedRequest> resolved;
  ObservedUse observed;     // while running
  std::string explanation;  // while waiting
};

// Who holds some of what blocks, and for how long.
struct HolderView {
  Holder holder;
  ExpectedEnd ends;
};

struct WhyView {
  JobView job;
  std::vector<HolderView> holders;  // of the dimension that blocks
  std::vector<JobId> ahead;         // first few in queue order
  std::optional<HeadReservation> head;
  GateState gate;
  std::optional<Account> account;
  std::optional<ResourceVector> observed;  // Σ of running jobs
  std::vector<Need> needs;
  Counterfactuals changes;
  std::optional<PlannedJob>
      planned;  // absent: it does not wait, or stands behind all that is planned
};

// One waiting job of the plan.
struct PlanRow {
  PlannedJob planned;
  std::string name, user;
  uid_t uid = 0;
};

struct PlanView {
  std::vector<PlanRow> jobs;  // the front of the queue
  int64_t beyond = 0;         // jobs behind them
};

// What would become of a job that was not submitted.
struct TrialView {
  JobView job;  // id 0
  std::vector<Need> needs;
  Counterfactuals changes;
  std::optional<PlannedJob> planned;
};

struct StatusView {
  TimePoint now{};
  std::optional<Duration> measurement_age;
  std::optional<Account> account;
  std::optional<ResourceVector> observed;  // Σ of running jobs
  Measurements measurements;
  GateState gate;
  double target_factor = 1;  // below 1 after trouble (admission/outer_loop.h)
  std::vector<ReliefInForce> relief;
  std::map<std::string, int64_t> jobs_by_state;
  std::vector<JobView> running;
  std::vector<OpenWindow> windows;  // each one's next, by begin
  Policy policy;
  int64_t policy_generation = 1;
  Enforcement enforcement;
  std::vector<std::string> degraded;  // what does not work as it should: "no PSI", …
  struct StoreFailure {
    Duration lasted{};
    std::string message;
  };
  std::optional<StoreFailure> store_failure;  // nothing can be stored now
  struct ShadowPolicy {
    std::string file;
    int64_t would_start = 0;
    ShadowTotals totals;
  };
  std::optional<ShadowPolicy> shadow;  // decided beside the policy in force
};

// A piece of the decision log (record/recorder.h).
struct DecisionPiece {
  std::string bytes;
  int64_t offset = 0;     // of its first byte
  bool complete = false;  // it was the end of the log
};

struct PolicyReload {
  std::string path;  // of the file that was read
  std::vector<PolicyProblem> problems;
};

// Of attempts that another system has seen.
struct ImportedHistory {
  int64_t added = 0;
  int64_t known = 0;  // imported before: their origin is remembered

  bool operator==(const ImportedHistory&) const = default;
};

struct WantedJob {
  JobSubmission submission;  // source and external_id are set
};

struct SyncResult {
  std::vector<JobView> jobs;  // in the order they were handed over
  std::vector<JobId> withdrawn;
};

// What a caller may see of the events after a sequence number.
struct EventPage {
  std::vector<Event> events;
  int64_t last = 0;  // resume after this; ahead of the events if later ones are not the caller's
};

class Service {
 public:
  virtual ~Service() = default;

  // Each answer comes through its callback, after the commit that makes it true. The callback may
  // run before the call returns.
  //
  // Errors of all calls: kNotFound; kDenied, if a job belongs to another user and the caller is no
  // admin; kConflict, if an idempotency key was used for something else; kExhausted, if too many
  // jobs are in line; kUnavailable, if nothing can be stored now.
  using SubmitDone = std::function<void(Result<JobView> job, bool created)>;
  using SyncDone = std::function<void(Result<SyncResult>)>;
  using CancelDone = std::function<void(Result<JobView>)>;

  virtual void Submit(const Caller& caller, JobSubmission submission, SubmitDone done) = 0;
  // The source's whole list. Decided in a cycle of its own before the answer. kDenied, and nothing
  // changed, if any job of this source that it would touch is not the caller's.
  virtual void Sync(const Caller& caller, const std::string& source, std::vector<WantedJob> wanted,
                    SyncDone done) = 0;
  virtual void Cancel(const Caller& caller, JobId id, CancelDone done) = 0;

  virtual Result<JobView> Show(const Caller& caller, JobId id) = 0;
  virtual Result<std::vector<JobView>> List(const Caller& caller, const JobQuery& query) = 0;
  virtual Result<WhyView> Why(const Caller& caller, JobId id) = 0;
  // From a byte on, or from where an instant can be decided again (administrators only): at most
  // `limit` bytes. kNotFound: that is not kept.
  virtual Result<DecisionPiece> ReadDecisions(const Caller& caller,
                                              std::variant<int64_t, WallTime> from,
                                              std::size_t limit) = 0;
  virtual Result<PlanView> GetPlan(const Caller& caller) = 0;
  // Stores nothing.
  virtual Result<TrialView> Try(const Caller& caller, JobSubmission submission) = 0;
  // Of the caller's own attempts, of all for an admin. Empty `key`: all keys. The most wasteful
  // first, and of those beyond kKeysShown at most one, to tell that there are more.
  static constexpr std::size_t kKeysShown = 1000;
  virtual Result<std::vector<KeyView>> Keys(const Caller& caller, const std::string& key) = 0;
  // Remembers them as it remembers its own: within the same bounds, the last of each key. One whose
  // origin is remembered is left alone, so importing twice adds nothing. Whether the caller may is
  // the API's business. REQUIRES: an origin in each.
  using ImportDone = std::function<void(Result<ImportedHistory>)>;
  virtual void ImportHistory(std::vector<PastAttemptOfKey> attempts, ImportDone done) = 0;
  virtual Result<StatusView> GetStatus(const Caller& caller) = 0;
  // `last` equals `after` exactly when nothing has happened since.
  virtual Result<EventPage> Events(const Caller& caller, int64_t after, std::size_t limit) = 0;
  // Calls `wake` once as soon as there may be events after the last committed one.
  virtual void OnNextEvent(std::function<void()> wake) = 0;
  // Where the output of each of its attempts is, in their order, those that never ran included. Of
  // one that has ended nothing more comes. The API streams them as one.
  virtual Result<std::vector<std::string>> LogPaths(const Caller& caller, JobId id,
                                                    bool want_stderr) = 0;

  virtual const Policy& policy() const = 0;
  virtual int64_t policy_generation() const = 0;
  // All problems, or none and the new policy is in force.
  virtual Result<PolicyReload> ReloadPolicy(const Caller& caller) = 0;

  virtual std::string MetricsText() = 0;
  // Empty: ready. Otherwise why not.
  virtual std::vector<std::string> NotReady() = 0;
};

}  // namespace headroom
