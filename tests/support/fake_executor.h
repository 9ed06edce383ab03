#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "executor/native_executor.h"

// Records what it was told; attempts run until the test ends them. Outlives the daemon under test,
// as the real jobs do, so that a second daemon can adopt them.
namespace headroom {

class FakeExecutor final : public NativeExecutor {
 public:
  std::vector<AttemptSpec> launched;
  std::set<AttemptId> running;
  std::set<AttemptId> killed;
  std::vector<AttemptId> forgotten;
  std::vector<AttemptId> discarded;
  std::map<AttemptId, AttemptControls> controls;
  std::optional<Error> refuse_launch, refuse_control;
  bool can_throttle = true;
  int strangers_removed = 0;

  void End(const AttemptId& id, Outcome outcome, OomCause oom = OomCause::kNone,
           AttemptUsage usage = {}, TimePoint at = {}) {
    AttemptEnd end;
    end.started_at = end.ended_at = at;
    end.id = id;
    end.outcome = std::move(outcome);
    end.oom = oom;
    end.usage = usage;
    running.erase(id);
    records_[id] = end;
    ended_.push_back(id);
  }

  void EndedAt(const AttemptId& id, TimePoint at) { records_.at(id).ended_at = at; }

  Status Launch(const AttemptSpec& spec) override {
    if (refuse_launch) return tl::unexpected(*refuse_launch);
    launched.push_back(spec);
    running.insert(spec.id);
    return {};
  }
  Status Kill(const AttemptId& id) override {
    killed.insert(id);
    return {};
  }
  Status Control(const AttemptId& id, const AttemptControls& wanted) override {
    if (refuse_control) return tl::unexpected(*refuse_control);
    controls[id] = wanted;
    return {};
  }
  bool CanThrottle() const override { return can_throttle; }
  std::vector<AttemptEnd> Reap() override {
    std::vector<AttemptEnd> ends;
    for (const AttemptId& id : std::exchange(ended_, {})) ends.push_back(records_.at(id));
    return ends;
  }
  void Forget(const AttemptId& id) override {
    forgotten.push_back(id);
    records_.erase(id);
  }
  void Discard(const AttemptId& id) override { discarded.push_back(id); }
  Result<Recovered> Recover(const AttemptId& id) override {
    if (running.contains(id)) return Recovered::kAdopted;
    if (!records_.contains(id)) return Recovered::kNeverRan;
    if (std::ranges::find(ended_, id) == ended_.end()) ended_.push_back(id);
    return Recovered::kAdopted;
  }
  std::vector<std::string> RemoveStrangers() override {
    ++strangers_removed;
    return {};
  }
  std::vector<AttemptId> Live() const override { return {running.begin(), running.end()}; }
  int WaitFd() const override { return -1; }
  Status SetPoolCaps(const PoolCaps&) override { return {}; }
  Enforcement enforcement() const override { return {"unified", {}}; }

 private:
  std::map<AttemptId, AttemptEnd> records_;  // exit records that nobody has forgotten yet
  std::vector<AttemptId> ended_;
};

}  // namespace headroom
