#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/job.h"
#include "admission/request.h"
#include "base/clock.h"
#include "executor/attempt.h"

// A job as the daemon keeps it: what was asked for, where it stands, how it ended.
namespace headroom {

enum class JobState {
  kWaiting,   // in line
  kStarting,  // admitted and recorded; its attempt may or may not run yet
  kRunning,   // its attempt was started
  kStopping,  // cancelled while its attempt runs
  kFinished,  // terminal; never changes again (I4)
};

enum class JobOutcome {
  kSucceeded,     // exit code 0
  kFailed,        // another exit code
  kSignaled,      // killed by a signal that was not ours
  kOomKilled,     // out of memory, whoever's limit it was
  kCancelled,     // by a user, waiting or running
  kWithdrawn,     // its source no longer wants it
  kRejected,      // can never fit
  kLaunchFailed,  // the command never ran
  kLost,          // its exit status is not known (shim killed, host rebooted)
};

// Why a job is put back in line although an attempt of it ran. Such an attempt is over and never
// goes on: the next one begins anew.
enum class RequeueCause {
  kOutOfMemory,  // policy: retry.oom
};

const char* ToString(RequeueCause cause);  // "out_of_memory"
const char* ToString(JobState state);  // "waiting", "starting", "running", "stopping", "finished"
const char* ToString(JobOutcome outcome);  // "succeeded", "failed", "signaled", "oom_killed", …
std::optional<JobState> ParseJobState(std::string_view text);
std::optional<JobOutcome> ParseJobOutcome(std::string_view text);

// What a client asks for; validated before it gets here.
struct JobSubmission {
  std::vector<std::string> command;
  std::string working_directory = "/";
  std::map<std::string, std::string> environment;  // never shown, never logged
  std::string stdin_path;
  std::string user;  // who it runs as
  uid_t uid = 0;
  std::string name;    // for people; may be empty
  std::string tenant;  // for fairness; the user's name if not given
  std::string key;     // what history is kept by; the name if not given
  int32_t priority = 0;
  DeclaredRequest request;
  std::optional<int64_t> memory_max_bytes, cpu_max_millis, pids_max;  // hard limits
  std::optional<Duration> duration;
  std::string idempotency_key;      // unique per uid unless empty
  std::string source, external_id;  // unique together unless empty

  bool operator==(const JobSubmission&) const = default;
};

struct JobRecord {
  JobId id;
  JobSubmission submission;
  JobState state = JobState::kWaiting;
  std::optional<JobOutcome> outcome;  // exactly when finished
  int32_t attempt = 0;                // number of the latest; 0: none yet

  WallTime submitted_at{};
  std::optional<WallTime> started_at, finished_at;
  // The same instants for rules; they hold within one boot (boot_id).
  TimePoint submitted_boottime{};
  std::optional<TimePoint> admitted_boottime;
  std::string boot_id;

  // How often it was tried again because an attempt ran out of memory, and what it asks for at
  // least since then.
  int32_t oom_retries = 0;
  std::optional<int64_t> raised_memory_bytes;
  std::optional<ResourceVector> reserved;  // while starting, running or stopping
  std::optional<int> exit_code, signal;
  OomCause oom = OomCause::kNone;
  // Why it was rejected, could not be launched or was lost; while it waits, why once more.
  std::string message;
  AttemptUsage usage;
  DroppedOutput stdout_dropped, stderr_dropped;

  bool operator==(const JobRecord&) const = default;
};

}  // namespace headroom
