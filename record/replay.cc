#include "record/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "admission/decide.h"
#include "base/units.h"
#include "record/cycle.h"

namespace headroom::record {

Result<std::optional<Played>> Replay::Take(const Frame& frame) {
  auto record = reader_.Take(frame);
  if (!record) return tl::unexpected(record.error());
  if (auto* cycle = std::get_if<Cycle>(&*record)) return Decided(std::move(*cycle));
  if (auto* base = std::get_if<Base>(&*record)) Begin(std::move(*base));
  if (auto* checkpoint = std::get_if<Checkpoint>(&*record)) GoOnFrom(std::move(*checkpoint));
  return std::nullopt;
}

void Replay::Begin(Base base) {
  foresight_ = {};
  for (Base::OfKey& of_key : base.keys) {
    for (PastAttempt& attempt : of_key.attempts)
      foresight_.Remember(of_key.key, of_key.tenant, std::move(attempt));
  }
}

// What it says is where a running replay stands as well, but for what was forgotten.
void Replay::GoOnFrom(Checkpoint checkpoint) {
  foresight_.ForgetForecasts();
  outlooks_.clear();
  for (Checkpoint::OfJob& grown : checkpoint.jobs)
    foresight_.Follow(grown.job, grown.key, std::move(grown.growth));
}

Result<std::optional<Played>> Replay::Decided(Cycle cycle) {
  TakeUp(std::move(cycle.ends));
  if (!cycle.is_whole) return std::nullopt;
  Played played{cycle.at, cycle.generation, cycle.snapshot, {}, cycle.held_back, {}};
  played.snapshot.past_use = cycle.past_use.value_or(past_use_);
  Look(cycle, played.snapshot);
  played.waiting = Shown(cycle);
  played.decisions = Decide(played.snapshot, played.waiting, policy());
  if (HashOf(played.decisions) != cycle.decided)
    return Fail(ErrorCode::kConflict,
                fmt::format("the cycle of {} comes out other than it was decided: was it decided "
                            "by another version?",
                            FormatWallTime(cycle.at)));
  past_use_ = played.decisions.past_use;
  return played;
}

void Replay::TakeUp(std::vector<Ended> ends) {
  for (Ended& ended : ends) {
    if (auto* attempt = std::get_if<Remembered>(&ended))
      foresight_.Remember(attempt->key, attempt->tenant, std::move(attempt->past));
    else
      foresight_.Drop(std::get<JobId>(ended));
  }
}

void Replay::Look(const Cycle& cycle, Snapshot& snapshot) {
  std::vector<Foresight::Attempt> attempts;
  for (const auto& [id, running] : reader_.running())
    attempts.push_back(
        {id, running.key, running.tenant, running.job.admitted_at, running.job.observed});
  foresight_.Look(snapshot.now, attempts, cycle.pool_default, cycle.capacity);
  snapshot.mean_duration = foresight_.MeanDuration();
  for (const auto& [id, running] : reader_.running()) {
    snapshot.running.push_back(running.job);
    if (running.foreseen) snapshot.running.back().forecast = foresight_.OfRunning(id);
  }
}

// An outlook is a list's own: what a key becomes later is seen when a list is made anew.
std::vector<WaitingJob> Replay::Shown(const Cycle& cycle) {
  if (cycle.lists_anew) {
    foresight_.ForgetOutlooks();
    outlooks_.clear();
    for (const auto& [id, waiting] : reader_.waiting())
      outlooks_[id] = waiting.foreseen ? foresight_.OfNext(waiting.key, waiting.tenant) : nullptr;
  }
  std::vector<WaitingJob> shown;
  for (const auto& [id, waiting] : reader_.waiting()) {
    if (std::ranges::find(cycle.held_back, id) != cycle.held_back.end()) continue;
    shown.push_back(waiting.job);
    shown.back().outlook = outlooks_.at(id);
  }
  return shown;
}

namespace {

struct Stretch {
  std::vector<Frame> frames;
  std::size_t last_checkpoint = 0;
};

// Of the last span that begins before `at`.
Result<Stretch> StretchUntil(std::string_view bytes, WallTime at) {
  Stretch stretch;
  while (!bytes.empty()) {
    const auto frame = TakeFrame(bytes);
    if (!frame) return tl::unexpected(frame.error());
    if (frame->kind == Kind::kCycle) {
      const auto time = TimeOf(*frame);
      if (!time) return tl::unexpected(time.error());
      if (*time > at) break;
    }
    if (frame->kind == Kind::kBase) stretch = {};
    if (frame->kind == Kind::kCheckpoint) stretch.last_checkpoint = stretch.frames.size();
    stretch.frames.push_back(*frame);
  }
  return stretch;
}

}  // namespace

Result<Played> PlayUntil(std::string_view bytes, WallTime at, Replay& replay) {
  const auto stretch = StretchUntil(bytes, at);
  if (!stretch) return tl::unexpected(stretch.error());
  std::optional<Played> last;
  for (std::size_t i = 0; i < stretch->frames.size(); ++i) {
    const Frame& frame = stretch->frames[i];
    if (frame.kind == Kind::kCheckpoint && i != stretch->last_checkpoint) continue;
    auto played = replay.Take(frame);
    if (!played) return tl::unexpected(played.error());
    if (*played) last = *std::move(*played);
  }
  if (last) return *std::move(last);
  return Fail(ErrorCode::kNotFound,
              fmt::format("no decision is kept from {} or before", FormatWallTime(at)));
}

}  // namespace headroom::record
