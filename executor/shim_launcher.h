#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "executor/shim_spec.h"

namespace headroom {

// A shim that was started and may already have ended.
struct Shim {
  UniqueFd pidfd;
  UniqueFd report;  // see kShimReportFd; none for a shim that another daemon started
};

// Starts shims, so that the executor can be tested with none. Threads: one at a time.
class ShimLauncher {
 public:
  virtual ~ShimLauncher() = default;

  // On an error no shim is left, but what it may have started is.
  virtual Result<Shim> Start(const ShimSpec& spec) = 0;
};

// Starts the binary at `path` with posix_spawn(3), which costs the same however large the daemon
// is.
std::unique_ptr<ShimLauncher> MakeShimLauncher(const std::string& path);

}  // namespace headroom
