#include "simulator/recorded.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace headroom::sim {
namespace {

// So many pieces a growth is drawn with, each at the most that was seen in it.
constexpr int kPieces = 32;

double Seconds(WallTime::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// The boot clock's instant on the wall, as both stood in the cycle.
WallTime WallOf(TimePoint instant, const record::Cycle& cycle) {
  return cycle.at - std::chrono::duration_cast<WallTime::duration>(cycle.snapshot.now - instant);
}

std::vector<Knot> KnotsOf(const Growth& growth, Duration life, double peak) {
  std::vector<Knot> knots;
  for (int i = 0; i < kPieces; ++i) {
    const double use = growth.MostOver(life * i / kPieces, life * (i + 1) / kPieces).memory_bytes;
    knots.push_back({static_cast<double>(i) / kPieces, use / peak});
    knots.push_back({static_cast<double>(i + 1) / kPieces, use / peak});
  }
  return knots;
}

KnownAttempt KnownOf(const std::string& key, const std::string& tenant, const PastAttempt& past) {
  KnownAttempt known{key, tenant, {}};
  FinishedAttempt& attempt = known.attempt;
  attempt.duration = past.duration;
  attempt.peak_memory_bytes = std::llround(past.peak.memory_bytes);
  const Use mean = past.growth.MeanOver(Duration{}, past.duration);
  attempt.cpu_usec =
      std::llround(mean.cpu_millis * std::chrono::duration<double>(past.duration).count() * 1000);
  attempt.started = past.started;
  attempt.growth = past.growth;
  return known;
}

}  // namespace

Status Recording::Take(const record::Frame& frame) {
  const auto record = reader_.Take(frame);
  if (!record) return tl::unexpected(record.error());
  if (const auto* base = std::get_if<record::Base>(&*record)) TakeBase(*base);
  if (const auto* cycle = std::get_if<record::Cycle>(&*record); cycle && cycle->is_whole)
    TakeCycle(*cycle);
  return {};
}

// Until the first cycle that counts: later ones know what was learned since.
void Recording::TakeBase(const record::Base& base) {
  if (begins_) return;
  history_.clear();
  for (const record::Base::OfKey& of_key : base.keys) {
    for (const PastAttempt& past : of_key.attempts)
      history_.push_back(KnownOf(of_key.key, of_key.tenant, past));
  }
}

void Recording::TakeHistory(const record::Cycle& cycle) {
  for (const record::Ended& ended : cycle.ends) {
    if (const auto* attempt = std::get_if<record::Remembered>(&ended))
      history_.push_back(KnownOf(attempt->key, attempt->tenant, attempt->past));
  }
}

void Recording::TakeCycle(const record::Cycle& cycle) {
  if (!begins_) TakeHistory(cycle);
  if (cycle.at < since_) return;
  const bool is_first = !begins_;
  if (is_first) begins_ = cycle.at;
  ends_ = cycle.at;
  if (is_first || cycle.lists_anew) {
    for (const auto& [id, waiting] : reader_.waiting()) See(waiting, cycle);
  }
  for (const auto& [id, running] : reader_.running()) See(running, cycle);
  EndThose(cycle);
  if (!cycle.snapshot.host) return;
  capacity_ = cycle.snapshot.host->capacity;
  ++cycles_;
  unmanaged_memory_ += static_cast<double>(cycle.snapshot.host->unmanaged.memory_bytes);
  unmanaged_cpu_ += static_cast<double>(cycle.snapshot.host->unmanaged.cpu_millis);
}

void Recording::See(const record::RecordedWaiting& waiting, const record::Cycle& cycle) {
  const WallTime submitted = WallOf(waiting.job.submitted_at, cycle);
  if (submitted < since_) {
    ran_before_.insert(waiting.job.id);
    return;
  }
  if (jobs_.contains(waiting.job.id)) return;
  Job& job = jobs_[waiting.job.id];
  job.key = waiting.key;
  job.tenant = waiting.tenant;
  job.declared = waiting.declared;
  if (waiting.job.declares_duration) job.duration = waiting.job.duration;
  job.priority = waiting.job.priority;
  job.submitted = submitted;
}

void Recording::See(const record::RecordedRunning& running, const record::Cycle& cycle) {
  const auto found = jobs_.find(running.job.id);
  if (found == jobs_.end()) {
    ran_before_.insert(running.job.id);
    return;
  }
  Job& job = found->second;
  // Put back in line and started again: it is the last attempt that counts.
  if (job.admitted != running.job.admitted_at) {
    job.admitted = running.job.admitted_at;
    job.started = WallOf(*job.admitted, cycle);
    job.growth = {};
  }
  job.ended.reset();
  live_.insert(running.job.id);
  const ObservedUse& observed = running.job.observed;
  if (!observed.memory_bytes || !observed.cpu_millis) return;
  job.last = {static_cast<double>(*observed.memory_bytes),
              static_cast<double>(*observed.cpu_millis)};
  job.growth.Record(std::max(cycle.snapshot.now - *job.admitted, Duration{}), job.last);
}

void Recording::EndThose(const record::Cycle& cycle) {
  std::erase_if(live_, [&](JobId id) {
    if (reader_.running().contains(id)) return false;
    Job& job = jobs_.at(id);
    job.ended = cycle.at;
    job.growth.Record(std::max(cycle.snapshot.now - *job.admitted, Duration{}), job.last);
    return true;
  });
}

Result<RecordedDays> Recording::Finish() {
  if (!begins_) return Fail(ErrorCode::kNotFound, "the decision log has no cycle of that time");
  RecordedDays days{{"recorded", {}},
                    std::move(history_),
                    reader_.policy(),
                    capacity_,
                    {},
                    *begins_,
                    *ends_,
                    0,
                    std::ssize(ran_before_),
                    0,
                    0};
  if (cycles_ > 0) {
    days.unmanaged.memory_bytes = std::llround(unmanaged_memory_ / static_cast<double>(cycles_));
    days.unmanaged.cpu_millis = std::llround(unmanaged_cpu_ / static_cast<double>(cycles_));
  }
  for (auto& [id, job] : jobs_) {
    const bool waits = reader_.waiting().contains(id);
    if (!job.ended || waits) {
      ++(job.started || waits ? days.not_ended : days.never_ran);
      continue;
    }
    const Duration life = *job.ended - *job.started;
    const double peak = job.growth.MostOver(Duration{}, Duration::max()).memory_bytes;
    if (life <= Duration{} || peak < 1) {  // too short to be seen
      ++days.never_ran;
      continue;
    }
    days.mean_wait_seconds += Seconds(*job.started - job.submitted);
    SimJob played;
    played.key = std::move(job.key);
    played.tenant = std::move(job.tenant);
    played.priority = job.priority;
    played.declared = std::move(job.declared);
    played.declared_duration = job.duration;
    played.submitted = job.submitted - *begins_;
    played.runtime = life;
    played.peak_memory_bytes = std::llround(peak);
    // A job that waits for its disk uses next to nothing, which is not nothing.
    played.cpu_millis =
        std::max<int64_t>(std::llround(job.growth.MeanOver(Duration{}, life).cpu_millis), 1);
    played.growth = KnotsOf(job.growth, life, peak);
    days.workload.jobs.push_back(std::move(played));
  }
  std::ranges::stable_sort(days.workload.jobs, {}, &SimJob::submitted);
  if (!days.workload.jobs.empty())
    days.mean_wait_seconds /= static_cast<double>(days.workload.jobs.size());
  jobs_.clear();
  return days;
}

}  // namespace headroom::sim
