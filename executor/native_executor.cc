#include "executor/native_executor.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "executor/attempt_files.h"
#include "executor/boot_marker.h"
#include "executor/kernel_cgroups.h"
#include "executor/native_executor_parts.h"
#include "executor/shim_watch.h"
#include "executor/wait_set.h"

namespace headroom {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(10);
constexpr Duration kLongestRetry = std::chrono::seconds(1);

// Or the state file is older than the end, which was recorded in a newer one.
constexpr const char* kShimKilled =
    "its shim left no record, so nobody knows how the command ended";
constexpr const char* kDirectoryGone =
    "its directory in attempts/ was removed, so nobody knows how the command ended";
constexpr const char* kHostRestarted =
    "the host was restarted, so nobody saw how the command ended";

// What happens when an attempt is all gone.
enum class Fate {
  kReported,      // Reap() returns its end
  kStranger,      // nobody asked for it
  kFailedLaunch,  // its directory goes too
};

// An attempt from Launch() or Recover() until its cgroup is gone.
struct Attempt {
  Fate fate = Fate::kReported;
  Shim shim;
  std::optional<ExitRecord> end = std::nullopt;  // known once the shim is done
  int64_t pool_oom_events = 0;                   // for an end that the shim did not record
};

LaunchFailed NeverClaimed(int os_error) {
  if (os_error == EEXIST) return {"shim", ECANCELED, "given up before the command was started"};
  if (os_error == 0) return {"shim", 0, "the shim ended before it claimed the attempt"};
  return {"shim", os_error, FailErrno(os_error, "claim the attempt").value().message};
}

ShimSpec SpecOf(const AttemptSpec& spec, const CgroupPlace& place, const std::string& directory,
                const std::string& boot_id) {
  return {
      directory,       boot_id,  place,    spec.argv,   spec.environment,  spec.working_directory,
      spec.stdin_path, spec.uid, spec.gid, spec.groups, spec.log_max_bytes};
}

class Native final : public NativeExecutor {
 public:
  Native(const NativeExecutorOptions& options, const Clock& clock,
         std::unique_ptr<CgroupDriver> cgroups, std::unique_ptr<ShimLauncher> shims,
         WaitSet wait_set, std::string boot_id)
      : state_dir_(options.state_dir),
        mode_(options.layout.mounts.mode),
        clock_(clock),
        cgroups_(std::move(cgroups)),
        shims_(std::move(shims)),
        wait_set_(std::move(wait_set)),
        boot_id_(std::move(boot_id)),
        same_boot_(IsMarkedWith(state_dir_, boot_id_)) {}

  Status Launch(const AttemptSpec& spec) override;
  Status Kill(const AttemptId& id) override;
  Status Control(const AttemptId& id, const AttemptControls& controls) override;
  bool CanThrottle() const override { return mode_ == CgroupMode::kUnified; }
  std::vector<AttemptEnd> Reap() override;
  void Forget(const AttemptId& id) override;
  void Discard(const AttemptId& id) override { RemoveAttemptDirectory(DirectoryOf(id)); }
  Result<Recovered> Recover(const AttemptId& id) override;
  std::vector<std::string> RemoveStrangers() override;
  std::vector<AttemptId> Live() const override;
  int WaitFd() const override { return wait_set_.fd(); }

  Status SetPoolCaps(const PoolCaps& caps) override { return cgroups_->SetPoolCaps(caps); }
  Enforcement enforcement() const override {
    return {ToString(mode_), {not_enforced_.begin(), not_enforced_.end()}};
  }

 private:
  std::string DirectoryOf(const AttemptId& id) const { return AttemptDirectory(state_dir_, id); }
  Status Watch(const AttemptId& id, Shim shim, int64_t pool_oom_events);
  void Settle(const AttemptId& id, Attempt attempt);
  void UndoLaunch(const AttemptId& id);
  Result<Recovered> RecoverWithoutDirectory(const AttemptId& id);
  void Hear(const AttemptId& id);
  Outcome OutcomeWithoutRecord(const AttemptId& id, int claim_error) const;
  ExitRecord EndedNow(Outcome outcome) const;
  std::optional<CgroupReport> ReportOfEmpty(const AttemptId& id, int64_t pool_oom_events);
  bool TakeDown(const AttemptId& id);
  bool Finish(const AttemptId& id, std::vector<AttemptEnd>& ends);
  AttemptEnd EndOf(const AttemptId& id, const ExitRecord& record, const CgroupReport& report) const;
  void ScheduleRetry();

  const std::string state_dir_;
  const CgroupMode mode_;
  const Clock& clock_;
  const std::unique_ptr<CgroupDriver> cgroups_;
  const std::unique_ptr<ShimLauncher> shims_;
  WaitSet wait_set_;
  const std::string boot_id_;
  bool same_boot_;  // what is absent was never there

  std::map<AttemptId, Attempt> attempts_;
  // Being killed, or ended with a cgroup that is still there: looked at in every Reap().
  std::set<AttemptId> unsettled_;
  Duration retry_ = kFirstRetry;
  std::vector<UniqueFd> leaving_shims_;  // they have said all; only their status is to be taken
  std::set<std::string> not_enforced_;
};

Status Native::Launch(const AttemptSpec& spec) {
  const std::string name = ToString(spec.id), directory = DirectoryOf(spec.id);
  const std::string doing = "start attempt " + name;
  if (Status made = MakeAttemptDirectory(directory); !made) {
    if (made.error().os_error != EEXIST) return Within(doing, made.error());
    return Fail(ErrorCode::kCorrupt, doing + ": " + directory +
                                         " is there already, so it may have run before; is the "
                                         "state file older than the attempts beside it?");
  }
  const auto cgroup = cgroups_->Create(name, spec.limits);
  if (!cgroup) {
    RemoveAttemptDirectory(directory);
    return Within(doing, cgroup.error());
  }
  not_enforced_.insert(cgroup->not_enforced.begin(), cgroup->not_enforced.end());
  auto shim = shims_->Start(SpecOf(spec, cgroup->place, directory, boot_id_));
  const Status started = shim ? Watch(spec.id, std::move(*shim), cgroup->place.pool_oom_events)
                              : tl::unexpected(shim.error());
  if (started) return {};
  UndoLaunch(spec.id);
  return Within(doing, started.error());
}

Status Native::Watch(const AttemptId& id, Shim shim, int64_t pool_oom_events) {
  const UniqueFd& watched = shim.report ? shim.report : shim.pidfd;
  if (Status added = wait_set_.Watch(watched.get(), id); !added) {
    if (shim.report) KillShim(shim);
    return added;
  }
  attempts_.insert_or_assign(
      id, Attempt{Fate::kReported, std::move(shim), std::nullopt, pool_oom_events});
  return {};
}

void Native::UndoLaunch(const AttemptId& id) {
  if (TakeDown(id)) return RemoveAttemptDirectory(DirectoryOf(id));
  Settle(id, {Fate::kFailedLaunch, {}, EndedNow(Lost{}), 0});
}

void Native::Settle(const AttemptId& id, Attempt attempt) {
  attempts_.insert_or_assign(id, std::move(attempt));
  unsettled_.insert(id);
  retry_ = kFirstRetry;
  wait_set_.RetryAfter(retry_);
}

Status Native::Kill(const AttemptId& id) {
  if (!attempts_.contains(id)) return {};
  unsettled_.insert(id);
  retry_ = kFirstRetry;
  wait_set_.RetryAfter(retry_);
  // If the shim has not claimed the attempt yet, it never will.
  (void)GiveUpOrSeeClaim(DirectoryOf(id));
  const Status killed = cgroups_->Kill(ToString(id));
  return killed ? killed : Within("kill attempt " + ToString(id), killed.error());
}

Status Native::Control(const AttemptId& id, const AttemptControls& controls) {
  if (!attempts_.contains(id)) return {};
  const Status done = cgroups_->Control(ToString(id), controls);
  return done ? done : Within("control attempt " + ToString(id), done.error());
}

std::vector<AttemptEnd> Native::Reap() {
  std::erase_if(leaving_shims_, &WaitWithoutBlocking);
  for (const AttemptId& id : wait_set_.Ready()) Hear(id);
  std::vector<AttemptEnd> ends;
  std::erase_if(unsettled_, [&](const AttemptId& id) { return Finish(id, ends); });
  ScheduleRetry();
  return ends;
}

// Takes note if the attempt's shim is done.
void Native::Hear(const AttemptId& id) {
  Attempt& attempt = attempts_.at(id);
  if (attempt.end) return;
  const ShimState state = LookAt(attempt.shim, DirectoryOf(id));
  if (std::holds_alternative<StillRuns>(state)) return;
  if (std::holds_alternative<Leaving>(state)) {
    wait_set_.Forget(attempt.shim.report.get());
    attempt.shim.report.Reset();
    (void)wait_set_.Watch(attempt.shim.pidfd.get(), id);
    unsettled_.insert(id);  // looked at again even if it cannot be watched
    return;
  }
  if (const auto* ended = std::get_if<Ended>(&state)) attempt.end = ended->record;
  if (const auto* silent = std::get_if<EndedSilently>(&state))
    attempt.end = EndedNow(OutcomeWithoutRecord(id, silent->claim_error));
  wait_set_.Forget(attempt.shim.report.get());
  wait_set_.Forget(attempt.shim.pidfd.get());
  leaving_shims_.push_back(std::move(attempt.shim.pidfd));
  attempt.shim.report.Reset();
  unsettled_.insert(id);
}

Outcome Native::OutcomeWithoutRecord(const AttemptId& id, int claim_error) const {
  const auto claim = GiveUpOrSeeClaim(DirectoryOf(id));
  if (claim && *claim == Claim::kGivenUp) return NeverClaimed(claim_error);
  return Lost{claim && *claim == Claim::kNoDirectory ? kDirectoryGone : kShimKilled};
}

ExitRecord Native::EndedNow(Outcome outcome) const {
  const TimePoint now = clock_.Now();
  return {boot_id_, std::move(outcome), now, now, {}, {}, 0};
}

// What the attempt's cgroup has to say, once it is empty.
std::optional<CgroupReport> Native::ReportOfEmpty(const AttemptId& id, int64_t pool_oom_events) {
  const std::string name = ToString(id);
  const auto populated = cgroups_->Populated(name);
  if (populated && !*populated) return cgroups_->Report(name, pool_oom_events);
  (void)cgroups_->Kill(name);
  return std::nullopt;
}

bool Native::TakeDown(const AttemptId& id) {
  return ReportOfEmpty(id, 0) && cgroups_->Remove(ToString(id));
}

// Not before: who ran out of memory stands nowhere but in the cgroup until it is in the store.
void Native::Forget(const AttemptId& id) {
  if (!cgroups_->Remove(ToString(id))) Settle(id, {Fate::kStranger, {}, EndedNow(Lost{}), 0});
  RemoveExitRecord(DirectoryOf(id));
}

// True when nothing of the attempt is left to be done.
bool Native::Finish(const AttemptId& id, std::vector<AttemptEnd>& ends) {
  const auto found = attempts_.find(id);
  Hear(id);
  const Attempt& attempt = found->second;
  if (!attempt.end) {
    (void)cgroups_->Kill(ToString(id));
    return false;
  }
  if (attempt.fate == Fate::kReported) {
    const auto report = ReportOfEmpty(id, attempt.end->pool_oom_events);
    if (!report) return false;
    ends.push_back(EndOf(id, *attempt.end, *report));
  } else {
    if (!TakeDown(id)) return false;
    if (attempt.fate == Fate::kFailedLaunch) RemoveAttemptDirectory(DirectoryOf(id));
  }
  attempts_.erase(found);
  return true;
}

AttemptEnd Native::EndOf(const AttemptId& id, const ExitRecord& record,
                         const CgroupReport& report) const {
  AttemptEnd end;
  end.id = id;
  end.outcome = record.outcome;
  end.oom = report.oom;
  end.usage = report.usage;
  end.stdout_dropped = record.stdout_dropped;
  end.stderr_dropped = record.stderr_dropped;
  // The instants of another boot mean nothing now; how long it ran still does.
  end.ended_at = record.boot_id == boot_id_ ? record.ended_at : clock_.Now();
  end.started_at = end.ended_at - (record.ended_at - record.started_at);
  return end;
}

void Native::ScheduleRetry() {
  if (unsettled_.empty()) return;
  wait_set_.RetryAfter(retry_);
  retry_ = std::min(retry_ * 2, kLongestRetry);
}

Result<Executor::Recovered> Native::Recover(const AttemptId& id) {
  if (attempts_.contains(id)) return Recovered::kAdopted;
  const std::string directory = DirectoryOf(id), doing = "recover attempt " + ToString(id);
  // From here on no shim can claim it, and one that did is found by its lock if it lives.
  const auto claim = GiveUpOrSeeClaim(directory);
  if (!claim) return Within(doing, claim.error());
  if (*claim == Claim::kNoDirectory && same_boot_) return RecoverWithoutDirectory(id);
  auto shim = FindShim(directory);
  if (!shim) return Within(doing, shim.error());
  if (*shim) {
    const Status watched = Watch(id, {std::move(**shim), {}}, 0);
    return watched ? Result<Recovered>(Recovered::kAdopted) : Within(doing, watched.error());
  }
  auto record = ReadExitRecord(directory);
  if (!record && same_boot_ && *claim == Claim::kGivenUp) {
    if (!TakeDown(id)) Settle(id, {Fate::kStranger, {}, EndedNow(Lost{}), 0});
    return Recovered::kNeverRan;
  }
  if (!record) {
    record = EndedNow(Lost{same_boot_ ? kShimKilled : kHostRestarted});
    // On the disk before anyone hears of it: the marker of this boot may be there next time.
    if (Status kept = WriteExitRecord(directory, *record); !kept)
      return Within(doing, kept.error());
  }
  Settle(id, {Fate::kReported, {}, std::move(record), 0});
  return Recovered::kAdopted;
}

// Its cgroup, if it is there, shows that it was launched: the directory comes first.
Result<Executor::Recovered> Native::RecoverWithoutDirectory(const AttemptId& id) {
  const std::vector<std::string> cgroups = cgroups_->List();
  if (std::ranges::find(cgroups, ToString(id)) == cgroups.end()) return Recovered::kNeverRan;
  const ExitRecord record = EndedNow(Lost{kDirectoryGone});
  if (Status kept = WriteExitRecord(DirectoryOf(id), record); !kept)
    return Within("recover attempt " + ToString(id), kept.error());
  Settle(id, {Fate::kReported, {}, record, 0});
  return Recovered::kAdopted;
}

std::vector<std::string> Native::RemoveStrangers() {
  std::vector<std::string> left_alone;
  for (const std::string& name : cgroups_->List()) {
    const auto id = ParseAttemptId(name);
    if (!id || attempts_.contains(*id)) continue;
    // Our mark is the directory: without it, it may be another daemon's (I9).
    struct stat info {};
    if (::stat(DirectoryOf(*id).c_str(), &info) != 0) {
      left_alone.push_back(name);
      continue;
    }
    (void)GiveUpOrSeeClaim(DirectoryOf(*id));
    if (!TakeDown(*id)) Settle(*id, {Fate::kStranger, {}, EndedNow(Lost{}), 0});
  }
  if (!same_boot_) same_boot_ = MarkWith(state_dir_, boot_id_).has_value();
  return left_alone;
}

std::vector<AttemptId> Native::Live() const {
  std::vector<AttemptId> live;
  for (const auto& [id, attempt] : attempts_)
    if (attempt.fate == Fate::kReported) live.push_back(id);
  return live;
}

}  // namespace

Result<std::unique_ptr<NativeExecutor>> AssembleNativeExecutor(
    const NativeExecutorOptions& options, const Clock& clock, std::unique_ptr<CgroupDriver> cgroups,
    std::unique_ptr<ShimLauncher> shims) {
  const std::string attempts = AttemptsDirectory(options.state_dir);
  if (::mkdir(attempts.c_str(), 0700) != 0 && errno != EEXIST)
    return FailErrno(errno, "make " + attempts);
  auto boot_id = ReadBootId(options.layout.proc);
  if (!boot_id) return tl::unexpected(boot_id.error());
  auto wait_set = WaitSet::Make();
  if (!wait_set) return tl::unexpected(wait_set.error());
  return std::make_unique<Native>(options, clock, std::move(cgroups), std::move(shims),
                                  std::move(*wait_set), std::move(*boot_id));
}

Result<std::unique_ptr<NativeExecutor>> MakeNativeExecutor(const NativeExecutorOptions& options,
                                                           const Clock& clock) {
  auto cgroups = MakeKernelCgroups(options.layout, options.pool);
  if (!cgroups) return tl::unexpected(cgroups.error());
  return AssembleNativeExecutor(options, clock, std::move(*cgroups),
                                MakeShimLauncher(options.shim));
}

}  // namespace headroom
