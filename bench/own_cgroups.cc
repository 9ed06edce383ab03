#include "bench/own_cgroups.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "executor/cgroup_files.h"

namespace headroom::bench {
namespace {

CgroupLayout OwnLayout() {
  const auto mounts = FindCgroupMounts();
  if (!mounts) Die(mounts.error().message);
  return {*mounts, fmt::format("headroom-bench-{}", ::getpid())};
}

// What still runs in them is a job or a shim of the child, on its way out.
void RemoveAll(const CgroupLayout& layout) {
  (void)KillCgroup(layout.mounts, layout.root);
  Status removed;
  for (int tries = 0; tries < 100; ++tries) {
    removed = RemoveCgroup(layout.mounts, layout.root);
    if (removed) return;
    ::poll(nullptr, 0, 20);
  }
  fmt::print(stderr, "cgroups are left: {}\n", removed.error().message);
}

}  // namespace

void Die(const std::string& message) {
  fmt::print(stderr, "{}: {}\n", program_invocation_short_name, message);
  std::exit(1);
}

int WithOwnCgroups(const std::function<void(const CgroupLayout&)>& body) {
  const CgroupLayout layout = OwnLayout();
  const pid_t child = ::fork();
  if (child < 0) Die("cannot fork");
  if (child == 0) {
    body(layout);
    std::exit(0);
  }
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  RemoveAll(layout);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace headroom::bench
