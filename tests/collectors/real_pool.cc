#include "tests/collectors/real_pool.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/file.h"
#include "collectors/cgroup_reader.h"

namespace headroom {

std::unique_ptr<RealPool> RealPool::Make(std::string& why) {
  const auto mounts = FindCgroupMounts();
  if (!mounts) {
    why = mounts.error().message;
    return nullptr;
  }
  std::unique_ptr<RealPool> pool(new RealPool);
  pool->layout_.mounts = *mounts;
  pool->layout_.root = "headroom-test-" + std::to_string(::getpid());
  for (const std::string& cgroup : {pool->layout_.root, pool->layout_.Pool()}) {
    if (!pool->MakeDirectories(cgroup)) {
      why = "permission to make cgroups with memory, cpu and pids below " + mounts->unified +
            (mounts->mode == CgroupMode::kHybrid ? " and the v1 mounts" : "") + ": " +
            std::strerror(errno);
      return nullptr;
    }
  }
  return pool;
}

RealPool::~RealPool() { RemoveAll(); }

void RealPool::RemoveAll() {
  for (const std::string& attempt : attempts_) RemoveDirectories(layout_.Attempt(attempt));
  attempts_.clear();
  RemoveDirectories(layout_.Pool());
  RemoveDirectories(layout_.root);
}

void RealPool::Add(const std::string& attempt) {
  MakeDirectories(layout_.Attempt(attempt));
  attempts_.push_back(attempt);
}

void RealPool::Remove(const std::string& attempt) { RemoveDirectories(layout_.Attempt(attempt)); }

std::vector<std::string> RealPool::Directories(const std::string& cgroup) const {
  std::vector<std::string> directories = CgroupRoots(layout_.mounts);
  std::ranges::sort(directories);
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  for (std::string& directory : directories) directory += "/" + cgroup;
  return directories;
}

bool RealPool::MakeDirectories(const std::string& cgroup) {
  for (const std::string& directory : Directories(cgroup)) {
    if (::mkdir(directory.c_str(), 0755) != 0) return false;
    if (layout_.mounts.mode == CgroupMode::kHybrid) continue;
    // Not into the root's: only the host's own administrator switches controllers on there.
    const std::string file = directory + "/cgroup.subtree_control";
    if (!cgroup.starts_with(layout_.Pool() + "/") && !WriteExisting(file, "+memory +cpu +pids")) {
      return false;
    }
  }
  return true;
}

void RealPool::RemoveDirectories(const std::string& cgroup) {
  for (const std::string& directory : Directories(cgroup)) ::rmdir(directory.c_str());
}

RealProcess::RealProcess(const RealPool& pool, const std::string& cgroup,
                         const std::function<void()>& work, const std::function<void()>& then) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return;
  const UniqueFd done(pipe[0]);
  UniqueFd tell(pipe[1]);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const std::string& directory : pool.Directories(cgroup)) {
      if (!WriteExisting(directory + "/cgroup.procs", "0")) ::_exit(1);
    }
    work();
    if (::write(tell.get(), "x", 1) != 1) ::_exit(1);
    then();
    for (;;) ::pause();
  }
  tell.Reset();
  char byte = 0;
  while (::read(done.get(), &byte, 1) < 0 && errno == EINTR) continue;
}

RealProcess::~RealProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace headroom
