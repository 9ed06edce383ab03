#include "executor/shim/group_end.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace headroom::shim {
namespace {

bool Gone(int os_error) { return os_error == ENOENT || os_error == ENODEV; }

}  // namespace

GroupEnd::GroupEnd(std::string cgroup) : cgroup_(std::move(cgroup)) {}

bool GroupEnd::Empty() {
  if (!events_) events_.Reset(::open((cgroup_ + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
  if (!events_) return Gone(errno);
  char text[256];
  const ssize_t n = ::pread(events_.get(), text, sizeof text, 0);
  if (n < 0) return Gone(errno);
  const std::string_view events(text, static_cast<std::size_t>(n));
  if (events.find("populated 0") != std::string_view::npos) return true;
  const UniqueFd kill(::open((cgroup_ + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
  [[maybe_unused]] const auto written = ::write(kill.get(), "1", 1);
  return false;
}

}  // namespace headroom::shim
