#include "admission/foresight.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "admission/draw.h"

namespace headroom {
namespace {

// A forecast is made anew when the job got older, or its use changed, by so much of what it was.
constexpr double kOlder = 0.04, kChanged = 0.08;
// A key is known after so many ends. Until then it may hold so much of the capacity, and so much
// more for each that has ended, in jobs of the size that the prior expects.
constexpr int64_t kKnownAfter = 32;
constexpr double kNewKeyShare = 0.075, kShareForEachEnd = 0.05;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void Foresight::Remember(std::string_view key, const FinishedAttempt& attempt) {
  auto finished = ToPast(attempt);
  if (key.empty() || !finished) return;
  KeyPast& past = pasts_[std::string(key)];
  past.Add(*std::move(finished));
  pasts_by_number_[KeyNumber(key)] = &past;
}

const KeyPast* Foresight::PastOf(uint64_t key) const {
  const auto found = pasts_by_number_.find(key);
  return found == pasts_by_number_.end() ? nullptr : found->second;
}

void Foresight::Look(TimePoint now, std::span<const Attempt> running, const Use& pool_default,
                     const Use& capacity) {
  capacity_ = capacity;
  std::vector<Shown> shown;
  ages_.clear();
  shown.reserve(running.size());
  for (const Attempt& attempt : running) {
    if (attempt.key.empty() || !attempt.observed.memory_bytes) continue;
    const Use use{static_cast<double>(*attempt.observed.memory_bytes),
                  static_cast<double>(attempt.observed.cpu_millis.value_or(0))};
    const Duration age = std::max(now - attempt.started, Duration(1));
    Followed& followed = followed_[attempt.job.value];
    followed.key = attempt.key;
    followed.growth.Record(age, use);
    shown.push_back({attempt.key, age, use});
    ages_[followed.key].push_back(age);
  }
  for (auto& [key, past] : pasts_) past.Weigh(AgesOf(key));
  prior_ = MakePrior(pasts_, shown, pool_default);
  auto next = shown.begin();
  for (const Attempt& attempt : running) {
    if (attempt.key.empty() || !attempt.observed.memory_bytes) continue;
    ForeseeRunning(followed_.at(attempt.job.value), attempt.job, *next++);
  }
  for (auto& [key, kept] : outlooks_) Renew(kept, key);
}

bool Foresight::IsStillGood(const Followed& followed, const Shown& shown) const {
  const int64_t finished = FinishedOf(shown.key);
  const bool learns = finished < kKnownAfter && finished != followed.finished_then;
  const double before = std::max(followed.observed_then.memory_bytes, 1.0);
  return followed.is_foreseen && !learns &&
         Seconds(shown.age) <= (1 + kOlder) * Seconds(followed.age_then) &&
         std::abs(shown.observed.memory_bytes - before) <= kChanged * before;
}

void Foresight::ForeseeRunning(Followed& followed, JobId job, const Shown& shown) const {
  if (IsStillGood(followed, shown)) return;
  followed.forecast = Foresee(job, shown, PastOf(shown.key), prior_);
  followed.is_foreseen = true;
  followed.age_then = shown.age;
  followed.observed_then = shown.observed;
  followed.finished_then = FinishedOf(shown.key);
}

const KeyPast* Foresight::PastOf(std::string_view key) const {
  const auto found = pasts_.find(key);
  return found == pasts_.end() ? nullptr : &found->second;
}

int64_t Foresight::FinishedOf(std::string_view key) const {
  const KeyPast* past = PastOf(key);
  return past == nullptr ? 0 : past->finished();
}

const Forecast* Foresight::OfRunning(JobId job) const {
  const auto found = followed_.find(job.value);
  return found == followed_.end() || !found->second.is_foreseen ? nullptr : &found->second.forecast;
}

const KeyOutlook* Foresight::OfNext(std::string_view key) {
  if (key.empty()) return nullptr;
  const auto known = outlooks_.find(key);
  if (known != outlooks_.end()) return &known->second.outlook;
  Kept& kept = outlooks_[std::string(key)];
  Renew(kept, key);
  return &kept.outlook;
}

KeyOutlook Foresight::OutlookOf(std::string_view key) const {
  Kept kept;
  Renew(kept, key);
  return std::move(kept.outlook);
}

void Foresight::Renew(Kept& kept, std::string_view key) const {
  kept.outlook.places = PlacesOf(key);
  if (IsStillGood(kept, key)) return;
  kept.outlook.forecast = Foresee({0}, {key, {}, {}}, PastOf(key), prior_);
  kept.finished = FinishedOf(key);
  kept.ages = AgesOf(key);
  kept.prior_mean = prior_.mean;
}

bool Foresight::IsStillGood(const Kept& kept, std::string_view key) const {
  const std::vector<Duration>& ages = AgesOf(key);
  if (kept.finished != FinishedOf(key) || kept.ages.size() != ages.size()) return false;
  for (std::size_t i = 0; i < ages.size(); ++i)
    if (Seconds(ages[i]) > (1 + kOlder) * Seconds(kept.ages[i]) || ages[i] < kept.ages[i])
      return false;
  return std::abs(prior_.mean.memory_bytes - kept.prior_mean.memory_bytes) <=
         kOlder * kept.prior_mean.memory_bytes;
}

const std::vector<Duration>& Foresight::AgesOf(std::string_view key) const {
  static const std::vector<Duration> kNone;
  const auto found = ages_.find(key);
  return found == ages_.end() ? kNone : found->second;
}

std::optional<int64_t> Foresight::PlacesOf(std::string_view key) const {
  const int64_t finished = FinishedOf(key);
  if (finished >= kKnownAfter || capacity_.memory_bytes <= 0) return std::nullopt;
  const double job = std::max(prior_.mean.memory_bytes / capacity_.memory_bytes, 1e-9);
  // 7.5 % holds three jobs of 2.5 %, whatever doubles say.
  const auto jobs_in = [job](double share) {
    return std::max(1.0, std::floor(share / job + 1e-6));
  };
  return static_cast<int64_t>(jobs_in(kNewKeyShare) +
                              jobs_in(kShareForEachEnd) * static_cast<double>(finished));
}

std::optional<Duration> Foresight::MeanDuration() const {
  Duration sum{};
  int64_t attempts = 0;
  for (const auto& [key, past] : pasts_) {
    sum += past.durations();
    attempts += std::ssize(past.attempts());
  }
  return attempts > 0 ? std::optional(sum / attempts) : std::nullopt;
}

const Growth* Foresight::GrowthOf(JobId job) const {
  const auto found = followed_.find(job.value);
  return found == followed_.end() ? nullptr : &found->second.growth;
}

}  // namespace headroom
