#pragma once

#include "admission/windows.h"
#include "base/clock.h"

namespace headroom {

// What the clocks on the wall show around `utc` in the time zone of this process: TZ, else
// /etc/localtime, which is looked at anew each time. Here the wall clock becomes a value.
// Threads: not while another changes the environment.
LocalTime LocalTimeAt(WallTime utc);

}  // namespace headroom
