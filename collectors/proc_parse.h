#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "collectors/measurements.h"

// What the files of /proc say about the host, one function a file. Pure and total, as parse.h
// promises. Source: proc(5). Threads: any.
namespace headroom {

// /proc/meminfo.
Status ParseMeminfo(std::string_view text, HostSample& into);

// /proc/stat: the time that all CPUs were busy, and how many CPUs are online.
Status ParseProcStat(std::string_view text, HostSample& into);

// /proc/loadavg: how many processes and threads there are.
Status ParseLoadavg(std::string_view text, HostSample& into);

// /proc/self/status: how many CPUs this process, and so what it starts, may run on.
Result<int64_t> ParseCpusAllowed(std::string_view text);

}  // namespace headroom
