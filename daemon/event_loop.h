#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace boost::asio {
class io_context;
}

// When things run: the tick, the wake-ups and the signals, on one thread.
namespace headroom {

// Threads: Run() and everything it calls back are one thread; CycleSoon and CommitSoon are called
// from it.
class EventLoop {
 public:
  struct Callbacks {
    std::function<void()> cycle;     // one control cycle
    std::function<void()> commit;    // make this turn's writes durable
    std::function<void()> reload;    // SIGHUP, many at once count as one
    std::function<Duration()> tick;  // the longest time between two cycles
  };

  EventLoop(boost::asio::io_context& io, Callbacks callbacks);
  ~EventLoop();

  // A cycle as soon as what is ready now has been handled. Wake-ups that come together make one
  // cycle, and cycles leave as much time between them as they take, so that a storm cannot starve
  // the API.
  void CycleSoon();
  // The same for a commit.
  void CommitSoon();

  // Wakes a cycle whenever this descriptor is readable (executor, PSI triggers). The number of the
  // descriptor is the name of the watch; the caller keeps it open until Unwatch().
  void Watch(int fd);
  void Unwatch(int fd);

  // Until SIGTERM or SIGINT.
  void Run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headroom
