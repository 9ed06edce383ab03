#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "base/cgroup_layout.h"
#include "base/file.h"
#include "tests/support/temp_dir.h"

// A copy of one of the trees in tests/data/cgroup, which a test may change.
namespace headroom {

class KernelTree {
 public:
  // "v6.1-unified", "broken/empty/hybrid"; with the pool under `root`.
  explicit KernelTree(const std::string& name, const std::string& root = "headroom")
      : hybrid_(name.ends_with("hybrid")), root_(root) {
    Copy(std::string(HEADROOM_TEST_DATA) + "/cgroup/" + name, dir_.path());
    // Not in the trees: what is about the process that reads, and what is the same in all of them.
    Write("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-1\n");
    Write("proc/sys/kernel/pid_max", "32768\n");
    Write("proc/sys/kernel/threads-max", "31198\n");
  }

  CgroupLayout Layout() const {
    const std::string mount = dir_ / "sys/fs/cgroup";
    CgroupLayout layout;
    layout.mounts.unified = mount;
    if (hybrid_) {
      const std::string cpu = mount + "/cpu,cpuacct";
      layout.mounts = {CgroupMode::kHybrid, mount + "/unified", mount + "/memory", cpu, cpu,
                       mount + "/pids"};
    }
    layout.root = root_;
    layout.proc = dir_ / "proc";
    return layout;
  }

  // The directory of a cgroup in the hierarchy that a file of this name is in.
  std::string Cgroup(const std::string& path, const std::string& file) const {
    const CgroupMounts mounts = Layout().mounts;
    const std::string& mount = !hybrid_                      ? mounts.unified
                               : file.ends_with(".pressure") ? mounts.unified
                               : file.starts_with("memory.") ? mounts.memory
                               : file.starts_with("cpu")     ? mounts.cpu
                                                             : mounts.pids;
    return mount + "/" + path;
  }
  std::string CgroupFile(const std::string& path, const std::string& file) const {
    return Cgroup(path, file) + "/" + file;
  }

  // `file` is relative to the tree, or absolute in it.
  void Write(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = std::filesystem::path(dir_.path()) / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  void Remove(const std::string& file) const {
    std::filesystem::remove_all(std::filesystem::path(dir_.path()) / file);
  }
  std::string Read(const std::string& file) const {
    return ReadFile((std::filesystem::path(dir_.path()) / file).string(), 1 << 20).value_or("");
  }
  const std::string& path() const { return dir_.path(); }

 private:
  // All but the other pool, and the files that nothing here reads.
  void Copy(const std::filesystem::path& from, const std::filesystem::path& to) const {
    std::filesystem::create_directory(to);
    for (const auto& entry : std::filesystem::directory_iterator(from)) {
      const std::string name = entry.path().filename();
      const bool other_pool = name == (root_ == "headroom" ? "crowded" : "headroom");
      if (other_pool || name.starts_with("cgroup.")) continue;
      if (entry.is_directory()) {
        Copy(entry.path(), to / name);
      } else {
        std::filesystem::copy_file(entry.path(), to / name);
      }
    }
  }

  TempDir dir_;
  bool hybrid_;
  std::string root_;
};

}  // namespace headroom
