#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admission/decision.h"
#include "collectors/measurements.h"
#include "daemon/service.h"

// Every metric of the daemon, declared in one place (docs/metrics.md). Closed label sets, all set
// to zero at the start; never a job's id. Threads: the loop's only.
namespace headroom {

struct CycleReport {
  const StatusView* status = nullptr;    // all gauges come from it
  const Decisions* decisions = nullptr;  // of this cycle; may be null
  Duration decide_time{};                // of Decide() alone
  Duration cycle_time{};
  Store::Statistics store;
  std::size_t armed_triggers = 0;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void JobSubmitted();
  void JobAdmitted(Reason reason, Duration waited);
  void JobRejected();
  void JobFinished(JobOutcome outcome, std::optional<Duration> ran);
  void OomKill(OomCause cause);
  void LaunchTook(Duration launch);
  void PressureTriggered(PressureResource resource);
  void PolicyReloaded(bool success, WallTime at);
  void HttpRequest(int status);
  void Recovered(bool adopted);

  void Publish(const CycleReport& cycle);
  // The text exposition format, with process_* read at this moment.
  std::string Render();

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace headroom
