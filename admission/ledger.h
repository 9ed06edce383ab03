#pragma once

#include <map>
#include <optional>
#include <vector>

#include "admission/job.h"
#include "admission/snapshot.h"
#include "base/clock.h"

// Who was admitted and what is reserved for them. The one place with admit and release.
namespace headroom {

// Not safe for concurrent use; owned by the control loop. A reservation is made before its job is
// started and released exactly once; both are checked and abort the daemon when broken, because a
// wrong ledger is worse than a restart, which rebuilds it from the store.
class Ledger {
 public:
  struct Reservation {
    JobId job;
    ResourceVector request;
    TimePoint admitted_at{};
    std::optional<Duration> duration;
  };

  void Reserve(Reservation reservation);
  void Release(JobId job);

  bool Holds(JobId job) const { return reservations_.contains(job); }
  std::size_t size() const { return reservations_.size(); }
  const std::map<JobId, Reservation>& reservations() const { return reservations_; }

 private:
  std::map<JobId, Reservation> reservations_;
};

}  // namespace headroom
