#include "admission/growth.h"

#include <algorithm>

namespace headroom {
namespace {

template <class UseOver>
UseAhead InEachInterval(Duration age, UseOver use_over) {
  UseAhead ahead;
  for (std::size_t i = 0; i < kIntervals; ++i) {
    const Use use = use_over(age + IntervalStart(i), age + IntervalStart(i + 1));
    ahead.memory_bytes[i] = static_cast<float>(use.memory_bytes);
    ahead.cpu_millis[i] = static_cast<float>(use.cpu_millis);
  }
  return ahead;
}

}  // namespace

Use MaxOf(const Use& a, const Use& b) {
  return {std::max(a.memory_bytes, b.memory_bytes), std::max(a.cpu_millis, b.cpu_millis)};
}

void Growth::Bucket::Add(const Use& use) {
  sum.memory_bytes += use.memory_bytes;
  sum.cpu_millis += use.cpu_millis;
  most = MaxOf(most, use);
  samples += 1;
}

std::size_t Growth::IndexOf(Duration age) const {
  return static_cast<std::size_t>(std::max<int64_t>(0, age / width_));
}

// REQUIRES: there are buckets.
Growth::Range Growth::BucketsOf(Duration from, Duration to) const {
  const std::size_t last = std::min(IndexOf(to - Duration(1)), buckets_.size() - 1);
  return {std::min(IndexOf(from), last), last};
}

void Growth::JoinPairs() {
  std::vector<Bucket> joined((buckets_.size() + 1) / 2);
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    Bucket& into = joined[i / 2];
    into.sum.memory_bytes += buckets_[i].sum.memory_bytes;
    into.sum.cpu_millis += buckets_[i].sum.cpu_millis;
    into.most = MaxOf(into.most, buckets_[i].most);
    into.samples += buckets_[i].samples;
  }
  buckets_ = std::move(joined);
  width_ *= 2;
}

void Growth::Record(Duration age, const Use& use) {
  while (IndexOf(age) >= kMostBuckets) JoinPairs();
  if (buckets_.empty()) last_ = use;
  while (buckets_.size() <= IndexOf(age)) {
    buckets_.emplace_back();
    if (buckets_.size() <= IndexOf(age)) buckets_.back().Add(last_);
  }
  buckets_[IndexOf(age)].Add(use);
  end_ = std::max(end_, age);
  last_ = use;
}

Use Growth::MeanAt(Duration age) const {
  if (buckets_.empty()) return {};
  const Bucket& bucket = buckets_[std::min(IndexOf(age), buckets_.size() - 1)];
  return {bucket.sum.memory_bytes / bucket.samples, bucket.sum.cpu_millis / bucket.samples};
}

Use Growth::MeanOver(Duration from, Duration to) const {
  if (buckets_.empty() || from > end_) return {};
  const Range range = BucketsOf(from, to);
  Bucket all;
  for (std::size_t i = range.first; i <= range.last; ++i) {
    all.sum.memory_bytes += buckets_[i].sum.memory_bytes;
    all.sum.cpu_millis += buckets_[i].sum.cpu_millis;
    all.samples += buckets_[i].samples;
  }
  const auto length = static_cast<double>((to - from).count());
  const double alive = std::min(1.0, static_cast<double>((end_ - from).count()) / length);
  return {all.sum.memory_bytes / all.samples * alive, all.sum.cpu_millis / all.samples * alive};
}

Use Growth::MostOver(Duration from, Duration to) const {
  Use most;
  if (buckets_.empty() || from > end_) return most;
  const Range range = BucketsOf(from, to);
  for (std::size_t i = range.first; i <= range.last; ++i) most = MaxOf(most, buckets_[i].most);
  return most;
}

UseAhead Growth::MeanAhead(Duration age) const {
  return InEachInterval(age, [this](Duration from, Duration to) { return MeanOver(from, to); });
}

UseAhead Growth::MostAhead(Duration age) const {
  return InEachInterval(age, [this](Duration from, Duration to) { return MostOver(from, to); });
}

}  // namespace headroom
