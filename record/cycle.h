#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admission/decision.h"
#include "admission/foresight.h"
#include "admission/job.h"
#include "admission/policy.h"
#include "admission/request.h"
#include "admission/snapshot.h"
#include "base/clock.h"

// What one cycle decided from, borrowed from whoever decided. A forecast is not among it: it is a
// function of what is, and nine kilobytes.
namespace headroom::record {

// Whose a job is, in words: the core's values have numbers.
struct Owner {
  std::string_view key, tenant;
};

struct WaitingView {
  const WaitingJob* job = nullptr;
  Owner owner;
  DeclaredRequest declared;
};

struct CycleView {
  WallTime at{};
  const Policy& policy;
  int64_t generation = 0;      // of the policy
  Use pool_default, capacity;  // as Foresight::Look() had them
  const Snapshot& snapshot;
  std::vector<Owner> running_owners;  // of snapshot.running
  int64_t waiting_version = 0;        // of the list: another one was made anew
  std::vector<WaitingView> waiting;   // all that are in line, if Recorder::Wants(waiting_version)
  std::vector<JobId> held_back;       // of them, those that were not shown to Decide()
  const Decisions& decisions;
};

// A hash of all that was decided.
uint64_t HashOf(const Decisions& decisions);

}  // namespace headroom::record
