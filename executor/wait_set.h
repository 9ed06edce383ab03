#pragma once

#include <map>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "executor/attempt.h"

namespace headroom {

// One descriptor that is readable when a shim has something to say or when a retry is due.
// Threads: one at a time.
class WaitSet {
 public:
  static Result<WaitSet> Make();

  int fd() const { return epoll_.get(); }

  // `watched` stays the caller's; it is removed from the set by Forget() or by closing it.
  Status Watch(int watched, const AttemptId& id);
  void Forget(int watched);

  // The attempts whose descriptors are ready, and takes a due retry.
  std::vector<AttemptId> Ready();

  // Makes the set readable after `delay`; zero never.
  void RetryAfter(Duration delay);

 private:
  UniqueFd epoll_, timer_;
  std::map<int, AttemptId> watched_;
};

}  // namespace headroom
