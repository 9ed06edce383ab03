#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "admission/decision.h"
#include "admission/self_score.h"
#include "daemon/eta_score.h"
#include "daemon/service.h"

// Every metric of the daemon (docs/metrics.md; declared in metric_families.h). Label sets are
// closed and set to zero at the start; never a job's id. What is not known is not exported: a
// missing series is not a zero. Threads: the loop's only.
namespace headroom {

// What one cycle has to tell. All gauges come from it.
struct CycleReport {
  const StatusView* status = nullptr;    // null: could not be put together, its gauges stand
  const Decisions* decisions = nullptr;  // null: nothing was decided anew, the last answers stand
  WallTime wall_now{};                   // the same instant as status->now
  Duration decide_time{};                // of Decide() alone; not counted without decisions
  Duration cycle_time{};
  Duration head_age{};             // how long the first job in line has waited; zero: nobody waits
  ScoreTotals score;               // of all cycles so far
  const Shadow* shadow = nullptr;  // null: no candidate policy is decided beside the one in force
  Store::Statistics store;
  std::size_t armed_triggers = 0;
};

struct MetricFamilies;

class Metrics {
 public:
  // prometheus-cpp throws on a bad or doubled name: a bug of ours, and the end of the program.
  Metrics() noexcept;
  ~Metrics();

  void JobSubmitted();
  void JobAdmitted(Reason reason, Duration waited);
  void JobRejected();
  void EtaScored(const ScoredEta& eta);
  void JobFinished(JobOutcome outcome, std::optional<Duration> ran);
  void OomKill(OomCause cause);
  void JobRequeued(RequeueCause cause);
  void LaunchTook(Duration launch);
  void PressureTriggered(PressureResource resource);
  void ReliefTaken(ReliefStep step);
  // The caps that are now in force.
  void PoolCapped(const PoolCaps& caps);
  // Also once at the start, for the policy that the daemon starts with.
  void PolicyReloaded(bool success, WallTime at);
  void HttpRequest(int status);
  void Recovered(bool adopted);

  void Publish(const CycleReport& cycle) noexcept;
  // The text exposition format 0.0.4, with process_* read at this moment.
  std::string Render() noexcept;

 private:
  std::unique_ptr<MetricFamilies> families_;
};

}  // namespace headroom
