#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "admission/job.h"
#include "admission/policy.h"
#include "admission/snapshot.h"
#include "admission/tenants.h"

// Whose turn it is: priority, then tenant, then the job that waits longest for its length.
// docs/decisions.md explains the rule.
namespace headroom {

// How long others may pass a job before it is due. Zero while nobody knows how long jobs take.
Duration DueAfter(const QueuePolicy& queue, std::optional<Duration> mean_duration);

// The waiting jobs of one pass, one turn after the other. Within a priority the tenant with the
// smallest share is next, and its share changes as its jobs start. Ids are unique, so the order is
// total and does not depend on the order of the input. What it is given outlives it.
class Line {
 public:
  Line(std::span<const WaitingJob> waiting, const Snapshot& snapshot, const Policy& policy,
       const Tenants& tenants);

  // Null: everyone had a turn. Of tenants whose shares have changed since the last turn, the next
  // one is found anew.
  const WaitingJob* Next();
  bool IsDue(const WaitingJob& job) const { return now_ - job.submitted_at >= due_after_; }

 private:
  // Jobs of one tenant and one priority: order_[next, end).
  struct Group {
    uint32_t next = 0, end = 0;
    int32_t priority = 0;
    uint64_t tenant = 0;
  };
  // A group that waits for its turn; the least is next.
  struct Turn {
    bool borrows = false;
    double share = 0;
    JobId first;
    uint32_t group = 0;

    auto operator<=>(const Turn&) const = default;
  };

  void Sort();
  uint64_t TurnOf(const WaitingJob& job) const;
  const WaitingJob& At(uint32_t place) const { return waiting_[order_[place]]; }
  bool ChooseGroup();
  void Enqueue(uint32_t group);

  std::span<const WaitingJob> waiting_;
  const QueuePolicy& queue_;
  const Tenants& tenants_;
  TimePoint now_;
  std::optional<Duration> mean_duration_;
  Duration due_after_;
  std::vector<uint32_t> order_;
  std::vector<Group> groups_;       // of the highest priority first
  uint32_t later_ = 0;              // groups of lower priorities begin here
  std::vector<Turn> turns_;         // of the groups of this priority, as a heap
  std::optional<uint32_t> chosen_;  // whose turn it is
  int64_t starts_then_ = 0;         // when it was chosen
};

}  // namespace headroom
