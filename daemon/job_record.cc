#include "daemon/job_record.h"

#include <array>

namespace headroom {
namespace {

constexpr std::array kStates = {JobState::kWaiting, JobState::kStarting, JobState::kRunning,
                                JobState::kStopping, JobState::kFinished};
constexpr std::array kOutcomes = {
    JobOutcome::kSucceeded, JobOutcome::kFailed,       JobOutcome::kSignaled,
    JobOutcome::kOomKilled, JobOutcome::kCancelled,    JobOutcome::kWithdrawn,
    JobOutcome::kRejected,  JobOutcome::kLaunchFailed, JobOutcome::kLost};

template <class Values>
auto Named(const Values& values, std::string_view text)
    -> std::optional<typename Values::value_type> {
  for (const auto value : values) {
    if (ToString(value) == text) return value;
  }
  return std::nullopt;
}

}  // namespace

const char* ToString(RequeueCause cause) {
  switch (cause) {
    case RequeueCause::kOutOfMemory:
      return "out_of_memory";
  }
  return "out_of_memory";
}

const char* ToString(JobState state) {
  switch (state) {
    case JobState::kWaiting:
      return "waiting";
    case JobState::kStarting:
      return "starting";
    case JobState::kRunning:
      return "running";
    case JobState::kStopping:
      return "stopping";
    case JobState::kFinished:
      return "finished";
  }
  return "waiting";
}

const char* ToString(JobOutcome outcome) {
  switch (outcome) {
    case JobOutcome::kSucceeded:
      return "succeeded";
    case JobOutcome::kFailed:
      return "failed";
    case JobOutcome::kSignaled:
      return "signaled";
    case JobOutcome::kOomKilled:
      return "oom_killed";
    case JobOutcome::kCancelled:
      return "cancelled";
    case JobOutcome::kWithdrawn:
      return "withdrawn";
    case JobOutcome::kRejected:
      return "rejected";
    case JobOutcome::kLaunchFailed:
      return "launch_failed";
    case JobOutcome::kLost:
      return "lost";
  }
  return "lost";
}

std::optional<JobState> ParseJobState(std::string_view text) { return Named(kStates, text); }
std::optional<JobOutcome> ParseJobOutcome(std::string_view text) { return Named(kOutcomes, text); }

}  // namespace headroom
