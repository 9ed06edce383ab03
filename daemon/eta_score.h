#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "admission/plan.h"
#include "base/clock.h"

// What was foretold of each job first, kept until it starts, and held against its real start. Pure.
namespace headroom {

enum class EtaFell { kEarly, kInside, kLate };  // of the band: before p50, within, after p90

const char* ToString(EtaFell fell);  // "early", "inside", "late"

struct ScoredEta {
  Duration error{};  // from the expected start (p50) to the real one; above zero: it was later
  EtaFell fell = EtaFell::kInside;

  bool operator==(const ScoredEta&) const = default;
};

// Not safe for concurrent use; belongs to whoever plans. Lost with the process.
class EtaScore {
 public:
  // Takes down what the plan expects of jobs of which nothing was foretold before.
  void Remember(const Plan& plan);
  // The jobs that this pass starts.
  std::vector<ScoredEta> Started(const Decisions& decisions, TimePoint now);
  // Jobs that nobody waits for any more.
  template <class IsGone>
  void Forget(IsGone is_gone) {
    std::erase_if(foretold_, [&](const auto& job) { return is_gone(job.first); });
  }

  bool Knows(JobId job) const { return foretold_.contains(job); }
  std::size_t size() const { return foretold_.size(); }

 private:
  struct Band {
    TimePoint p50{};
    std::optional<TimePoint> p90;  // absent: no end
  };
  std::map<JobId, Band> foretold_;
};

}  // namespace headroom
