#include "simulator/foresight.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <unordered_map>

#include "admission/forecast.h"

namespace headroom::sim {
namespace {

constexpr double kTarget = 0.60, kCeiling = 0.90;
constexpr double kRisk = 0.10;          // the share of futures that may pass the ceiling
constexpr double kObservedMost = 0.85;  // nothing starts above it, whatever is foreseen
constexpr double kPoolDefault = 0.025;
// Slow start of a key that is not known yet: so much of capacity at first, and so much more for
// each that has finished.
constexpr double kUnseenShare = 0.075, kShareForEachFinished = 0.05;
constexpr int64_t kKnownAfter = 32;
// The expected line looks this far ahead, in mean durations.
constexpr double kHorizon = 0.3;
constexpr double kLeastTrim = -0.10, kMostTrim = 0.25;
// A forecast is made anew when the job got older, or its use changed, by so much.
constexpr double kOlder = 0.04, kChanged = 0.08;

enum class Fit { kFits, kOverTarget, kOverCeiling };

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

class Foreseer final : public Scheduler {
 public:
  Foreseer(const Workload& workload, const ResourceVector& capacity)
      : workload_(workload),
        capacity_{static_cast<double>(capacity.memory_bytes),
                  static_cast<double>(capacity.cpu_millis)} {}

  std::vector<JobIndex> Starts(Duration now, const Host& host,
                               const std::vector<JobIndex>& waiting) override {
    Look(now, host);
    const std::vector<JobIndex> starts = StartsOf(waiting);
    Trim(now);
    return starts;
  }

  void OnEnd(Duration now, const Ended& ended) override {
    const JobIndex job = ended.run.job;
    PastAttempt past{now - ended.run.started,
                     {static_cast<double>(ended.run.peak_memory_bytes),
                      static_cast<double>(workload_.jobs[job].cpu_millis)},
                     std::move(running_[job].growth)};
    past.growth.Record(past.duration, past.peak);
    durations_ += past.duration;
    ++finished_;
    pasts_[workload_.jobs[job].key].Add(std::move(past));
    running_.erase(job);
  }

 private:
  struct Followed {
    Growth growth;
    Forecast forecast;
    Shown foreseen;  // what it had shown when the forecast was made
    int64_t finished_then = -1;
  };

  std::string_view KeyOf(JobIndex job) const { return workload_.jobs[job].key; }
  const KeyPast* PastOf(std::string_view key) const {
    const auto found = pasts_.find(key);
    return found == pasts_.end() ? nullptr : &found->second;
  }
  static JobId IdOf(JobIndex job) { return {static_cast<int64_t>(job) + 1}; }
  Duration MeanDuration() const {
    return finished_ > 0 ? durations_ / finished_ : Duration(std::chrono::minutes(1));
  }

  void Look(Duration now, const Host& host) {
    std::vector<Shown> shown;
    std::map<std::string_view, std::vector<Duration>> ages;
    observed_ = {};
    running_of_.clear();
    for (const Running& run : host.running()) {
      const Shown& seen = shown.emplace_back(Shown{KeyOf(run.job),
                                                   std::max(now - run.started, Duration(1)),
                                                   {static_cast<double>(host.ObservedMemoryOf(run)),
                                                    static_cast<double>(host.Of(run).cpu_millis)}});
      running_[run.job].growth.Record(seen.age, seen.observed);
      ages[seen.key].push_back(seen.age);
      observed_.memory_bytes += seen.observed.memory_bytes;
      ++running_of_[seen.key];
    }
    for (auto& [key, past] : pasts_) past.Weigh(ages[key]);
    prior_ =
        MakePrior(pasts_, shown,
                  {kPoolDefault * capacity_.memory_bytes, kPoolDefault * capacity_.cpu_millis});
    sum_ = {};
    for (std::size_t i = 0; i < shown.size(); ++i)
      sum_ += ForecastOf(host.running()[i].job, shown[i]);
    count_ = shown.size();
  }

  const Forecast& ForecastOf(JobIndex job, const Shown& shown) {
    Followed& followed = running_[job];
    const KeyPast* past = PastOf(shown.key);
    const int64_t finished = past == nullptr ? 0 : past->finished();
    const bool thin = finished < kKnownAfter && finished != followed.finished_then;
    const double before = std::max(followed.foreseen.observed.memory_bytes, 1.0);
    const bool stale = followed.finished_then < 0 || thin ||
                       Seconds(shown.age) > (1 + kOlder) * Seconds(followed.foreseen.age) ||
                       std::abs(shown.observed.memory_bytes - before) > kChanged * before;
    if (!stale) return followed.forecast;
    followed.foreseen = shown;
    followed.finished_then = finished;
    return followed.forecast = Foresee(IdOf(job), shown, past, prior_);
  }

  std::vector<JobIndex> StartsOf(const std::vector<JobIndex>& waiting) {
    std::vector<JobIndex> starts;
    std::set<std::string_view> blocked;  // what is known of a key is the same for all its jobs
    blocked_by_ = {};
    for (const JobIndex job : waiting) {
      const std::string_view key = KeyOf(job);
      if (blocked.contains(key)) continue;
      const Forecast forecast = Foresee(IdOf(job), {key, {}, {}}, PastOf(key), prior_);
      const Fit fit = count_ == 0 ? Fit::kFits : FitOf(key, forecast);
      if (fit != Fit::kFits) {
        blocked.insert(key);
        if (!blocked_by_ || fit == Fit::kOverCeiling) blocked_by_ = fit;
        continue;
      }
      sum_ += forecast;
      ++running_of_[key];
      ++count_;
      starts.push_back(job);
    }
    return starts;
  }

  Fit FitOf(std::string_view key, const Forecast& forecast) const {
    if (IsColdAndBusy(key) || observed_.memory_bytes > kObservedMost * capacity_.memory_bytes)
      return Fit::kOverCeiling;
    const auto over = std::ranges::count_if(Numbers(), [&](std::size_t i) {
      return PassesCeiling(sum_.futures[i], forecast.futures[i]);
    });
    if (static_cast<double>(over) > kRisk * kFutures) return Fit::kOverCeiling;
    return PassesTarget(forecast.expected) ? Fit::kOverTarget : Fit::kFits;
  }

  bool IsColdAndBusy(std::string_view key) const {
    const KeyPast* past = PastOf(key);
    const int64_t finished = past == nullptr ? 0 : past->finished();
    if (finished >= kKnownAfter) return false;
    const double job = std::max(prior_.mean.memory_bytes / capacity_.memory_bytes, kPoolDefault);
    const double first = std::max(1.0, std::floor(kUnseenShare / job));
    const double more = std::max(1.0, std::floor(kShareForEachFinished / job));
    const auto running = running_of_.find(key);
    return running != running_of_.end() &&
           static_cast<double>(running->second) >= first + more * static_cast<double>(finished);
  }

  static const std::array<std::size_t, kFutures>& Numbers() {
    static const auto numbers = [] {
      std::array<std::size_t, kFutures> all{};
      for (std::size_t i = 0; i < kFutures; ++i) all[i] = i;
      return all;
    }();
    return numbers;
  }

  bool PassesCeiling(const UseAhead& sum, const UseAhead& added) const {
    const auto memory = static_cast<float>(kCeiling * capacity_.memory_bytes);
    const auto cpu = static_cast<float>(kCeiling * capacity_.cpu_millis);
    for (std::size_t i = 0; i < kIntervals; ++i) {
      if (sum.memory_bytes[i] + added.memory_bytes[i] > memory ||
          sum.cpu_millis[i] + added.cpu_millis[i] > cpu)
        return true;
    }
    return false;
  }

  bool PassesTarget(const UseAhead& added) const {
    const double horizon = kHorizon * Seconds(MeanDuration());
    double memory = 0, cpu = 0, seconds = 0;
    for (std::size_t i = 0; i < kIntervals; ++i) {
      const double from = Seconds(IntervalStart(i));
      if (i > 0 && from >= horizon) break;
      const double to = std::max(from + 0.001, std::min(horizon, Seconds(IntervalStart(i + 1))));
      memory += (to - from) * (sum_.expected.memory_bytes[i] + added.memory_bytes[i]);
      cpu += (to - from) * (sum_.expected.cpu_millis[i] + added.cpu_millis[i]);
      seconds += to - from;
    }
    return memory / seconds > (kTarget + trim_) * capacity_.memory_bytes ||
           cpu / seconds > kTarget * capacity_.cpu_millis;
  }

  // Forecasts are biased where growth is invented; the trim takes out what is left. It stands still
  // while something else than the target holds jobs back (anti-windup), and then only falls.
  void Trim(Duration now) {
    const double passed = Seconds(now - looked_at_);
    looked_at_ = now;
    if (!blocked_by_) return;
    const double step = (kTarget - observed_.memory_bytes / capacity_.memory_bytes) * passed /
                        (2 * Seconds(MeanDuration()));
    const bool frozen = *blocked_by_ == Fit::kOverCeiling && (step > 0 || trim_ <= 0);
    if (!frozen) trim_ = std::clamp(trim_ + step, kLeastTrim, kMostTrim);
  }

  const Workload& workload_;
  const Use capacity_;
  std::unordered_map<JobIndex, Followed> running_;
  Pasts pasts_;
  Duration durations_{}, looked_at_{};
  int64_t finished_ = 0;
  double trim_ = 0;
  // Of the pass:
  Prior prior_;
  Forecast sum_;  // of all that runs or starts
  Use observed_;
  std::map<std::string_view, int64_t> running_of_;
  std::size_t count_ = 0;
  std::optional<Fit> blocked_by_;
};

}  // namespace

std::unique_ptr<Scheduler> Foresight(const Workload& workload, const ResourceVector& capacity) {
  return std::make_unique<Foreseer>(workload, capacity);
}

}  // namespace headroom::sim
