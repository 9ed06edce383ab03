#pragma once

#include <string>

#include "base/fd.h"

namespace headroom::shim {

// cgroup v1 has no memory.oom.group: after an out-of-memory kill inside a job the rest of the job
// lives on, broken. This watches a job's v1 memory directory for it (memcg-v1: "OOM Control").
class OomGroup {
 public:
  // An empty path watches nothing: on cgroup v2 the kernel does it.
  explicit OomGroup(const std::string& memory_directory);

  // Readable when someone, the job or another under the same limit, ran out of memory.
  int event() const { return event_.get(); }
  void TakeEvent();

  // True once a process of this job was killed for it. The event comes a moment before the kill,
  // and also when the victim is in another job, so this is asked again for a while after each
  // event.
  bool Killed() const;

 private:
  UniqueFd event_, control_;
};

}  // namespace headroom::shim
