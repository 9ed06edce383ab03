#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/cgroup_layout.h"
#include "base/fd.h"

// Real cgroups of the running kernel, for the tests that need them: a pool with a name of its own,
// removed at the end.
namespace headroom {

class RealPool {
 public:
  // Null where this host, or this user, cannot: `why` then says what is needed.
  static std::unique_ptr<RealPool> Make(std::string& why);
  ~RealPool();
  RealPool(const RealPool&) = delete;
  RealPool& operator=(const RealPool&) = delete;

  const CgroupLayout& layout() const { return layout_; }
  void Add(const std::string& attempt);
  void Remove(const std::string& attempt);  // its processes have ended
  void RemoveAll();
  // The directories of a cgroup, one a hierarchy.
  std::vector<std::string> Directories(const std::string& cgroup) const;

 private:
  RealPool() = default;
  bool MakeDirectories(const std::string& cgroup);
  void RemoveDirectories(const std::string& cgroup);

  CgroupLayout layout_;
  std::vector<std::string> attempts_;
};

// A process in one cgroup of a pool. It has done `work` when the constructor returns, goes on with
// `then`, and is killed by the destructor.
class RealProcess {
 public:
  RealProcess(
      const RealPool& pool, const std::string& cgroup, const std::function<void()>& work,
      const std::function<void()>& then = [] {});
  ~RealProcess();
  RealProcess(const RealProcess&) = delete;
  RealProcess& operator=(const RealProcess&) = delete;

 private:
  pid_t pid_ = -1;
};

}  // namespace headroom
