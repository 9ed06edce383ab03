#include "executor/shim/oom_group.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace headroom::shim {

OomGroup::OomGroup(const std::string& memory_directory) {
  if (memory_directory.empty()) return;
  const auto open = [&](const char* name, int flags) {
    return UniqueFd(::open((memory_directory + name).c_str(), flags | O_CLOEXEC));
  };
  const UniqueFd registrar = open("/cgroup.event_control", O_WRONLY);
  control_ = open("/memory.oom_control", O_RDONLY);
  event_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const std::string request = std::to_string(event_.get()) + " " + std::to_string(control_.get());
  const auto size = static_cast<ssize_t>(request.size());
  if (::write(registrar.get(), request.data(), request.size()) != size) event_.Reset();
}

void OomGroup::TakeEvent() {
  uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(event_.get(), &count, sizeof count);
}

bool OomGroup::Killed() const {
  char text[256];
  const ssize_t n = ::pread(control_.get(), text, sizeof text, 0);
  if (n <= 0) return false;
  const std::string_view control(text, static_cast<std::size_t>(n));
  constexpr std::string_view kKey = "oom_kill ";
  const auto at = control.find(kKey);
  return at != std::string_view::npos && control.substr(at + kKey.size(), 2) != "0\n";
}

}  // namespace headroom::shim
