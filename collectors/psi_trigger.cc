#include "collectors/psi_trigger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/fd.h"

namespace headroom {
namespace {

struct Trigger {
  UniqueFd fd;
  PressureResource resource;
  PressureKind kind;
};

// Writes "some 200000 1000000" to an open pressure file. The kernel wants the NUL at the end.
bool Arm(int fd, const GateThreshold& threshold, int64_t window_usec) {
  const double share = std::clamp(threshold.close / 100.0, 0.0, 1.0);
  const auto stall_usec =
      std::max<int64_t>(1, static_cast<int64_t>(share * static_cast<double>(window_usec)));
  const std::string text =
      fmt::format("{} {} {}", ToString(threshold.kind), stall_usec, window_usec);
  return ::write(fd, text.c_str(), text.size() + 1) >= 0;
}

// A second's window tells sooner; without CAP_SYS_RESOURCE the kernel answers EINVAL to all but
// multiples of two seconds. Each descriptor takes one trigger (EBUSY), so each gets its own.
UniqueFd OpenTrigger(const std::string& path, const GateThreshold& threshold) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return fd;
  if (Arm(fd.get(), threshold, 1'000'000)) return fd;
  if (errno == EINVAL && Arm(fd.get(), threshold, 2'000'000)) return fd;
  return UniqueFd();
}

std::vector<Trigger> OpenTriggers(const CgroupLayout& layout,
                                  const std::vector<GateThreshold>& thresholds) {
  std::vector<Trigger> triggers;
  for (const GateThreshold& threshold : thresholds) {
    const std::string_view resource = ToString(threshold.resource);
    const std::string paths[] = {
        fmt::format("{}/pressure/{}", layout.proc, resource),
        fmt::format("{}/{}/{}.pressure", layout.mounts.unified, layout.Pool(), resource)};
    for (const std::string& path : paths) {
      UniqueFd fd = OpenTrigger(path, threshold);
      if (fd) triggers.push_back({std::move(fd), threshold.resource, threshold.kind});
    }
  }
  return triggers;
}

// A thread of its own waits, because a trigger tells only the first one who polls it that it fired
// (psi_trigger_poll() clears the event): behind an epoll descriptor that is itself polled, the
// outer poll would swallow which one it was.
class KernelTriggers final : public PressureTriggers {
 public:
  explicit KernelTriggers(std::vector<Trigger> triggers)
      : triggers_(std::move(triggers)),
        armed_(triggers_.size()),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (armed_ == 0 || !wake_ || !stop_) {
      Disarm();
      return;
    }
    // Signals are for the threads of the daemon that ask for them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::jthread([this] { Watch(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  ~KernelTriggers() override {
    if (stop_) Signal(stop_);
  }

  int WaitFd() const override { return wake_.get(); }

  std::vector<PressureReading> Take() override {
    const std::lock_guard lock(mutex_);
    if (wake_) {
      eventfd_t ignored = 0;
      eventfd_read(wake_.get(), &ignored);
    }
    return std::exchange(fired_, {});
  }

  std::size_t armed() const override {
    const std::lock_guard lock(mutex_);
    return armed_;
  }

 private:
  static void Signal(const UniqueFd& event) { eventfd_write(event.get(), 1); }

  void Disarm() {
    triggers_.clear();
    armed_ = 0;
    wake_.Reset();
    stop_.Reset();
  }

  void Watch() {
    std::vector<pollfd> polled{{stop_.get(), POLLIN, 0}};
    for (const Trigger& trigger : triggers_) polled.push_back({trigger.fd.get(), POLLPRI, 0});
    for (;;) {
      const int ready = ::poll(polled.data(), polled.size(), -1);
      if (ready < 0 && errno != EINTR) return;
      if (polled[0].revents != 0) return;
      for (std::size_t i = 0; ready > 0 && i < triggers_.size(); ++i) {
        pollfd& one = polled[i + 1];
        if ((one.revents & POLLERR) != 0) {  // its cgroup is gone
          one.fd = -1;                       // poll(2) passes over it
          Drop(triggers_[i]);
        } else if ((one.revents & POLLPRI) != 0) {
          Fire(triggers_[i]);
        }
      }
    }
  }

  void Drop(Trigger& trigger) {
    trigger.fd.Reset();
    const std::lock_guard lock(mutex_);
    --armed_;
    Signal(wake_);  // that its cgroup went away is worth a cycle
  }

  void Fire(const Trigger& trigger) {
    const std::lock_guard lock(mutex_);
    const PressureReading event{trigger.resource, trigger.kind, std::nullopt, true};
    if (std::find(fired_.begin(), fired_.end(), event) == fired_.end()) fired_.push_back(event);
    Signal(wake_);
  }

  std::vector<Trigger> triggers_;  // the thread's own once it runs
  mutable std::mutex mutex_;
  std::vector<PressureReading> fired_;  // guarded by mutex_
  std::size_t armed_;                   // guarded by mutex_
  UniqueFd wake_, stop_;
  std::jthread thread_;  // last: it uses all of the above, and is joined first
};

}  // namespace

std::unique_ptr<PressureTriggers> ArmPressureTriggers(
    const CgroupLayout& layout, const std::vector<GateThreshold>& thresholds) {
  return std::make_unique<KernelTriggers>(OpenTriggers(layout, thresholds));
}

}  // namespace headroom
