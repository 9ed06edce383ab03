#include "record/recorder.h"

#include <algorithm>
#include <utility>

#include "admission/draw.h"
#include "admission/json/policy_json.h"
#include "record/fields.h"

namespace headroom::record {
namespace {

constexpr Duration kCheckpointEvery = std::chrono::minutes(10);
constexpr Duration kBaseEvery = std::chrono::hours(24);

// In the order in which they would be forgotten.
std::string BaseOf(const Foresight& foresight) {
  const auto pasts = foresight.PastsByLastEnd();
  Writer writer;
  writer.Put(uint64_t{pasts.size()});
  for (const Pasts::value_type* past : pasts)
    writer(past->first, past->second.tenant(), past->second.attempts());
  return writer.Take();
}

// The entries that are not in `last` as they are now, and the ids that are gone from it.
struct Changes {
  std::vector<const std::string*> changed;
  std::vector<JobId> gone;
};
Changes ChangesOf(const std::map<JobId, std::string>& last,
                  const std::map<JobId, std::string>& now) {
  Changes changes;
  for (const auto& [id, bytes] : now) {
    const auto before = last.find(id);
    if (before == last.end() || before->second != bytes) changes.changed.push_back(&bytes);
  }
  for (const auto& [id, bytes] : last) {
    if (!now.contains(id)) changes.gone.push_back(id);
  }
  return changes;
}

void Put(Writer& writer, const Changes& changes) {
  writer.Put(changes.gone);
  writer.Put(uint64_t{changes.changed.size()});
  for (const std::string* entry : changes.changed) writer.Put(*entry);
}

std::string EntryOf(const RunningJob& job, const Owner& owner) {
  Writer writer;
  writer(job, std::string(owner.key), std::string(owner.tenant), job.forecast != nullptr);
  return writer.Take();
}

std::string EntryOf(const WaitingView& waiting) {
  Writer writer;
  writer(*waiting.job, std::string(waiting.owner.key), std::string(waiting.owner.tenant),
         waiting.job->outlook != nullptr, waiting.declared);
  return writer.Take();
}

// Use changes little from one cycle to the next, so its difference takes fewer bytes.
void PutAmount(Writer& writer, const std::optional<int64_t>& now,
               const std::optional<int64_t>& before) {
  writer.Put(now.has_value());
  if (now)
    writer.Put(static_cast<int64_t>(static_cast<uint64_t>(*now) -
                                    static_cast<uint64_t>(before.value_or(0))));
}

}  // namespace

uint64_t HashOf(const Decisions& decisions) {
  Writer writer;
  writer.Put(decisions);
  return Hashed(std::string_view(writer.bytes()));
}

bool Recorder::Begins(TimePoint now) {
  return !checkpoint_at_ || now - *checkpoint_at_ >= kCheckpointEvery;
}

void Recorder::Checkpoint(const Foresight& foresight, std::span<const Foresight::Attempt> running) {
  before_.clear();
  Writer writer;
  std::vector<std::pair<const Foresight::Attempt*, const Growth*>> grown;
  for (const Foresight::Attempt& attempt : running) {
    if (const Growth* growth = foresight.GrowthOf(attempt.job))
      grown.emplace_back(&attempt, growth);
  }
  writer.Put(uint64_t{grown.size()});
  for (const auto& [attempt, growth] : grown)
    writer(attempt->job, std::string(attempt->key), *growth);
  before_.push_back({Kind::kCheckpoint, {}, Framed(Kind::kCheckpoint, writer.bytes())});
  if (!base_at_) {
    before_.insert(before_.begin(), {Kind::kBase, {}, Framed(Kind::kBase, BaseOf(foresight))});
    ends_ = {};  // the base has them
    ends_count_ = 0;
  }
  generation_ = waiting_version_ = -1;
  running_.clear();
  waiting_.clear();
  observed_.clear();
  past_use_.reset();
}

std::vector<Row> Recorder::Cycle(const CycleView& cycle) {
  const Snapshot& snapshot = cycle.snapshot;
  if (snapshot.running.empty() && cycle.waiting.empty() && IsQuiet()) return {};
  std::vector<Row> rows = std::exchange(before_, {});
  for (Row& row : rows) {
    row.at = cycle.at;
    if (row.kind == Kind::kBase) {
      base_at_ = snapshot.now;
      base_bytes_ = std::ssize(row.bytes);
    }
    if (row.kind == Kind::kCheckpoint) checkpoint_at_ = snapshot.now;
  }
  writer_ = {};
  writer_(cycle.at, snapshot, cycle.pool_default, cycle.capacity);
  PutPastUse(cycle);
  PutEnds();
  PutPolicy(cycle);
  PutRunning(cycle);
  PutWaiting(cycle);
  writer_.Put(HashOf(cycle.decisions));
  rows.push_back({Kind::kCycle, cycle.at, Framed(Kind::kCycle, writer_.bytes())});
  for (const Row& row : rows) bytes_ += row.kind == Kind::kBase ? 0 : std::ssize(row.bytes);
  if (bytes_ >= std::max(span_bytes_, base_bytes_) || snapshot.now - *base_at_ >= kBaseEvery)
    Lost();
  return rows;
}

void Recorder::Lost() {
  base_at_.reset();
  checkpoint_at_.reset();
  bytes_ = 0;
  before_.clear();
}

void Recorder::Remembered(const Owner& owner, const PastAttempt& past) {
  ends_(true, std::string(owner.key), std::string(owner.tenant), past);
  ++ends_count_;
}

void Recorder::Dropped(JobId job) {
  ends_(false, job);
  ++ends_count_;
}

// Mostly it is what the cycle before handed on, which a replay knows.
void Recorder::PutPastUse(const CycleView& cycle) {
  const bool is_new = past_use_ != cycle.snapshot.past_use;
  writer_.Put(is_new);
  if (is_new) writer_.Put(cycle.snapshot.past_use);
  past_use_ = cycle.decisions.past_use;
}

void Recorder::PutEnds() {
  writer_.Put(std::exchange(ends_count_, 0));
  writer_.Put(std::exchange(ends_, {}).Take());
}

void Recorder::PutPolicy(const CycleView& cycle) {
  const bool is_new = std::exchange(generation_, cycle.generation) != cycle.generation;
  writer_(cycle.generation, is_new);
  if (is_new) writer_.Put(PolicyToJson(cycle.policy));
}

void Recorder::PutRunning(const CycleView& cycle) {
  std::map<JobId, std::string> running;
  for (std::size_t i = 0; i < cycle.snapshot.running.size(); ++i) {
    const RunningJob& job = cycle.snapshot.running[i];
    running.emplace(job.id, EntryOf(job, cycle.running_owners[i]));
  }
  record::Put(writer_, ChangesOf(running_, running));
  running_ = std::move(running);
  std::map<JobId, ObservedUse> observed;
  for (const RunningJob& job : cycle.snapshot.running) {
    const ObservedUse& before = observed_[job.id];
    PutAmount(writer_, job.observed.memory_bytes, before.memory_bytes);
    PutAmount(writer_, job.observed.cpu_millis, before.cpu_millis);
    PutAmount(writer_, job.observed.pids, before.pids);
    observed[job.id] = job.observed;
  }
  observed_ = std::move(observed);
}

void Recorder::PutWaiting(const CycleView& cycle) {
  const bool anew = Wants(cycle.waiting_version);
  waiting_version_ = cycle.waiting_version;
  writer_.Put(anew);
  if (anew) {
    std::map<JobId, std::string> waiting;
    for (const WaitingView& one : cycle.waiting) waiting.emplace(one.job->id, EntryOf(one));
    record::Put(writer_, ChangesOf(waiting_, waiting));
    waiting_ = std::move(waiting);
  }
  writer_.Put(cycle.held_back);
}

}  // namespace headroom::record
