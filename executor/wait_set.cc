#include "executor/wait_set.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>

namespace headroom {
namespace {

Status Add(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return FailErrno(errno, "watch a shim");
  return {};
}

}  // namespace

Result<WaitSet> WaitSet::Make() {
  WaitSet set;
  set.epoll_.Reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!set.epoll_) return FailErrno(errno, "make an epoll descriptor");
  set.timer_.Reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!set.timer_) return FailErrno(errno, "make a timer");
  if (Status added = Add(set.epoll_.get(), set.timer_.get()); !added)
    return tl::unexpected(added.error());
  return set;
}

Status WaitSet::Watch(int watched, const AttemptId& id) {
  if (Status added = Add(epoll_.get(), watched); !added) return added;
  watched_.insert_or_assign(watched, id);
  return {};
}

void WaitSet::Forget(int watched) {
  if (watched_.erase(watched) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched, nullptr);
}

std::vector<AttemptId> WaitSet::Ready() {
  std::vector<AttemptId> ready;
  epoll_event events[256];
  const int count = ::epoll_wait(epoll_.get(), events, std::size(events), 0);
  for (int i = 0; i < count; ++i) {
    const int fd = events[i].data.fd;
    uint64_t expirations = 0;
    if (fd == timer_.get()) {
      [[maybe_unused]] const auto taken = ::read(fd, &expirations, sizeof expirations);
    } else if (const auto found = watched_.find(fd); found != watched_.end()) {
      ready.push_back(found->second);
    }
  }
  return ready;
}

void WaitSet::RetryAfter(Duration delay) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(delay);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (delay - seconds).count();
  ::timerfd_settime(timer_.get(), 0, &spec, nullptr);
}

}  // namespace headroom
