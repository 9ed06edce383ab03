#include "cli/waiter.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/fd.h"

namespace headroom::cli {
namespace {

class SystemWaiter final : public Waiter {
 public:
  Status CatchSignals() override {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return FailErrno(errno, "block signals");
    signals_.Reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return FailErrno(errno, "make a signalfd");
    return {};
  }

  void WatchKeys() override { keys_ = STDIN_FILENO; }

  Wake Wait(Duration at_most) override {
    pollfd fds[2] = {{signals_.get(), POLLIN, 0}, {keys_, POLLIN, 0}};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
    if (::poll(fds, 2, static_cast<int>(milliseconds)) <= 0) return Wake::kTimeout;
    if (fds[0].revents != 0) return TakeSignal();
    return TakeKey();
  }

  int SignalFd() const override { return signals_.get(); }

 private:
  Wake TakeSignal() {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof(info)) != sizeof(info)) return Wake::kTimeout;
    return Wake::kInterrupt;
  }

  Wake TakeKey() {
    char key = 0;
    const ssize_t got = ::read(keys_, &key, 1);
    if (got <= 0) {
      keys_ = -1;
      return Wake::kInputEnd;
    }
    return key == 'q' || key == 'Q' ? Wake::kQuit : Wake::kTimeout;
  }

  UniqueFd signals_;
  int keys_ = -1;
};

}  // namespace

std::unique_ptr<Waiter> MakeWaiter() { return std::make_unique<SystemWaiter>(); }

}  // namespace headroom::cli
