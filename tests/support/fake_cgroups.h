#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "executor/cgroup_driver.h"
#include "executor/shim_launcher.h"

// Cgroups without a kernel, for tests that anyone may run.
namespace headroom {

// Remembers what was asked of it. Each cgroup is a directory of plain files below `root`, so that
// a real shim can enter one, as it does where the kernel refuses to clone into cgroups.
class FakeCgroups final : public CgroupDriver {
 public:
  explicit FakeCgroups(std::string root);

  Status SetPoolCaps(const PoolCaps& caps) override;
  Result<NewCgroup> Create(const std::string& name, const AttemptLimits& limits) override;
  Status Control(const std::string& name, const AttemptControls& controls) override;
  Status Kill(const std::string& name) override;
  Result<bool> Populated(const std::string& name) override;
  CgroupReport Report(const std::string& name, int64_t pool_oom_events_before) override;
  Status Remove(const std::string& name) override;
  std::vector<std::string> List() const override { return {there.begin(), there.end()}; }

  std::set<std::string> there;
  std::set<std::string> never_empty;  // a process in them does not die
  std::set<std::string> busy;         // empty, but the kernel does not let them go yet
  std::vector<std::string> killed;
  std::map<std::string, AttemptControls> controls;
  std::vector<std::string> not_enforced;
  CgroupReport report;
  int64_t pool_oom_events = 0, reported_pool_oom_events = 0;
  PoolCaps caps;

 private:
  std::string root_;
};

// Makes the n-th call of a walk fail, as a full disk would. One counter for all that take part.
struct Fault {
  int at = 0;  // 0: never
  int calls = 0;

  bool Strikes() { return ++calls == at; }
};

// Wraps any cgroups. Borrowed, so that a test can look at them.
class FaultCgroups final : public CgroupDriver {
 public:
  FaultCgroups(CgroupDriver& inner, Fault& fault) : inner_(inner), fault_(fault) {}

  Status SetPoolCaps(const PoolCaps& caps) override;
  Result<NewCgroup> Create(const std::string& name, const AttemptLimits& limits) override;
  Status Control(const std::string& name, const AttemptControls& controls) override;
  Status Kill(const std::string& name) override;
  Result<bool> Populated(const std::string& name) override;
  CgroupReport Report(const std::string& name, int64_t pool_oom_events_before) override;
  Status Remove(const std::string& name) override;
  std::vector<std::string> List() const override { return inner_.List(); }

 private:
  CgroupDriver& inner_;
  Fault& fault_;
};

class FaultLauncher final : public ShimLauncher {
 public:
  FaultLauncher(std::unique_ptr<ShimLauncher> inner, Fault& fault)
      : inner_(std::move(inner)), fault_(fault) {}

  Result<Shim> Start(const ShimSpec& spec) override;

 private:
  std::unique_ptr<ShimLauncher> inner_;
  Fault& fault_;
};

}  // namespace headroom
