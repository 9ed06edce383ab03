#include "admission/ledger.h"

#include <cstdlib>
#include <utility>

namespace headroom {

void Ledger::Reserve(Reservation reservation) {
  const JobId job = reservation.job;
  if (!reservations_.try_emplace(job, std::move(reservation)).second) std::abort();
}

void Ledger::Release(JobId job) {
  if (reservations_.erase(job) != 1) std::abort();
}

}  // namespace headroom
