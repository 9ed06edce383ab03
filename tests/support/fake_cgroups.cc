#include "tests/support/fake_cgroups.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace headroom {
namespace {

tl::unexpected<Error> FullDisk() { return FailErrno(ENOSPC, "injected"); }

}  // namespace

FakeCgroups::FakeCgroups(std::string root) : root_(std::move(root)) {
  std::ofstream(root_ + "/shims.procs");
}

Status FakeCgroups::SetPoolCaps(const PoolCaps& new_caps) {
  caps = new_caps;
  return {};
}

Result<NewCgroup> FakeCgroups::Create(const std::string& name, const AttemptLimits& /*limits*/) {
  if (!there.insert(name).second) return FailErrno(EEXIST, "make cgroup " + name);
  const std::string path = root_ + "/" + name;
  std::filesystem::create_directory(path);
  std::ofstream events(path + "/cgroup.events");
  events << "populated 0\nfrozen 0\n";
  events.close();
  if (!events || !std::ofstream(path + "/cgroup.procs")) {
    there.erase(name);
    return FailErrno(EMFILE, "fill cgroup " + name);
  }
  return NewCgroup{{{root_ + "/shims.procs"}, path, {}, "", pool_oom_events}, not_enforced};
}

Status FakeCgroups::Control(const std::string& name, const AttemptControls& wanted) {
  controls[name] = wanted;
  return {};
}

Status FakeCgroups::Kill(const std::string& name) {
  killed.push_back(name);
  return {};
}

Result<bool> FakeCgroups::Populated(const std::string& name) { return never_empty.contains(name); }

CgroupReport FakeCgroups::Report(const std::string& /*name*/, int64_t pool_oom_events_before) {
  reported_pool_oom_events = pool_oom_events_before;
  return report;
}

Status FakeCgroups::Remove(const std::string& name) {
  if (busy.contains(name)) return FailErrno(EBUSY, "remove " + name);
  std::error_code error;
  std::filesystem::remove_all(root_ + "/" + name, error);
  if (error) return FailErrno(error.value(), "remove " + name);
  there.erase(name);
  return {};
}

Status FaultCgroups::SetPoolCaps(const PoolCaps& caps) {
  return fault_.Strikes() ? Status(FullDisk()) : inner_.SetPoolCaps(caps);
}

Result<NewCgroup> FaultCgroups::Create(const std::string& name, const AttemptLimits& limits) {
  return fault_.Strikes() ? Result<NewCgroup>(FullDisk()) : inner_.Create(name, limits);
}

Status FaultCgroups::Control(const std::string& name, const AttemptControls& controls) {
  return fault_.Strikes() ? Status(FullDisk()) : inner_.Control(name, controls);
}

Status FaultCgroups::Kill(const std::string& name) {
  return fault_.Strikes() ? Status(FullDisk()) : inner_.Kill(name);
}

Result<bool> FaultCgroups::Populated(const std::string& name) {
  return fault_.Strikes() ? Result<bool>(FullDisk()) : inner_.Populated(name);
}

CgroupReport FaultCgroups::Report(const std::string& name, int64_t pool_oom_events_before) {
  return inner_.Report(name, pool_oom_events_before);
}

Status FaultCgroups::Remove(const std::string& name) {
  return fault_.Strikes() ? Status(FullDisk()) : inner_.Remove(name);
}

Result<Shim> FaultLauncher::Start(const ShimSpec& spec) {
  return fault_.Strikes() ? Result<Shim>(FullDisk()) : inner_->Start(spec);
}

}  // namespace headroom
