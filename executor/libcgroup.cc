#include "executor/libcgroup.h"

#include <libcgroup.h>

#include <cerrno>
#include <cstdarg>
#include <memory>
#include <mutex>

#include "base/name.h"

namespace headroom {
namespace {

std::mutex& LibraryMutex() {
  static std::mutex mutex;
  return mutex;
}

void Silent(void* /*userdata*/, int /*level*/, const char* /*format*/, va_list /*arguments*/) {}

// The library's codes lie: EMFILE reads "Cgroup is not mounted", and cgroup_strerror(0) is an error
// text. What the kernel said is in errno, if it is taken at once.
Status CgroupStatus(int code, int os_error, const std::string& doing) {
  if (code == 0) return {};
  const int said = code == ECGOTHER ? cgroup_get_last_errno() : 0;
  const int reason = os_error != 0 ? os_error : said;
  if (reason != 0) return FailErrno(reason, "libcgroup: " + doing);
  return Fail(ErrorCode::kIo, "libcgroup: " + doing + ": " + cgroup_strerror(code));
}

// REQUIRES: the mutex is held.
Status Init() {
  static const Status result = [] {
    cgroup_set_logger(&Silent, CGROUP_LOG_ERROR, nullptr);
    errno = 0;
    const int code = cgroup_init();
    return CgroupStatus(code, errno, "read the cgroup mounts");
  }();
  return result;
}

struct FreeCgroup {
  void operator()(cgroup* group) const { cgroup_free(&group); }
};

// The library joins whatever it is given to a path and makes every directory on the way.
Status CheckPath(const std::string& path) {
  for (std::size_t from = 0; from <= path.size();) {
    const auto to = std::min(path.find('/', from), path.size());
    if (Status good = CheckName("cgroup", path.substr(from, to - from)); !good) return good;
    from = to + 1;
  }
  return {};
}

}  // namespace

Status CreateWithLibcgroup(const CgroupMounts& mounts, const std::string& path) {
  if (Status good = CheckPath(path); !good) return good;
  const std::lock_guard lock(LibraryMutex());
  if (Status ready = Init(); !ready) return ready;
  const std::unique_ptr<cgroup, FreeCgroup> group(cgroup_new_cgroup(path.c_str()));
  if (!group) return FailErrno(ENOMEM, "libcgroup: name " + path);
  // A group without controllers would be "created" without being made.
  for (const char* controller : {"memory", "cpu", "cpuacct", "pids"}) {
    const bool separate =
        std::string(controller) != "cpuacct" || mounts.mode == CgroupMode::kHybrid;
    if (separate && cgroup_add_controller(group.get(), controller) == nullptr)
      return FailErrno(ENOMEM, std::string("libcgroup: add controller ") + controller);
  }
  errno = 0;
  const int code = cgroup_create_cgroup(group.get(), /*ignore_ownership=*/1);
  return CgroupStatus(code, errno, "create cgroup " + path);
}

}  // namespace headroom
