#include "executor/shim/attempt_claim.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

namespace headroom::shim {

int ClaimAttempt(const std::string& directory, const std::string& boot_id) {
  const std::string path = directory + "/claim", draft = path + ".new";
  // Never closed: closing any descriptor of the file would give up the lock (fcntl(2)). Children
  // do not inherit the lock.
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  struct flock whole {};
  whole.l_type = F_WRLCK;
  const std::string content = boot_id + " " + std::to_string(::getpid()) + "\n";
  const auto size = static_cast<ssize_t>(content.size());
  if (::fcntl(fd, F_SETLK, &whole) != 0) return errno;
  if (::write(fd, content.data(), content.size()) != size) return ENOSPC;
  if (::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0)
    return errno;
  return 0;
}

}  // namespace headroom::shim
