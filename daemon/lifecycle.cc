#include "daemon/lifecycle.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "admission/oom.h"
#include "base/units.h"

namespace headroom {
namespace {

JobRecord Ended(JobRecord job, JobOutcome outcome, const Instant& now) {
  job.state = JobState::kFinished;
  job.outcome = outcome;
  job.finished_at = now.wall;
  job.reserved.reset();
  return job;
}

JobOutcome OutcomeOf(const JobRecord& job, const AttemptEnd& end) {
  if (job.state == JobState::kStopping) return JobOutcome::kCancelled;
  if (std::holds_alternative<LaunchFailed>(end.outcome)) return JobOutcome::kLaunchFailed;
  if (std::holds_alternative<Lost>(end.outcome)) return JobOutcome::kLost;
  const Exited* exited = std::get_if<Exited>(&end.outcome);
  if (exited != nullptr && exited->code == 0) return JobOutcome::kSucceeded;
  // Something of it was killed for memory and it did not get over it (memory.events).
  if (end.oom != OomCause::kNone) return JobOutcome::kOomKilled;
  return exited != nullptr ? JobOutcome::kFailed : JobOutcome::kSignaled;
}

// The memory with which it is tried again; absent: it is not.
std::optional<int64_t> MemoryForRetry(const JobRecord& running, const AttemptEnd& end,
                                      const RetryPolicy& retry) {
  const std::optional<int64_t>& own_limit = running.submission.memory_max_bytes;
  if (end.oom == OomCause::kJobLimit && own_limit) return std::nullopt;
  if (running.oom_retries >= retry.oom) return std::nullopt;
  const int64_t request = running.reserved ? running.reserved->memory_bytes : 0;
  const int64_t raised = RaisedAfterOom(request, end.usage.peak_memory_bytes);
  return std::min(raised, own_limit.value_or(raised));
}

std::string WhyAgain(const JobRecord& again, const AttemptEnd& end, const RetryPolicy& retry) {
  std::string text = "attempt " + std::to_string(again.attempt) + " ran out of memory (" +
                     ToString(end.oom) + "); tried again with a request of " +
                     FormatBytes(*again.raised_memory_bytes);
  return text + ", " + std::to_string(again.oom_retries) + " of " + std::to_string(retry.oom) +
         (retry.oom == 1 ? " time" : " times");
}

// Why one that ran out of memory is not tried again, where the policy would have it.
std::string WhyNotAgain(const JobRecord& running, const AttemptEnd& end, const RetryPolicy& retry) {
  if (retry.oom == 0) return {};
  if (end.oom == OomCause::kJobLimit && running.submission.memory_max_bytes)
    return "not tried again: its own limit of memory, " +
           FormatBytes(*running.submission.memory_max_bytes) + ", stopped it";
  return "ran out of memory " + std::to_string(running.oom_retries + 1) + " times";
}

// The default of the policy is no bound to what is tried again with more: it would die of it again.
std::optional<int64_t> MemoryLimit(const JobRecord& job, const JobLimits& defaults) {
  const std::optional<int64_t>& own = job.submission.memory_max_bytes;
  if (own || !defaults.memory_max || !job.raised_memory_bytes)
    return own ? own : defaults.memory_max;
  return std::max(*defaults.memory_max, RaisedAfterOom(*job.raised_memory_bytes, std::nullopt));
}

std::optional<int64_t> HighMark(const std::optional<int64_t>& memory_max,
                                const JobLimits& defaults) {
  if (!memory_max || !defaults.memory_high_share) return std::nullopt;
  return static_cast<int64_t>(
      std::floor(static_cast<double>(*memory_max) * *defaults.memory_high_share));
}

std::vector<std::string> EnvironmentOf(const JobRecord& job, const UserIdentity& user) {
  std::map<std::string, std::string> environment = {
      {"HOME", user.home},
      {"LOGNAME", user.name},
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"SHELL", user.shell},
      {"USER", user.name},
  };
  for (const auto& [name, value] : job.submission.environment) environment[name] = value;
  environment["HEADROOM_JOB"] = std::to_string(job.id.value);
  environment["HEADROOM_ATTEMPT"] = std::to_string(job.attempt);

  std::vector<std::string> lines;
  lines.reserve(environment.size());
  for (const auto& [name, value] : environment) lines.push_back(name + "=" + value);
  return lines;
}

template <class T>
std::optional<T> FirstOf(const std::optional<T>& own, const std::optional<T>& otherwise) {
  return own ? own : otherwise;
}

}  // namespace

bool HoldsAnAttempt(const JobRecord& job) {
  return job.state == JobState::kStarting || job.state == JobState::kRunning ||
         job.state == JobState::kStopping;
}

WallTime WallOf(TimePoint at, const Instant& now) {
  const Duration ago = std::max(now.boot - at, Duration::zero());
  return now.wall - std::chrono::duration_cast<WallTime::duration>(ago);
}

JobRecord Admitted(JobRecord job, const ResourceVector& reserved, const Instant& now) {
  job.state = JobState::kStarting;
  job.attempt += 1;
  job.reserved = reserved;
  job.admitted_boottime = now.boot;
  job.message.clear();
  return job;
}

JobRecord Started(JobRecord job, const Instant& now) {
  if (job.state == JobState::kStarting) job.state = JobState::kRunning;
  if (!job.started_at) job.started_at = now.wall;
  return job;
}

JobRecord Stopping(JobRecord job) {
  job.state = JobState::kStopping;
  return job;
}

JobRecord Requeued(JobRecord job, std::string why) {
  job.state = JobState::kWaiting;
  job.reserved.reset();
  job.admitted_boottime.reset();
  job.started_at.reset();
  job.message = std::move(why);
  return job;
}

JobRecord FinishedWithoutRunning(JobRecord job, JobOutcome outcome, std::string why,
                                 const Instant& now) {
  job.message = std::move(why);
  return Ended(std::move(job), outcome, now);
}

JobRecord Finished(JobRecord job, const AttemptEnd& end, const Instant& now) {
  const JobOutcome outcome = OutcomeOf(job, end);
  if (const auto* exited = std::get_if<Exited>(&end.outcome)) job.exit_code = exited->code;
  if (const auto* signaled = std::get_if<Signaled>(&end.outcome)) job.signal = signaled->signal;
  if (const auto* failed = std::get_if<LaunchFailed>(&end.outcome)) job.message = failed->message;
  if (const auto* lost = std::get_if<Lost>(&end.outcome)) job.message = lost->message;
  job.oom = end.oom;
  job.usage = end.usage;
  job.stdout_dropped = end.stdout_dropped;
  job.stderr_dropped = end.stderr_dropped;
  const WallTime started = WallOf(end.started_at, now);
  const bool ran = end.ended_at > end.started_at;
  if (ran && job.started_at) job.started_at = std::min(*job.started_at, started);
  const WallTime ended = std::max(WallOf(end.ended_at, now), job.started_at.value_or(WallTime{}));
  return Ended(std::move(job), outcome, {now.boot, ended});
}

AfterEnd WhatBecomesOf(const JobRecord& running, const AttemptEnd& end, const RetryPolicy& retry,
                       const Instant& now) {
  AfterEnd after{Finished(running, end, now), std::nullopt};
  if (after.finished.outcome != JobOutcome::kOomKilled) return after;
  const auto memory = MemoryForRetry(running, end, retry);
  if (!memory) {
    after.finished.message = WhyNotAgain(running, end, retry);
    return after;
  }
  JobRecord again = running;
  again.oom_retries += 1;
  again.raised_memory_bytes = memory;
  std::string why = WhyAgain(again, end, retry);
  after.again = Requeued(std::move(again), std::move(why));
  return after;
}

AttemptLimits LimitsOf(const JobRecord& job, const JobLimits& defaults) {
  const JobSubmission& asked = job.submission;
  AttemptLimits limits;
  limits.memory_max_bytes = MemoryLimit(job, defaults);
  limits.memory_high_bytes = HighMark(limits.memory_max_bytes, defaults);
  limits.swap_max_bytes = defaults.swap_max;
  limits.oom_group = defaults.oom_group;
  limits.cpu_max_millis = FirstOf(asked.cpu_max_millis, defaults.cpu_max_millis);
  limits.cpu_weight = defaults.cpu_weight;
  limits.pids_max = FirstOf(asked.pids_max, std::optional(defaults.pids_max));
  return limits;
}

AttemptSpec SpecOf(const JobRecord& job, const UserIdentity& user, const JobLimits& defaults) {
  const JobSubmission& asked = job.submission;
  AttemptSpec spec;
  spec.id = {job.id, job.attempt};
  spec.argv = asked.command;
  spec.environment = EnvironmentOf(job, user);
  spec.working_directory = asked.working_directory;
  spec.stdin_path = asked.stdin_path;
  spec.uid = user.uid;
  spec.gid = user.gid;
  spec.groups = user.groups;
  spec.log_max_bytes = defaults.log_max_bytes;

  spec.limits = LimitsOf(job, defaults);
  return spec;
}

AttemptControls ControlsOf(const JobRecord& job, const JobLimits& defaults, const Relief& relief) {
  constexpr int64_t kLowered = 10;  // to a tenth
  const AttemptLimits limits = LimitsOf(job, defaults);
  AttemptControls controls{limits.cpu_weight, limits.memory_high_bytes, false};
  for (const ReliefInForce& taken : relief.in_force) {
    if (taken.job != job.id) continue;
    switch (taken.step) {
      case ReliefStep::kWeight:
        controls.cpu_weight = std::max<int64_t>(1, controls.cpu_weight / kLowered);
        break;
      case ReliefStep::kThrottle:
        controls.memory_high_bytes =
            std::min(controls.memory_high_bytes.value_or(taken.memory_bytes), taken.memory_bytes);
        break;
      case ReliefStep::kFreeze:
        controls.frozen = true;
        break;
    }
  }
  return controls;
}

}  // namespace headroom
