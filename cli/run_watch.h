#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "cli/context.h"
#include "cli/job.h"

// What `run` does once its job is submitted: waits, streams, obeys Ctrl-C, ends with the job.
namespace headroom::cli {

enum class Streaming { kOn, kOff };

// Threads: one at a time. Signals must be caught (Waiter::CatchSignals) while it runs.
class RunWatch {
 public:
  RunWatch(Context& context, Job submitted, Streaming streaming);

  // The job as it ended; absent when a second Ctrl-C left it behind. The first one cancels it. A
  // daemon that goes away is waited for: the job goes on without it.
  Outcome<std::optional<Job>> UntilEnd();

 private:
  struct Stream {
    LogStream which;
    std::ostream& to;
    int64_t offset = 0;
    bool complete = false;
  };

  Outcome<void> Step();
  Outcome<void> LookAtJob();
  Outcome<void> Pump(Stream& stream);
  bool HasEnded() const;
  bool StillPatient();
  void TellWhyItWaits();
  void Cancel();
  Duration NextPause();

  Context& context_;
  Job job_;
  Streaming streaming_;
  Stream stdout_, stderr_;
  const TimePoint since_;
  std::string told_reason_;
  std::optional<TimePoint> lost_since_;
  bool cancelled_ = false;
  Duration pause_;
};

}  // namespace headroom::cli
