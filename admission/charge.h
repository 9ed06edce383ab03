#pragma once

#include "admission/policy.h"
#include "admission/resources.h"
#include "admission/snapshot.h"

// What the ledger counts for running jobs, and what is left: the account of one snapshot.
namespace headroom {

// How much of a request still counts at this age: 1 during warm-up, then fading to 0 over as long
// again.
double RequestWeight(Duration age, Duration warm_up);

// Expected use. With a forecast, its mean over the time that the expected line looks ahead (memory
// and CPU). Else max(observed, weight·request), decaying to observed·(1 + margin) as the weight
// fades. A dimension that could not be observed is charged the full request. Tokens are held in
// full.
ResourceVector ExpectedCharge(const RunningJob& job, const Snapshot& snapshot,
                              const Policy& policy);
ResourceVector ExpectedCharge(const WaitingJob& job, const Snapshot& snapshot);

// The most it may come to use on its own: max(observed, request), and with a forecast what most of
// its futures keep below. The peaks of several jobs do not add up (peak_line.h).
ResourceVector PeakCharge(const RunningJob& job);

// The two lines of one instant, before anything new is admitted.
struct Account {
  ResourceVector capacity;  // less the policy's reserve
  ResourceVector unmanaged;
  ResourceVector expected_charge;  // Σ ExpectedCharge
  ResourceVector peak_charge;      // PeakLine::Charge
  // (target·target_factor + trim)·capacity − unmanaged − expected_charge: the headroom
  ResourceVector expected_free;
  ResourceVector peak_free;  // ceiling·capacity − unmanaged − peak_charge

  bool operator==(const Account&) const = default;
};

// REQUIRES: snapshot.host.
Account MakeAccount(const Snapshot& snapshot, const Policy& policy);

}  // namespace headroom
