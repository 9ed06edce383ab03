#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

// A disk that fails on command and loses power, between SQLite and the real files
// (sqlite.org/vfs.html). While one lives, SQLite opens every file through it. Nothing is really
// synced: what would have been on the disk is kept in memory, so that a power cut can be played at
// any instant.
namespace headroom {

class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  enum class Failure { kFull, kIo };
  // Lets the `nth` write, sync or truncation from now fail, and every later one until `times` have
  // failed. A write that fails leaves half of its bytes; a sync that fails leaves all of them in
  // the file, where the next process would find them.
  void FailAt(int64_t nth, int64_t times, Failure failure);
  void Heal() { times_ = 0; }
  bool has_failed() const { return has_failed_; }
  int64_t syncs() const { return syncs_; }

  // Called before every write, sync and truncation, not from within itself.
  std::function<void()> before_change;

  // Writes the file `path` to `to` as a power cut could leave it: what was synced, and of the rest
  // each sector of 512 bytes or not.
  void CutPower(const std::string& path, const std::string& to, unsigned seed);

  // For the SQLite side (faulty_vfs.cc).
  struct Change {
    enum class Kind { kWrite, kTruncate } kind;
    int64_t offset;
    std::string bytes;
  };
  void Opened(const std::string& path);
  void Deleted(const std::string& path) { disk_.erase(path); }
  void Changed(const std::string& path, Change change);
  void Synced(const std::string& path);
  // The SQLite error that this call must return, or 0. `of_kind` is what a kIo failure means here.
  int Next(int of_kind);

 private:
  struct Disk {
    std::string synced;
    std::vector<Change> pending;
  };
  std::map<std::string, Disk> disk_;
  int64_t countdown_ = 0, times_ = 0, syncs_ = 0;
  Failure failure_ = Failure::kFull;
  bool has_failed_ = false, inside_ = false;
};

}  // namespace headroom
