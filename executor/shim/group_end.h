#pragma once

#include <string>

#include "base/fd.h"

namespace headroom::shim {

// The end of a job's cgroup: the command is dead, and nothing of it may live on (I5).
class GroupEnd {
 public:
  explicit GroupEnd(std::string cgroup);

  // Kills what is left. True once nothing is; to be asked again until then.
  bool Empty();

  // Becomes ready (POLLPRI) when the answer may have changed; -1 before the first Empty().
  int events() const { return events_.get(); }

 private:
  std::string cgroup_;
  UniqueFd events_;
};

}  // namespace headroom::shim
