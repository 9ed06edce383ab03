#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

// prometheus-cpp's families with the two habits that ours share: series are addressed by their
// label values, in the order of the label names; and a value that is not known has no series.
namespace headroom {

using LabelNames = std::vector<std::string>;
using LabelValues = std::vector<std::string>;
using Series = std::map<LabelValues, double>;

double Seconds(Duration duration);

class Gauges {
 public:
  Gauges(prometheus::Registry& registry, const std::string& name, const std::string& help,
         LabelNames labels = {});

  // For a gauge without labels. Absent: not exported.
  void Set(std::optional<double> value);
  // These series and no others.
  void Replace(const Series& series);

 private:
  prometheus::Family<prometheus::Gauge>& family_;
  LabelNames labels_;
  std::map<LabelValues, prometheus::Gauge*> children_;
};

class Counters {
 public:
  // The series of `known` start at zero, or rate() and alerts would miss their first event.
  Counters(prometheus::Registry& registry, const std::string& name, const std::string& help,
           LabelNames labels = {}, const std::vector<LabelValues>& known = {});

  void Increment(const LabelValues& values = {});
  // Follows a total that somebody else keeps (the kernel, the store). Not exported until first
  // known; never falls: when the source starts anew, its new total is added (F54).
  void Follow(const LabelValues& values, std::optional<double> total);

 private:
  struct Child {
    prometheus::Counter* counter = nullptr;
    double followed = 0;
  };
  Child& At(const LabelValues& values);

  prometheus::Family<prometheus::Counter>& family_;
  LabelNames labels_;
  std::map<LabelValues, Child> children_;
};

class DurationHistogram {
 public:
  DurationHistogram(prometheus::Registry& registry, const std::string& name,
                    const std::string& help, const std::vector<double>& bounds);

  // A negative duration counts as zero (F26).
  void Observe(Duration duration);

 private:
  prometheus::Histogram& histogram_;
};

}  // namespace headroom
