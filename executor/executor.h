#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "executor/attempt.h"

// Decisions -> the operating system. The only writer.
namespace headroom {

// What the control loop asks of an executor, so that it can be tested without a kernel.
// Threads: one at a time. No call blocks for longer than a few milliseconds.
class Executor {
 public:
  virtual ~Executor() = default;

  // Starts an attempt: makes its cgroup, writes its limits, then spawns its shim. On an error
  // nothing is left behind. What goes wrong later (command not found, unknown directory) comes as
  // LaunchFailed from Reap(). REQUIRES: the attempt was recorded as starting before (see Recover).
  virtual Status Launch(const AttemptSpec& spec) = 0;

  // Kills everything in the attempt's cgroup, whatever it forked, and keeps on until it is empty;
  // the end comes from Reap(). An attempt that is not there is not an error.
  virtual Status Kill(const AttemptId& id) = 0;

  // Puts all of these in force on a running attempt, as often as one likes. kUnsupported for a
  // memory.high in cgroup v1, which has none; the others are in force all the same. A frozen
  // attempt stays so until it is thawed or killed. An attempt that is not there is not an error.
  virtual Status Control(const AttemptId& id, const AttemptControls& controls) = 0;
  virtual bool CanThrottle() const = 0;  // there is a memory.high

  // The attempts that ended since the last call; their cgroups are empty. These and their exit
  // records stay until Forget(), so that a daemon that dies before finds it all again. A cgroup
  // that does not empty (D state) keeps its attempt running (F16, F17).
  virtual std::vector<AttemptEnd> Reap() = 0;

  // Removes an ended attempt's cgroup and exit record. Called after the end is in the store. Logs
  // stay.
  virtual void Forget(const AttemptId& id) = 0;
  // Removes all that is left of an ended attempt, its logs too.
  virtual void Discard(const AttemptId& id) = 0;

  // After a restart: what became of an attempt that the store says was starting or running.
  enum class Recovered {
    kAdopted,   // it runs, or ended and Reap() will say how
    kNeverRan,  // it certainly did not start and now never will: it may be tried again
  };
  virtual Result<Recovered> Recover(const AttemptId& id) = 0;

  // After all Recover() calls: kills and removes what carries our mark and belongs to no known
  // attempt. Returns the names of cgroups that look like attempts and have no mark: of another
  // state directory, so they are left alone.
  virtual std::vector<std::string> RemoveStrangers() = 0;

  // Names of the attempts whose cgroups exist, for the collector.
  virtual std::vector<AttemptId> Live() const = 0;

  // A descriptor that becomes readable when Reap() has something to say. Owned by the executor.
  virtual int WaitFd() const = 0;
};

// Paths of an attempt's output, for `headroom logs`. Pure.
std::string StdoutPath(const std::string& state_dir, const AttemptId& id);
std::string StderrPath(const std::string& state_dir, const AttemptId& id);

}  // namespace headroom
