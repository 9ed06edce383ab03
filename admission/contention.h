#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"

// CPU contention: pressure less what jobs wait for by their own choice.
//
// A job that has used up its own cpu.max is taken off the CPUs until its next period. The kernel
// goes on counting its tasks as waiting for a CPU (psi_group_change() sees TSK_RUNNING, and a
// throttled group stays that), in the job's cpu.pressure, the pool's and the host's. Nobody is in
// its way, so no start should wait for it.
//
// What can be taken out, and what is exact about it:
//  - cpu.stat's throttled_usec cannot be subtracted: it is a sum over CPUs, and overlaps between
//    jobs, while PSI is one wall time, averaged over the CPUs that are busy.
//  - nr_throttled can. A period counts there when the job's whole quota was gone before its end
//    (less what other CPUs hold of it, 5 ms each at most). In such a period the job got all that it
//    may have: whatever waited, waited for the quota. So what a job lost to others lies in its
//    other periods, and is at most the shorter of its stall and of their time. That is a bound from
//    above.
//  - Of several jobs, at least one lost something for at most the sum of theirs, and never longer
//    than the pool's tasks waited: again a bound from above. Contention is never missed; some may
//    be seen where jobs wait at the same time, or wait for threads of their own.
//  - What tasks outside the pool lost while a throttled job of ours waited as well cannot be told
//    from totals. The stall of the host beyond the pool's counts; the rest shows in the jobs' own.
// The pool's own cpu.max is not taken out: jobs that wait for it are in each other's way.
namespace headroom {

// How long a period of a job's cpu.max is: the kernel's default, which the executor writes.
inline constexpr Duration kQuotaPeriod = std::chrono::milliseconds(100);

// One cgroup over the time that is looked at. Absent is not zero: what is not known hides nothing.
struct CpuWait {
  std::optional<Duration> stalled;  // by its cpu.pressure; absent: could not be read
  // Time in periods that the job's own cpu.max cut short. Absent: could not be read.
  std::optional<Duration> throttled;
  // It came up during the time: what it stalled when it was not there yet is not part of it.
  bool is_new = false;

  bool operator==(const CpuWait&) const = default;
};

struct CpuWaits {
  Duration elapsed{};  // the time that all of these are about
  std::optional<Duration> host_stalled, pool_stalled;
  std::vector<CpuWait> jobs;

  bool operator==(const CpuWaits&) const = default;
};

// Whether any job waited for its own cpu.max: else pressure is contention as it stands.
bool AnyThrottled(const CpuWaits& waits);

// The share of the time in which tasks waited for a CPU that others had, 0 to 1. Absent if neither
// host nor pool could be read, or no time passed. Pure.
std::optional<double> Contention(const CpuWaits& waits);

}  // namespace headroom
