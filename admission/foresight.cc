#include "admission/foresight.h"

#include <algorithm>
#include <cmath>
#include <string>
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
constexpr std::size_t kUnseenOutlooks = 64;
constexpr double kNewKeyShare = 0.075, kShareForEachEnd = 0.05;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void Foresight::Remember(std::string_view key, std::string_view tenant,
                         const FinishedAttempt& attempt) {
  auto past = ToPast(attempt);
  if (key.empty() || !past) return;
  Remember(key, tenant, *std::move(past));
}

void Foresight::Remember(std::string_view key, std::string_view tenant, PastAttempt past) {
  KeyPast& of_key = pasts_[std::string(key)];
  attempts_ -= std::ssize(of_key.attempts());
  of_key.Add(std::move(past));
  of_key.set_tenant(tenant);
  attempts_ += std::ssize(of_key.attempts());
  pasts_by_number_[KeyNumber(key)] = &of_key;
  last_use_[std::string(key)] = ++uses_;
  while (std::ssize(pasts_) > kMostKeys || attempts_ > kMostAttempts) ForgetAKey();
}

// The one whose last attempt ended first.
void Foresight::ForgetAKey() {
  const auto oldest =
      std::ranges::min_element(last_use_, {}, [](const auto& of_key) { return of_key.second; });
  const auto past = pasts_.find(oldest->first);
  attempts_ -= std::ssize(past->second.attempts());
  pasts_by_number_.erase(KeyNumber(past->first));
  pasts_.erase(past);
  last_use_.erase(oldest);
}

const KeyPast* Foresight::PastOf(uint64_t key) const {
  const auto found = pasts_by_number_.find(key);
  return found == pasts_by_number_.end() ? nullptr : found->second;
}

std::vector<const Pasts::value_type*> Foresight::PastsByLastEnd() const {
  std::vector<const Pasts::value_type*> pasts;
  pasts.reserve(pasts_.size());
  for (const auto& past : pasts_) pasts.push_back(&past);
  std::ranges::sort(pasts, {}, [this](const auto* past) { return last_use_.at(past->first); });
  return pasts;
}

void Foresight::Follow(JobId job, std::string_view key, Growth growth) {
  Followed& followed = followed_[job.value];
  followed.key = key;
  followed.growth = std::move(growth);
}

void Foresight::ForgetForecasts() {
  for (auto& [job, followed] : followed_) followed.is_foreseen = false;
  outlooks_.clear();
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
    shown.push_back({attempt.key, age, use, attempt.tenant});
    ages_[followed.key].push_back(age);
  }
  for (auto& [key, past] : pasts_) past.Weigh(AgesOf(key));
  prior_ = MakePrior(pasts_, shown, pool_default);
  tenant_priors_ = MakeTenantPriors(pasts_, shown, pool_default, prior_);
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
  followed.forecast = Foresee(job, Drawn(shown), PastOf(shown.key), PriorOf(shown.tenant));
  followed.is_foreseen = true;
  followed.age_then = shown.age;
  followed.observed_then = shown.observed;
  followed.finished_then = FinishedOf(shown.key);
}

// Draws are a key's own once something of it has finished. Before that keys share some, so that it
// takes no room to look ahead for any number of them.
std::string_view Foresight::Unseen(std::string_view key) {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kUnseenOutlooks; ++i) names.push_back("\n" + std::to_string(i));
    return names;
  }();
  return kNames[Hashed(key) % kUnseenOutlooks];
}

Shown Foresight::Drawn(Shown shown) const {
  if (PastOf(shown.key) == nullptr) shown.key = Unseen(shown.key);
  return shown;
}

const Prior& Foresight::PriorOf(std::string_view tenant) const {
  const auto found = tenant_priors_.find(tenant);
  return found == tenant_priors_.end() ? prior_ : found->second;
}

std::optional<TenantHistory> Foresight::OfTenant(std::string_view tenant) const {
  const auto found = tenant_priors_.find(tenant);
  if (found == tenant_priors_.end()) return std::nullopt;
  const Prior& prior = found->second;
  return TenantHistory{prior.attempts, static_cast<int64_t>(std::ceil(prior.mean.memory_bytes)),
                       static_cast<int64_t>(std::ceil(prior.mean.cpu_millis))};
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

Foresight::Named Foresight::NameOf(std::string_view key, std::string_view tenant) const {
  const bool is_seen = PastOf(key) != nullptr;
  const bool is_tenant_seen = tenant_priors_.contains(tenant);
  return {std::string(is_seen ? key : Unseen(key)), std::string(is_tenant_seen ? tenant : "")};
}

const KeyOutlook* Foresight::OfNext(std::string_view key, std::string_view tenant) {
  if (key.empty()) return nullptr;
  Named name = NameOf(key, tenant);
  const auto known = outlooks_.find(name);
  if (known != outlooks_.end()) return &known->second.outlook;
  const auto made = outlooks_.emplace(std::move(name), Kept{}).first;
  Renew(made->second, made->first);
  return &made->second.outlook;
}

KeyOutlook Foresight::OutlookOf(std::string_view key, std::string_view tenant) const {
  Kept kept;
  Renew(kept, NameOf(key, tenant));
  return kept.outlook;
}

void Foresight::Renew(Kept& kept, const Named& name) const {
  const auto& [key, tenant] = name;
  const Prior& prior = PriorOf(tenant);
  kept.outlook.places = PlacesOf(key, prior);
  if (IsStillGood(kept, key, prior)) return;
  kept.outlook.forecast = Foresee({0}, {key, {}, {}}, PastOf(key), prior);
  kept.finished = FinishedOf(key);
  kept.ages = AgesOf(key);
  kept.prior_mean = prior.mean;
}

bool Foresight::IsStillGood(const Kept& kept, std::string_view key, const Prior& prior) const {
  const std::vector<Duration>& ages = AgesOf(key);
  if (kept.finished != FinishedOf(key) || kept.ages.size() != ages.size()) return false;
  for (std::size_t i = 0; i < ages.size(); ++i)
    if (Seconds(ages[i]) > (1 + kOlder) * Seconds(kept.ages[i]) || ages[i] < kept.ages[i])
      return false;
  return std::abs(prior.mean.memory_bytes - kept.prior_mean.memory_bytes) <=
         kOlder * kept.prior_mean.memory_bytes;
}

const std::vector<Duration>& Foresight::AgesOf(std::string_view key) const {
  static const std::vector<Duration> kNone;
  const auto found = ages_.find(key);
  return found == ages_.end() ? kNone : found->second;
}

std::optional<int64_t> Foresight::PlacesOf(std::string_view key, const Prior& prior) const {
  const int64_t finished = FinishedOf(key);
  if (finished >= kKnownAfter || capacity_.memory_bytes <= 0) return std::nullopt;
  const double job = std::max(prior.mean.memory_bytes / capacity_.memory_bytes, 1e-9);
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
