#pragma once

#include <string>

#include "base/clock.h"
#include "cli/api.h"

namespace headroom::cli {

// The daemon's decision log (record/recorder.h) from where `from` can be decided again, or from its
// beginning if that is later, to the first cycle after `until` or its end. Administrators only.
Outcome<std::string> FetchDecisions(Api& api, WallTime from, WallTime until);

}  // namespace headroom::cli
