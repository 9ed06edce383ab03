#include "daemon/decision_log.h"

#include <algorithm>

#include "admission/history.h"

namespace headroom {
namespace {

constexpr Duration kFlushEvery = std::chrono::seconds(10);
constexpr Duration kPruneEvery = std::chrono::seconds(60);
// At least so many spans are kept, so that one that goes leaves the others.
constexpr int64_t kSpans = 4;
// A base may be large, and whoever reads a little of it has to read a whole part.
constexpr std::size_t kMostPartBytes = 256 << 10;

record::Owner OwnerOf(const JobRecord* job) {
  return job == nullptr ? record::Owner()
                        : record::Owner{job->submission.key, job->submission.tenant};
}

}  // namespace

void DecisionLog::Begin(TimePoint now, const Retention& keep, Foresight& foresight,
                        std::span<const Foresight::Attempt> running, bool idle) {
  const bool enabled = keep.decision_bytes > 0 && !waits_for_room_;
  if (!enabled || !enabled_) recorder_.Lost();
  enabled_ = enabled;
  recorder_.set_span_bytes(keep.decision_bytes / kSpans);
  if (!enabled_ || (idle && recorder_.IsQuiet()) || !recorder_.Begins(now)) return;
  recorder_.Checkpoint(foresight, running);
  foresight.ForgetForecasts();
  book_.ForgetWaiting();
}

void DecisionLog::Note(const DecidedCycle& cycle) {
  if (!enabled_) return;
  for (record::Row& row : recorder_.Cycle(ViewOf(cycle))) {
    const bool joins = !rows_.empty() && row.kind == record::Kind::kCycle &&
                       rows_.back().kind == record::Kind::kCycle;
    if (joins)
      rows_.back().bytes += row.bytes;
    else
      rows_.push_back(std::move(row));
  }
}

record::CycleView DecisionLog::ViewOf(const DecidedCycle& cycle) const {
  record::CycleView view{.at = cycle.at,
                         .policy = cycle.policy,
                         .generation = cycle.generation,
                         .pool_default = cycle.pool_default,
                         .capacity = cycle.capacity,
                         .snapshot = cycle.snapshot,
                         .running_owners = {},
                         .waiting_version = book_.waiting_version(),
                         .waiting = {},
                         .held_back = {},
                         .decisions = cycle.decisions};
  for (const RunningJob& job : cycle.snapshot.running)
    view.running_owners.push_back(OwnerOf(book_.Find(job.id)));
  const auto& line = book_.LastWaiting();
  if (recorder_.Wants(view.waiting_version)) {
    for (const WaitingJob& job : line) {
      const JobRecord* known = book_.Find(job.id);
      view.waiting.push_back(
          {&job, OwnerOf(known), known == nullptr ? DeclaredRequest() : known->submission.request});
    }
  }
  if (cycle.candidates.size() < line.size()) {
    for (const WaitingJob& job : line) {
      if (!std::ranges::binary_search(cycle.candidates, job.id, {}, &WaitingJob::id))
        view.held_back.push_back(job.id);
    }
  }
  return view;
}

Status DecisionLog::Store(TimePoint now, WallTime at, const Retention& keep) {
  if (Status pruned = Prune(now, at, keep); !pruned) return pruned;
  if (rows_.empty()) return {};
  if (now - flushed_at_ < kFlushEvery && !book_.HasUncommitted()) return {};
  flushed_at_ = now;
  return Flush();
}

Status DecisionLog::Flush() {
  for (const record::Row& row : rows_) {
    for (std::size_t at = 0; at < row.bytes.size(); at += kMostPartBytes) {
      const bool begins = at == 0 && row.kind == record::Kind::kBase;
      if (Status kept = book_.Keep({row.at, begins, row.bytes.substr(at, kMostPartBytes)}); !kept)
        return kept;
    }
  }
  rows_.clear();
  return {};
}

void DecisionLog::Settle(bool committed) {
  waits_for_room_ = !committed;
  if (committed) return;
  recorder_.Lost();
  rows_.clear();
}

void DecisionLog::Remembered(const record::Owner& owner, const FinishedAttempt& attempt) {
  if (!enabled_) return;
  const auto past = ToPast(attempt);
  if (!owner.key.empty() && past) recorder_.Remembered(owner, *past);
}

void DecisionLog::Dropped(JobId job) {
  if (enabled_) recorder_.Dropped(job);
}

Status DecisionLog::Prune(TimePoint now, WallTime at, const Retention& keep) {
  if (now < prune_at_) return {};
  prune_at_ = now + kPruneEvery;
  const auto age = std::chrono::duration_cast<WallTime::duration>(keep.decision_age);
  return book_.PruneDecisions(keep.decision_bytes, at - age);
}

}  // namespace headroom
