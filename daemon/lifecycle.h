#pragma once

#include <string>

#include "admission/policy.h"
#include "admission/relief.h"
#include "base/clock.h"
#include "daemon/job_record.h"
#include "daemon/users.h"
#include "executor/attempt.h"

// The life of a job as pure functions: each takes a record and returns the next one.
//
//   waiting -> starting -> running -> finished
//      |          |           `-> stopping -> finished
//      |          `-> waiting (its attempt never ran)
//      |                   `-> waiting (its attempt ended, and it is tried again)
//      `-> finished (cancelled, withdrawn, rejected)
namespace headroom {

// Instants of one cycle, in both clocks: rules use `boot`, people read `wall`.
struct Instant {
  TimePoint boot{};
  WallTime wall{};
};

// An instant of an attempt by the wall clock, however much later it is recorded: a full disk or a
// restart may have come between (F7).
WallTime WallOf(TimePoint at, const Instant& now);

JobRecord Admitted(JobRecord job, const ResourceVector& reserved, const Instant& now);
JobRecord Started(JobRecord job, const Instant& now);
JobRecord Stopping(JobRecord job);

// Back in line: its attempt certainly never ran, or is over and it is tried again. The record is of
// the next attempt; what became of the last is in its event and in the history of its key. `why` is
// shown while it waits.
JobRecord Requeued(JobRecord job, std::string why);

// Ended without an attempt: cancelled, withdrawn, rejected, or launching failed for good.
JobRecord FinishedWithoutRunning(JobRecord job, JobOutcome outcome, std::string why,
                                 const Instant& now);

// Something of it runs, or may.
bool HoldsAnAttempt(const JobRecord& job);

// Ended with its attempt, at the attempt's own instant.
JobRecord Finished(JobRecord job, const AttemptEnd& end, const Instant& now);

// What becomes of a job that runs when its attempt ends: it has finished, or is tried again. Both
// are stored in one commit with what the attempt taught, so that no end is lost and none counts
// twice.
struct AfterEnd {
  JobRecord finished;              // how the attempt ended
  std::optional<JobRecord> again;  // is stored instead, back in line
  RequeueCause cause = RequeueCause::kOutOfMemory;

  const JobRecord& stored() const { return again ? *again : finished; }
};

// It is tried again if it ran out of memory, has not been tried as often as the policy says, and
// was not killed at a limit that its submitter named: that it does not outgrow. It then asks for
// more: RaisedAfterOom (oom.h).
AfterEnd WhatBecomesOf(const JobRecord& running, const AttemptEnd& end, const RetryPolicy& retry,
                       const Instant& now);

// The policy's limits where the job names none; of memory more than that if it is tried again with
// more.
AttemptLimits LimitsOf(const JobRecord& job, const JobLimits& defaults);

// What is handed to the executor: those limits, the user's usual environment where the job sets
// none. Everything else is exactly what was submitted.
AttemptSpec SpecOf(const JobRecord& job, const UserIdentity& user, const JobLimits& defaults);

// What is in force on a job that runs: its limits, and the steps of relief that were taken on it.
AttemptControls ControlsOf(const JobRecord& job, const JobLimits& defaults, const Relief& relief);

}  // namespace headroom
