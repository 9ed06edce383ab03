#include "collectors/collector.h"

#include <cerrno>
#include <map>
#include <span>

#include "collectors/capacity.h"
#include "collectors/cgroup_reader.h"
#include "collectors/failures.h"
#include "collectors/host_reader.h"

namespace headroom {
namespace {

class KernelCollector final : public Collector {
 public:
  KernelCollector(const CgroupLayout& layout, const Clock& clock)
      : layout_(layout),
        clock_(clock),
        roots_(CgroupRoots(layout_.mounts)),
        host_(layout_.proc),
        capacity_(layout_, roots_),
        pool_(layout_.mounts.mode, roots_, layout_.Pool(), Source::kPool) {}

  void Track(const std::vector<std::string>& attempts) override;
  Measurements Measure() override;
  void MeasureInto(Measurements& into) override;

 private:
  struct Tracked {
    CgroupReader reader;
    uint64_t round;  // of the last Track() that named it
  };

  void MeasurePool(CgroupSample& into, FailureLog& failures);
  void MeasureAttempts(std::map<std::string, CgroupSample>& into, FailureLog& failures);

  const CgroupLayout layout_;
  const Clock& clock_;
  const std::vector<std::string> roots_;
  ReadBuffer buffer_;
  HostReader host_;
  CapacityReader capacity_;
  CgroupReader pool_;
  std::map<std::string, Tracked> attempts_;
  uint64_t round_ = 0;
};

void KernelCollector::Track(const std::vector<std::string>& attempts) {
  ++round_;
  for (const std::string& name : attempts) {
    const auto found = attempts_.find(name);
    if (found != attempts_.end()) {
      found->second.round = round_;
      continue;
    }
    CgroupReader reader(layout_.mounts.mode, roots_, layout_.Attempt(name), Source::kJob);
    attempts_.emplace(name, Tracked{std::move(reader), round_});
  }
  std::erase_if(attempts_, [this](const auto& item) { return item.second.round != round_; });
}

Measurements KernelCollector::Measure() {
  Measurements measured;
  MeasureInto(measured);
  return measured;
}

void KernelCollector::MeasureInto(Measurements& into) {
  into.failures.clear();
  FailureLog failures(into.failures);
  into.started_at = clock_.Now();
  host_.Read(clock_, buffer_, into.host, failures);
  MeasurePool(into.pool, failures);
  MeasureAttempts(into.attempts, failures);
  capacity_.Read(clock_, into.host, into.pool, buffer_, into.capacity, failures);
  failures.Finish();
  into.finished_at = clock_.Now();
}

void KernelCollector::MeasurePool(CgroupSample& into, FailureLog& failures) {
  if (pool_.Read(clock_, buffer_, into, failures) != Outcome::kGone) return;
  into = CgroupSample{};
  failures.Add(Source::kPool, "/" + layout_.Pool(),
               {ErrorCode::kNotFound, "the cgroup is not there", ENOENT});
}

// Both maps are in the order of names: one walk through both finds what is already there.
void KernelCollector::MeasureAttempts(std::map<std::string, CgroupSample>& into,
                                      FailureLog& failures) {
  auto slot = into.begin();
  for (auto& [name, tracked] : attempts_) {
    while (slot != into.end() && slot->first < name) slot = into.erase(slot);
    if (slot == into.end() || slot->first != name) {
      slot = into.emplace_hint(slot, name, CgroupSample{});
    }
    const Outcome outcome = tracked.reader.Read(clock_, buffer_, slot->second, failures);
    slot = outcome == Outcome::kGone ? into.erase(slot) : std::next(slot);
  }
  into.erase(slot, into.end());
}

}  // namespace

std::unique_ptr<Collector> MakeCollector(const CgroupLayout& layout, const Clock& clock) {
  return std::make_unique<KernelCollector>(layout, clock);
}

}  // namespace headroom
