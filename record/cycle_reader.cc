#include "record/cycle_reader.h"

#include <fmt/format.h>

#include <utility>

#include "admission/json/policy_json.h"
#include "record/fields.h"

namespace headroom::record {
namespace {

tl::unexpected<Error> Damaged(const char* what) {
  return Fail(ErrorCode::kCorrupt, fmt::format("{}: its bytes are no such record", what));
}

bool IsWhole(const Reader& reader) { return !reader.failed() && reader.at_end(); }

void GetAmount(Reader& reader, std::optional<int64_t>& amount) {
  bool there = false;
  reader.Get(there);
  if (!there) return amount.reset();
  int64_t difference = 0;
  reader.Get(difference);
  amount = static_cast<int64_t>(static_cast<uint64_t>(amount.value_or(0)) +
                                static_cast<uint64_t>(difference));
}

void Get(Reader& entry, RecordedRunning& running) {
  entry(running.job, running.key, running.tenant, running.foreseen);
}
void Get(Reader& entry, RecordedWaiting& waiting) {
  entry(waiting.job, waiting.key, waiting.tenant, waiting.foreseen, waiting.declared);
}

// The changes of a list of jobs (recorder.cc).
template <class Entry>
void GetChanges(Reader& reader, std::map<JobId, Entry>& list) {
  std::vector<JobId> gone;
  std::vector<std::string> changed;
  reader(gone, changed);
  for (const JobId id : gone) {
    if (list.erase(id) == 0) return reader.Fail();
  }
  for (const std::string& bytes : changed) {
    Reader entry(bytes);
    Entry read;
    Get(entry, read);
    if (!IsWhole(entry)) return reader.Fail();
    Entry& kept = list[read.job.id];
    if constexpr (requires { read.job.observed; }) read.job.observed = kept.job.observed;
    kept = std::move(read);
  }
}

Ended GetEnded(Reader& reader) {
  bool remembered = false;
  reader.Get(remembered);
  if (!remembered) {
    JobId job;
    reader.Get(job);
    return job;
  }
  Remembered attempt;
  reader(attempt.key, attempt.tenant, attempt.past);
  return attempt;
}

void GetEnds(Reader& reader, std::vector<Ended>& all) {
  uint64_t count = 0;
  std::string bytes;
  reader(count, bytes);
  Reader ends(bytes);
  for (; count > 0 && !ends.failed(); --count) all.push_back(GetEnded(ends));
  if (!IsWhole(ends)) reader.Fail();
}

void GetPastUse(Reader& reader, std::optional<PastUse>& past_use) {
  bool is_new = false;
  reader.Get(is_new);
  if (is_new) reader.Get(past_use.emplace());
}

}  // namespace

Result<WallTime> TimeOf(const Frame& frame) {
  Reader reader(frame.payload);
  WallTime at{};
  reader.Get(at);
  if (frame.kind != Kind::kCycle || reader.failed()) return Damaged("cycle");
  return at;
}

Result<Record> CycleReader::Take(const Frame& frame) {
  switch (frame.kind) {
    case Kind::kBase:
      return TakeBase(frame.payload);
    case Kind::kCheckpoint:
      return TakeCheckpoint(frame.payload);
    case Kind::kCycle:
      return TakeCycle(frame.payload);
  }
  return Damaged("record");
}

Result<Record> CycleReader::TakeBase(std::string_view payload) {
  Reader reader(payload);
  uint64_t keys = 0;
  reader.Get(keys);
  Base base;
  for (; keys > 0 && !reader.failed(); --keys) {
    Base::OfKey& of_key = base.keys.emplace_back();
    reader(of_key.key, of_key.tenant, of_key.attempts);
  }
  if (!IsWhole(reader)) return Damaged("base");
  has_base_ = true;
  has_checkpoint_ = false;
  return base;
}

Result<Record> CycleReader::TakeCheckpoint(std::string_view payload) {
  if (!has_base_) return Fail(ErrorCode::kConflict, "checkpoint without the base before it");
  Reader reader(payload);
  uint64_t grown = 0;
  reader.Get(grown);
  Checkpoint checkpoint;
  for (; grown > 0 && !reader.failed(); --grown) {
    Checkpoint::OfJob& of_job = checkpoint.jobs.emplace_back();
    reader(of_job.job, of_job.key, of_job.growth);
  }
  if (!IsWhole(reader)) return Damaged("checkpoint");
  has_checkpoint_ = true;
  generation_ = -1;
  running_.clear();
  waiting_.clear();
  return checkpoint;
}

Result<Record> CycleReader::TakeCycle(std::string_view payload) {
  if (!has_base_) return Fail(ErrorCode::kConflict, "cycle without a base before it");
  Reader reader(payload);
  Cycle cycle;
  reader(cycle.at, cycle.snapshot, cycle.pool_default, cycle.capacity);
  GetPastUse(reader, cycle.past_use);
  GetEnds(reader, cycle.ends);
  if (reader.failed()) return Damaged("cycle");
  if (!has_checkpoint_) return cycle;
  if (Status taken = TakePolicy(reader, cycle); !taken) return tl::unexpected(taken.error());
  TakeRunning(reader);
  TakeWaiting(reader, cycle);
  reader(cycle.held_back, cycle.decided);
  if (!IsWhole(reader)) return Damaged("cycle");
  cycle.is_whole = true;
  return cycle;
}

Status CycleReader::TakePolicy(Reader& reader, Cycle& cycle) {
  bool is_new = false;
  reader(cycle.generation, is_new);
  generation_ = cycle.generation;
  if (is_new) {
    std::string text;
    reader.Get(text);
    auto policy = ParsePolicy(text);
    if (!std::holds_alternative<Policy>(policy)) return Damaged("policy");
    policies_[generation_] = std::get<Policy>(std::move(policy));
  }
  if (policies_.contains(generation_)) return {};
  return Fail(ErrorCode::kConflict, fmt::format("cycle of policy generation {}, which no record "
                                                "before it holds",
                                                generation_));
}

void CycleReader::TakeRunning(Reader& reader) {
  GetChanges(reader, running_);
  for (auto& [id, running] : running_) {
    GetAmount(reader, running.job.observed.memory_bytes);
    GetAmount(reader, running.job.observed.cpu_millis);
    GetAmount(reader, running.job.observed.pids);
  }
}

void CycleReader::TakeWaiting(Reader& reader, Cycle& cycle) {
  reader.Get(cycle.lists_anew);
  if (cycle.lists_anew) GetChanges(reader, waiting_);
}

}  // namespace headroom::record
