#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"

// How a verb waits: for time, for Ctrl-C, for a key. An interface, so that tests wait for nothing.
namespace headroom::cli {

enum class Wake {
  kTimeout,
  kInterrupt,  // SIGINT or SIGTERM came
  kQuit,       // the key q
  kInputEnd,   // no more keys will come
};

// Threads: one at a time.
class Waiter {
 public:
  virtual ~Waiter() = default;

  // From now on signals wake Wait() and no longer end the program.
  virtual Status CatchSignals() = 0;
  // From now on keys wake Wait(); standard input is a terminal in cbreak mode (terminal.h).
  virtual void WatchKeys() = 0;

  virtual Wake Wait(Duration at_most) = 0;

  // Readable while a signal waits to be taken by Wait(); -1 before CatchSignals().
  virtual int SignalFd() const = 0;
};

std::unique_ptr<Waiter> MakeWaiter();

}  // namespace headroom::cli
