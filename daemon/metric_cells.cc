#include "daemon/metric_cells.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace headroom {
namespace {

prometheus::Labels Pair(const LabelNames& names, const LabelValues& values) {
  assert(names.size() == values.size());
  prometheus::Labels labels;
  for (std::size_t i = 0; i < names.size(); ++i) labels.emplace(names[i], values[i]);
  return labels;
}

}  // namespace

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Gauges::Gauges(prometheus::Registry& registry, const std::string& name, const std::string& help,
               LabelNames labels)
    : family_(prometheus::BuildGauge().Name(name).Help(help).Register(registry)),
      labels_(std::move(labels)) {}

void Gauges::Set(std::optional<double> value) {
  Replace(value ? Series{{LabelValues{}, *value}} : Series{});
}

void Gauges::Replace(const Series& series) {
  std::erase_if(children_, [&](const auto& child) {
    if (series.contains(child.first)) return false;
    family_.Remove(child.second);
    return true;
  });
  for (const auto& [values, value] : series) {
    prometheus::Gauge*& child = children_[values];
    if (child == nullptr) child = &family_.Add(Pair(labels_, values));
    child->Set(value);
  }
}

Counters::Counters(prometheus::Registry& registry, const std::string& name, const std::string& help,
                   LabelNames labels, const std::vector<LabelValues>& known)
    : family_(prometheus::BuildCounter().Name(name).Help(help).Register(registry)),
      labels_(std::move(labels)) {
  for (const LabelValues& values : known) At(values);
}

Counters::Child& Counters::At(const LabelValues& values) {
  Child& child = children_[values];
  if (child.counter == nullptr) child.counter = &family_.Add(Pair(labels_, values));
  return child;
}

void Counters::Increment(const LabelValues& values) { At(values).counter->Increment(); }

void Counters::Follow(const LabelValues& values, std::optional<double> total) {
  if (!total) return;
  Child& child = At(values);
  child.counter->Increment(*total < child.followed ? *total : *total - child.followed);
  child.followed = *total;
}

DurationHistogram::DurationHistogram(prometheus::Registry& registry, const std::string& name,
                                     const std::string& help, const std::vector<double>& bounds)
    : histogram_(
          prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, bounds)) {}

void DurationHistogram::Observe(Duration duration) {
  histogram_.Observe(Seconds(std::max(duration, Duration::zero())));
}

}  // namespace headroom
