#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <functional>
#include <string>

#include "executor/attempt.h"

namespace headroom {

// Waits until `done` says so, looking again when `wake_fd` becomes readable and now and then. Fails
// the test after a minute.
inline void WaitUntil(const std::string& what, int wake_fd, const std::function<bool()>& done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "waited in vain for " << what;
    pollfd wake{wake_fd, POLLIN, 0};
    ::poll(&wake, 1, 20);
  }
}

// The first attempt of a job.
inline AttemptId Id(int64_t job) { return {JobId{job}, 1}; }

}  // namespace headroom
