#pragma once

#include <optional>
#include <vector>

#include "admission/decision.h"
#include "admission/job.h"
#include "admission/resources.h"
#include "base/clock.h"

// Who may pass the blocked head of the queue (EASY backfill: Lifka, "The ANL/IBM SP scheduling
// system", 1995). docs/decisions.md explains the rule with examples.
namespace headroom {

// What is free on both lines at one instant.
struct Lines {
  ResourceVector expected_free;
  ResourceVector peak_free;
};

// A charge that goes away when its job ends.
struct Ending {
  std::optional<TimePoint> at;  // absent: nobody knows
  ResourceVector expected_charge;
  ResourceVector peak_charge;
};

// What the blocked job waits for.
struct Head {
  JobId id;
  ResourceVector on_expected_line;  // its request; more where a dimension must leave its rest first
  ResourceVector on_peak_line;      // its request
  // It may also start once nothing of ours runs, if its request fits this: capacity − unmanaged.
  ResourceVector idle_room;
  bool alone = false;  // it starts only then
};

// The reservation of one pass's head, counted down as other jobs pass it.
class HeadGuard {
 public:
  // `endings` are those of all jobs that hold something, the ones admitted in this pass included.
  HeadGuard(const Head& head, const Lines& lines, std::vector<Ending> endings, TimePoint now);

  // Whether a job that fits both lines now may start without delaying the head: one that takes so
  // long and needs so much.
  bool MayPass(std::optional<Duration> duration, const ResourceVector& needs) const;
  // It does.
  void Pass(std::optional<Duration> duration, const ResourceVector& needs);

  // The head cannot start before, for another reason than what others hold.
  void PutOff(TimePoint opens_at);
  TimePoint opens_at() const { return now_ + opens_in_; }

  const HeadReservation& reservation() const { return reservation_; }

 private:
  bool EndsInTime(std::optional<Duration> duration) const;

  enum class Opening {
    kOnLines,   // once enough has ended for it to fit both lines
    kWhenIdle,  // once everything has ended
    kNever,     // not through ends of our jobs: what runs outside of them is in its way
  };

  TimePoint now_;
  // How long until the head can start at the earliest, should jobs without an end end at once.
  Duration opens_in_{};
  Opening opening_ = Opening::kNever;
  HeadReservation reservation_;
};

}  // namespace headroom
