// Boost 1.74's awaitable.hpp uses std::exchange without including this.
#include "daemon/event_loop.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <map>
#include <utility>
#include <vector>

namespace headroom {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kReloadDelay = std::chrono::milliseconds(50);

}  // namespace

struct EventLoop::Impl {
  Impl(asio::io_context& context, Callbacks handlers)
      : io(context),
        callbacks(std::move(handlers)),
        timer(io),
        reload_timer(io),
        stop_signals(io, SIGTERM, SIGINT),
        reload_signal(io, SIGHUP) {}

  void ScheduleCycle(SteadyClock::time_point at) {
    timer.expires_at(at);
    timer.async_wait([this](const error_code& error) {
      if (!error) Cycle();
    });
  }

  void Cycle() {
    cycle_is_due = false;
    const auto before = SteadyClock::now();
    callbacks.cycle();
    RearmWatches();  // the cycle has drained what woke it
    earliest_next = SteadyClock::now() + (SteadyClock::now() - before);
    if (cycle_is_due) return;  // woken from within: already scheduled
    ScheduleCycle(before + callbacks.tick());
  }

  void CycleSoon() {
    if (cycle_is_due) return;
    cycle_is_due = true;
    ScheduleCycle(std::max(SteadyClock::now(), earliest_next));
  }

  void CommitSoon() {
    if (commit_is_due) return;
    commit_is_due = true;
    asio::post(io, [this] {
      commit_is_due = false;
      callbacks.commit();
    });
  }

  void Watch(int fd) {
    const auto watched =
        watches.try_emplace(fd, std::make_unique<asio::posix::stream_descriptor>(io, ::dup(fd)));
    Await(fd, *watched.first->second);
  }

  void Await(int fd, asio::posix::stream_descriptor& descriptor) {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this, fd](const error_code& error) {
                            const auto watched = watches.find(fd);
                            if (error || watched == watches.end()) return;
                            // Armed again only after the cycle has drained it: the wait reports a
                            // level, not an edge.
                            rearm.push_back(fd);
                            CycleSoon();
                          });
  }

  void RearmWatches() {
    for (const int fd : std::exchange(rearm, {})) {
      const auto watched = watches.find(fd);
      if (watched != watches.end()) Await(fd, *watched->second);
    }
  }

  void AwaitStop() {
    stop_signals.async_wait([this](const error_code& error, int) {
      if (!error) io.stop();
    });
  }

  void AwaitReload() {
    reload_signal.async_wait([this](const error_code& error, int) {
      if (error) return;
      reload_timer.expires_after(kReloadDelay);
      reload_timer.async_wait([this](const error_code& cancelled) {
        if (!cancelled) callbacks.reload();
      });
      AwaitReload();
    });
  }

  asio::io_context& io;
  Callbacks callbacks;
  asio::steady_timer timer, reload_timer;
  asio::signal_set stop_signals, reload_signal;
  std::map<int, std::unique_ptr<asio::posix::stream_descriptor>> watches;
  std::vector<int> rearm;
  SteadyClock::time_point earliest_next{};
  bool cycle_is_due = false;
  bool commit_is_due = false;
};

EventLoop::EventLoop(asio::io_context& io, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(io, std::move(callbacks))) {}

EventLoop::~EventLoop() = default;

void EventLoop::CycleSoon() { impl_->CycleSoon(); }
void EventLoop::CommitSoon() { impl_->CommitSoon(); }
void EventLoop::Watch(int fd) { impl_->Watch(fd); }
void EventLoop::Unwatch(int fd) { impl_->watches.erase(fd); }

void EventLoop::Run() {
  impl_->AwaitStop();
  impl_->AwaitReload();
  impl_->CycleSoon();
  impl_->io.run();
}

}  // namespace headroom
