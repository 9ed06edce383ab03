#pragma once

#include <string>
#include <utility>

#include "admission/decide.h"
#include "admission/history.h"
#include "base/units.h"

// Values for tests of admission, in one line: AHost().Memory(8_GiB).Running(ARunning(1).Memory(…)).
// What a test does not name is out of its way: plenty of it, or nothing of it.
namespace headroom::test {

constexpr int64_t operator""_MiB(unsigned long long n) { return static_cast<int64_t>(n) * kMiB; }
constexpr int64_t operator""_GiB(unsigned long long n) { return static_cast<int64_t>(n) * kGiB; }

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// An instant in the middle of a boot: there is room before it.
inline constexpr TimePoint kNow{std::chrono::hours(10)};

inline ResourceVector Tokens(std::string name, int64_t count) {
  ResourceVector amounts;
  amounts.tokens = {{std::move(name), count}};
  return amounts;
}

// A waiting job. Jobs are submitted a second apart, in the order of their ids.
class AJob {
 public:
  explicit AJob(int64_t id) {
    job_.id = {id};
    job_.submitted_at = kNow - minutes(60) + seconds(id);
  }
  AJob& Memory(int64_t bytes) { return job_.request.memory_bytes = bytes, *this; }
  AJob& Cpu(int64_t millis) { return job_.request.cpu_millis = millis, *this; }
  AJob& Pids(int64_t pids) { return job_.request.pids = pids, *this; }
  AJob& Token(std::string name, int64_t count) {
    return job_.request += Tokens(std::move(name), count), *this;
  }
  AJob& Priority(int32_t priority) { return job_.priority = priority, *this; }
  AJob& Alone() { return job_.alone = true, *this; }
  AJob& SubmittedAt(TimePoint at) { return job_.submitted_at = at, *this; }
  AJob& Takes(Duration duration) {
    job_.duration = duration;
    job_.declares_duration = true;
    return *this;
  }
  operator WaitingJob() const { return job_; }  // NOLINT: a builder is what it builds

 private:
  WaitingJob job_;
};

// A running job, admitted an hour ago: its warm-up is over. Unless told, it could not be observed,
// so that its request counts in full.
class ARunning {
 public:
  explicit ARunning(int64_t id) {
    job_.id = {id};
    job_.admitted_at = kNow - minutes(60);
  }
  ARunning& Memory(int64_t bytes) { return job_.request.memory_bytes = bytes, *this; }
  ARunning& Cpu(int64_t millis) { return job_.request.cpu_millis = millis, *this; }
  ARunning& Pids(int64_t pids) { return job_.request.pids = pids, *this; }
  ARunning& Token(std::string name, int64_t count) {
    return job_.request += Tokens(std::move(name), count), *this;
  }
  ARunning& Uses(int64_t memory_bytes) { return job_.observed.memory_bytes = memory_bytes, *this; }
  ARunning& UsesCpu(int64_t millis) { return job_.observed.cpu_millis = millis, *this; }
  ARunning& Age(Duration age) { return job_.admitted_at = kNow - age, *this; }
  // From now until its expected end.
  ARunning& EndsIn(Duration left) {
    job_.duration = kNow + left - job_.admitted_at;
    job_.declares_duration = true;
    return *this;
  }
  operator RunningJob() const { return job_; }  // NOLINT

 private:
  RunningJob job_;
};

// A host measured just now, with an open gate.
class AHost {
 public:
  AHost() {
    snapshot_.now = kNow;
    snapshot_.host = HostView{kNow, {100_GiB, 100'000, 100'000, {}}, {}};
  }
  AHost& Memory(int64_t bytes) { return snapshot_.host->capacity.memory_bytes = bytes, *this; }
  AHost& Cpu(int64_t millis) { return snapshot_.host->capacity.cpu_millis = millis, *this; }
  AHost& Pids(int64_t pids) { return snapshot_.host->capacity.pids = pids, *this; }
  AHost& UsedOutside(int64_t bytes) {
    return snapshot_.host->unmanaged.memory_bytes = bytes, *this;
  }
  AHost& Running(const RunningJob& job) { return snapshot_.running.push_back(job), *this; }
  AHost& MeasuredAgo(Duration age) { return snapshot_.host->measured_at = kNow - age, *this; }
  AHost& NeverMeasured() { return snapshot_.host.reset(), *this; }
  AHost& Gate(GatePosition position) { return snapshot_.gate.position = position, *this; }
  AHost& Rests(Resting resting) { return snapshot_.resting = resting, *this; }
  AHost& LowersTheTargetTo(double factor) { return snapshot_.target_factor = factor, *this; }
  operator Snapshot() const { return snapshot_; }  // NOLINT

 private:
  Snapshot snapshot_;
};

// Flat at its peak: nobody saw it grow.
class AFinishedAttempt {
 public:
  explicit AFinishedAttempt(Duration duration) { attempt_.duration = duration; }
  AFinishedAttempt& Memory(int64_t bytes) { return attempt_.peak_memory_bytes = bytes, *this; }
  AFinishedAttempt& Pids(int64_t count) { return attempt_.peak_pids = count, *this; }
  AFinishedAttempt& CpuTime(Duration time) {
    return attempt_.cpu_usec = time / std::chrono::microseconds(1), *this;
  }
  operator FinishedAttempt() const { return attempt_; }  // NOLINT(google-explicit-constructor)

 private:
  FinishedAttempt attempt_;
};

// Lines at round shares: half of the host, 40 % to resume, 90 % as the ceiling.
inline Policy HalfTheHost() {
  Policy policy;
  policy.target = {0.5, 0.5, 0.5};
  policy.resume = {0.4, 0.4, 0.4};
  policy.ceiling = {0.9, 0.9, 0.9};
  policy.margin = 0;
  return policy;
}

inline Decision Answer(int64_t job, Verdict verdict, Reason reason) {
  Decision decision;
  decision.job = {job};
  decision.verdict = verdict;
  decision.reason = reason;
  return decision;
}
inline Decision Starts(int64_t job, Reason reason = Reason::kFits) {
  return Answer(job, Verdict::kAdmit, reason);
}
inline Decision Waits(int64_t job, Reason reason) { return Answer(job, Verdict::kWait, reason); }
inline Decision Short(Decision decision, Axis axis, int64_t needed, int64_t available) {
  decision.axis = std::move(axis);
  decision.needed = needed;
  decision.available = available;
  return decision;
}
inline Decision BehindHead(int64_t job, int64_t head) {
  Decision decision = Waits(job, Reason::kBehindHead);
  decision.head = JobId{head};
  return decision;
}

inline const Axis kMemory{Dimension::kMemory, {}};
inline const Axis kCpu{Dimension::kCpu, {}};
inline const Axis kPids{Dimension::kPids, {}};

}  // namespace headroom::test
