#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/job.h"
#include "cli/look.h"
#include "cli/status_report.h"
#include "cli/terminal.h"

// One view of `top`. Pure; threads: any.
namespace headroom::cli {

struct TopFrame {
  WallTime at{};
  StatusReport status;
  std::vector<Job> running, waiting;
};

// The status, then the jobs: those that use the most memory first, then the queue. With a size, no
// more lines than fit, and the last one says how many jobs are not shown.
std::string FrameText(const TopFrame& frame, const Look& look, std::optional<TerminalSize> size);

// The same lines, written over what the screen shows, without a flicker.
std::string Repaint(const std::string& text);

}  // namespace headroom::cli
