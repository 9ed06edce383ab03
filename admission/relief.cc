#include "admission/relief.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace headroom {
namespace {

std::size_t IndexOf(ReliefStep step) { return static_cast<std::size_t>(step); }

const RunningJob* Find(std::span<const RunningJob> running, JobId id) {
  const auto found = std::ranges::find(running, id, &RunningJob::id);
  return found == running.end() ? nullptr : &*found;
}

int64_t Overuse(const RunningJob& job) {
  return std::max<int64_t>(0, *job.observed.memory_bytes - job.request.memory_bytes);
}

// What is lost for each byte: seconds of its life. Infinite where nothing is freed.
double LossPerByte(const RunningJob& job, int64_t bytes, TimePoint now) {
  const double age = std::chrono::duration<double>(now - job.admitted_at).count();
  return std::max(age, 1.0) / static_cast<double>(std::max<int64_t>(bytes, 1));
}

class Pass {
 public:
  Pass(const Relief& before, const ReliefSigns& signs, std::span<const RunningJob> running,
       std::span<const ReliefRung> rungs, TimePoint now)
      : signs_(signs), running_(running), rungs_(rungs), now_(now), pass_{before, {}} {}

  ReliefPass Run() {
    Undo();
    std::erase_if(pass_.next.spared,
                  [&](const Relief::Spared& spared) { return spared.until <= now_; });
    for (const ReliefRung& rung : rungs_) Climb(rung);
    return std::move(pass_);
  }

 private:
  std::optional<ReliefEnd> EndOf(const ReliefInForce& step) const {
    if (Find(running_, step.job) == nullptr) return ReliefEnd::kJobEnded;
    if (std::ranges::find(rungs_, step.step, &ReliefRung::step) == rungs_.end())
      return ReliefEnd::kPolicy;
    if (signs_.gate_open) return ReliefEnd::kRecovered;
    if (now_ >= step.until) return ReliefEnd::kDeadline;
    return std::nullopt;
  }

  // The last that was taken goes first.
  void Undo() {
    std::vector<ReliefInForce> kept;
    for (const ReliefInForce& step : std::exchange(pass_.next.in_force, {})) {
      const auto end = EndOf(step);
      if (!end) {
        kept.push_back(step);
        continue;
      }
      pass_.moves.insert(pass_.moves.begin(), Move(step, end));
      if (end == ReliefEnd::kDeadline)
        pass_.next.spared.push_back({step.step, step.job, now_ + (step.until - step.since)});
    }
    pass_.next.in_force = std::move(kept);
  }

  ReliefMove Move(const ReliefInForce& step, std::optional<ReliefEnd> end) const {
    const RunningJob* job = Find(running_, step.job);
    return {step, end, signs_.pressure, job == nullptr ? std::nullopt : job->observed.memory_bytes};
  }

  void Climb(const ReliefRung& rung) {
    Relief::Rung& state = pass_.next.rungs[IndexOf(rung.step)];
    if (!signs_.pressure || *signs_.pressure < rung.above) return state.high_since.reset();
    if (!state.high_since) state.high_since = now_;
    const bool is_due = now_ - *state.high_since >= rung.after &&
                        (!state.taken_at || now_ - *state.taken_at >= rung.after);
    const RunningJob* victim = is_due ? VictimOf(rung.step) : nullptr;
    if (victim == nullptr) return;
    state.taken_at = now_;
    const ReliefInForce step{rung.step,
                             victim->id,
                             now_,
                             now_ + rung.undone_after,
                             *signs_.pressure,
                             *victim->observed.memory_bytes};
    pass_.next.in_force.push_back(step);
    pass_.moves.push_back(Move(step, std::nullopt));
  }

  // One job always goes on: what stops the last one relieves nobody.
  const RunningJob* VictimOf(ReliefStep step) const {
    std::vector<const RunningJob*> free;
    for (const RunningJob& job : running_)
      if (!IsUnder(step, job.id)) free.push_back(&job);
    if (free.size() < 2) return nullptr;
    std::erase_if(free, [&](const RunningJob* job) { return IsSpared(step, job->id); });
    return LeastLoss(free, now_);
  }

  // This step, or a harsher one, is in force on it.
  bool IsUnder(ReliefStep step, JobId job) const {
    return std::ranges::any_of(pass_.next.in_force, [&](const ReliefInForce& taken) {
      return taken.job == job && IndexOf(taken.step) >= IndexOf(step);
    });
  }

  bool IsSpared(ReliefStep step, JobId job) const {
    return std::ranges::any_of(pass_.next.spared, [&](const Relief::Spared& spared) {
      return spared.job == job && spared.step == step;
    });
  }

  const ReliefSigns& signs_;
  const std::span<const RunningJob> running_;
  const std::span<const ReliefRung> rungs_;
  const TimePoint now_;
  ReliefPass pass_;
};

}  // namespace

std::string_view ToString(ReliefEnd end) {
  switch (end) {
    case ReliefEnd::kDeadline:
      return "deadline";
    case ReliefEnd::kRecovered:
      return "recovered";
    case ReliefEnd::kPolicy:
      return "policy";
    case ReliefEnd::kJobEnded:
      return "job_ended";
    case ReliefEnd::kStopped:
      return "stopped";
  }
  return "deadline";
}

const RunningJob* LeastLoss(std::span<const RunningJob* const> candidates, TimePoint now) {
  const RunningJob* best = nullptr;
  std::pair<bool, double> least;
  for (const RunningJob* job : candidates) {
    if (!job->observed.memory_bytes) continue;
    const int64_t overuse = Overuse(*job);
    const int64_t bytes = overuse > 0 ? overuse : *job->observed.memory_bytes;
    const std::pair loss{overuse == 0, LossPerByte(*job, bytes, now)};
    if (best != nullptr && loss >= least) continue;
    best = job;
    least = loss;
  }
  return best;
}

ReliefPass NextRelief(const Relief& before, const ReliefSigns& signs,
                      std::span<const RunningJob> running, std::span<const ReliefRung> rungs,
                      TimePoint now) {
  return Pass(before, signs, running, rungs, now).Run();
}

}  // namespace headroom
