#include "executor/kernel_cgroups.h"

#include <fcntl.h>

#include <cerrno>

#include "base/fd.h"
#include "base/file.h"
#include "executor/cgroup_files.h"
#include "executor/cgroup_report.h"
#include "executor/pool.h"

namespace headroom {
namespace {

class KernelCgroups final : public CgroupDriver {
 public:
  explicit KernelCgroups(const CgroupLayout& layout) : layout_(layout) {}

  // Two daemons with states of their own would give the same names to different attempts.
  Status TakeLock() {
    const std::string root = CgroupDirectory(layout_.mounts.unified, layout_.root);
    lock_.Reset(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock_) return FailErrno(errno, "open " + root);
    const Status locked = LockAlone(lock_.get(), root);
    if (locked || locked.error().code != ErrorCode::kConflict) return locked;
    return Fail(ErrorCode::kConflict, root +
                                          ": another headroomd keeps its jobs here; stop it, or "
                                          "choose another --cgroup-root");
  }

  Status SetPoolCaps(const PoolCaps& caps) override {
    caps_ = caps;
    if (Status prepared = PreparePool(layout_); !prepared) return prepared;
    features_ = ProbeFeatures(layout_);
    return ApplyPoolCaps(layout_, caps_);
  }

  Result<NewCgroup> Create(const std::string& name, const AttemptLimits& limits) override {
    const std::string path = layout_.Attempt(name);
    Status made = MakeCgroup(layout_.mounts, path);
    if (!made && made.error().code == ErrorCode::kConflict) return tl::unexpected(made.error());
    if (made) made = Limit(path, limits);
    if (!made && made.error().code == ErrorCode::kNotFound) made = CreateAgain(path, limits);
    if (made) return NewCgroup{Place(path, limits), NotEnforced(limits, layout_.mounts, features_)};
    (void)RemoveCgroup(layout_.mounts, path);
    return tl::unexpected(made.error());
  }

  // Each by itself: what cannot be written must not keep a job frozen.
  Status Control(const std::string& name, const AttemptControls& controls) override {
    Status first;
    for (const CgroupWrite& write : ControlWrites(controls, layout_.mounts)) {
      const Status written = Write(layout_.Attempt(name), write);
      if (first && !written && written.error().code != ErrorCode::kNotFound) first = written;
    }
    const bool lacks_high =
        controls.memory_high_bytes && layout_.mounts.mode == CgroupMode::kHybrid;
    if (first && lacks_high) return Fail(ErrorCode::kUnsupported, "cgroup v1 has no memory.high");
    return first;
  }

  Status Kill(const std::string& name) override {
    return KillCgroup(layout_.mounts, layout_.Attempt(name));
  }

  Result<bool> Populated(const std::string& name) override {
    return CgroupPopulated(layout_.mounts, layout_.Attempt(name));
  }

  CgroupReport Report(const std::string& name, int64_t pool_oom_events_before) override {
    const std::string path = layout_.Attempt(name);
    const OomCounters job = ReadOomCounters(layout_.mounts, path);
    const int64_t pool_now = job.kills > 0 ? PoolOomEvents() : 0;
    return {CauseOf(job, pool_now, pool_oom_events_before), ReadUsage(layout_.mounts, path)};
  }

  Status Remove(const std::string& name) override {
    return RemoveCgroup(layout_.mounts, layout_.Attempt(name));
  }

  std::vector<std::string> List() const override {
    return ListCgroups(layout_.mounts, layout_.Pool());
  }

 private:
  Status Limit(const std::string& path, const AttemptLimits& limits) const {
    for (const CgroupWrite& write : AttemptWrites(limits, layout_.mounts, features_)) {
      if (Status written = Write(path, write); !written) return written;
    }
    return {};
  }

  static Status Write(const std::string& path, const CgroupWrite& write) {
    return WriteExisting(CgroupDirectory(write.mount, path) + "/" + write.file, write.value);
  }

  // The pool, or its controllers, went away under us: systemd prunes empty cgroups of a unit, and
  // `systemctl set-property` resets what is switched on in it.
  Status CreateAgain(const std::string& path, const AttemptLimits& limits) {
    (void)RemoveCgroup(layout_.mounts, path);
    if (Status prepared = SetPoolCaps(caps_); !prepared) return prepared;
    const Status made = MakeCgroup(layout_.mounts, path);
    return made ? Limit(path, limits) : made;
  }

  int64_t PoolOomEvents() const { return ReadOwnLimitEvents(layout_.mounts, layout_.Pool()); }

  CgroupPlace Place(const std::string& path, const AttemptLimits& limits) const {
    CgroupPlace place;
    place.job = CgroupDirectory(layout_.mounts.unified, path);
    place.pool_oom_events = PoolOomEvents();
    for (const std::string& mount : Hierarchies(layout_.mounts)) {
      const bool v1 = mount != layout_.mounts.unified;
      // A single thread that enters by "tasks" spares the kernel the lock that "cgroup.procs" takes
      // against every fork of the host.
      const std::string entry = v1 ? "/tasks" : "/cgroup.procs";
      place.shim_entries.push_back(CgroupDirectory(mount, layout_.Shims()) + entry);
      if (v1) place.job_entries.push_back(CgroupDirectory(mount, path) + entry);
    }
    if (limits.oom_group && features_.oom_event && layout_.mounts.mode == CgroupMode::kHybrid)
      place.oom_group = CgroupDirectory(layout_.mounts.memory, path);
    return place;
  }

  const CgroupLayout layout_;
  CgroupFeatures features_;
  PoolCaps caps_;
  UniqueFd lock_;  // on ROOT; goes with the process
};

}  // namespace

Result<std::unique_ptr<CgroupDriver>> MakeKernelCgroups(const CgroupLayout& layout,
                                                        const PoolCaps& caps) {
  auto cgroups = std::make_unique<KernelCgroups>(layout);
  if (Status ready = PreparePool(layout); !ready) return tl::unexpected(ready.error());
  if (Status alone = cgroups->TakeLock(); !alone) return tl::unexpected(alone.error());
  if (Status ready = cgroups->SetPoolCaps(caps); !ready) return tl::unexpected(ready.error());
  return cgroups;
}

}  // namespace headroom
