#include "tests/daemon/faulty_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <new>
#include <random>

namespace headroom {
namespace {

FaultyVfs* disk = nullptr;
sqlite3_vfs* real_vfs = nullptr;

// Lies in memory that SQLite gives; the real file follows it.
struct File {
  sqlite3_file base;
  std::string* path;
  sqlite3_file* real;
};

File* Ours(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Ours(file)->real; }

int Close(sqlite3_file* file) {
  delete Ours(file)->path;
  return Real(file)->pMethods->xClose(Real(file));
}

int Read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  return Real(file)->pMethods->xRead(Real(file), into, size, offset);
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const int failure = disk->Next(SQLITE_IOERR_WRITE);
  const int taken = failure == SQLITE_OK ? size : size / 2;
  disk->Changed(*Ours(file)->path,
                {FaultyVfs::Change::Kind::kWrite,
                 offset,
                 {static_cast<const char*>(data), static_cast<std::size_t>(taken)}});
  const int written = Real(file)->pMethods->xWrite(Real(file), data, taken, offset);
  return failure != SQLITE_OK ? failure : written;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int failure = disk->Next(SQLITE_IOERR_TRUNCATE); failure != SQLITE_OK) return failure;
  disk->Changed(*Ours(file)->path, {FaultyVfs::Change::Kind::kTruncate, size, {}});
  return Real(file)->pMethods->xTruncate(Real(file), size);
}

int Sync(sqlite3_file* file, int) {
  if (const int failure = disk->Next(SQLITE_IOERR_FSYNC); failure != SQLITE_OK) return failure;
  disk->Synced(*Ours(file)->path);
  return SQLITE_OK;
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Real(file)->pMethods->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int level) { return Real(file)->pMethods->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) {
  return Real(file)->pMethods->xUnlock(Real(file), level);
}
int CheckReservedLock(sqlite3_file* file, int* held) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), held);
}
int FileControl(sqlite3_file* file, int what, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), what, argument);
}
int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return Real(file)->pMethods->xDeviceCharacteristics(Real(file));
}

// Version 1: without shared memory, which the store must never need.
constexpr sqlite3_io_methods kMethods = {1,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr};

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File* const ours = new (file) File{};
  ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
  const int opened = real_vfs->xOpen(real_vfs, name, ours->real, flags, out_flags);
  if (opened != SQLITE_OK) return opened;
  ours->path = new std::string(name == nullptr ? "" : name);
  ours->base.pMethods = &kMethods;
  disk->Opened(*ours->path);
  return SQLITE_OK;
}

int Delete(sqlite3_vfs*, const char* name, int sync_directory) {
  disk->Deleted(name);
  return real_vfs->xDelete(real_vfs, name, sync_directory);
}

sqlite3_vfs vfs;

void Apply(std::string& content, const FaultyVfs::Change& change, std::size_t from,
           std::size_t size) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (change.kind == FaultyVfs::Change::Kind::kTruncate) {
    content.resize(std::min(content.size(), offset));
    return;
  }
  if (content.size() < offset + from + size) content.resize(offset + from + size);
  content.replace(offset + from, size, change.bytes, from, size);
}

}  // namespace

FaultyVfs::FaultyVfs() {
  if (disk != nullptr) std::abort();
  disk = this;
  real_vfs = sqlite3_vfs_find(nullptr);
  vfs = *real_vfs;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + real_vfs->szOsFile;
  vfs.zName = "faulty";
  vfs.pNext = nullptr;
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  sqlite3_vfs_register(&vfs, 1);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(&vfs);
  sqlite3_vfs_register(real_vfs, 1);
  disk = nullptr;
}

void FaultyVfs::FailAt(int64_t nth, int64_t times, Failure failure) {
  countdown_ = nth;
  times_ = times;
  failure_ = failure;
  has_failed_ = false;
}

int FaultyVfs::Next(int of_kind) {
  if (before_change && !inside_) {
    inside_ = true;
    before_change();
    inside_ = false;
  }
  if (times_ == 0 || --countdown_ > 0) return SQLITE_OK;
  --times_;
  has_failed_ = true;
  // ENOSPC on a sync comes as an I/O error: space is taken only when the page is written back.
  const bool full = failure_ == Failure::kFull && of_kind != SQLITE_IOERR_FSYNC;
  return full ? SQLITE_FULL : of_kind;
}

void FaultyVfs::Opened(const std::string& path) {
  if (path.empty() || disk_.contains(path)) return;
  std::ifstream file(path, std::ios::binary);
  disk_[path].synced.assign(std::istreambuf_iterator<char>(file), {});
}

void FaultyVfs::Changed(const std::string& path, Change change) {
  disk_[path].pending.push_back(std::move(change));
}

void FaultyVfs::Synced(const std::string& path) {
  ++syncs_;
  Disk& file = disk_[path];
  for (const Change& change : file.pending) Apply(file.synced, change, 0, change.bytes.size());
  file.pending.clear();
}

void FaultyVfs::CutPower(const std::string& path, const std::string& to, unsigned seed) {
  constexpr std::size_t kSector = 512;
  const auto found = disk_.find(path);
  if (found == disk_.end()) return;
  std::mt19937 random(seed);
  // Also the extremes: nothing of it, all of it.
  std::bernoulli_distribution survives(static_cast<double>(seed % 5) / 4);
  std::string content = found->second.synced;
  for (const Change& change : found->second.pending) {
    if (change.bytes.empty() && survives(random)) Apply(content, change, 0, 0);
    for (std::size_t from = 0; from < change.bytes.size(); from += kSector) {
      const std::size_t size = std::min(kSector, change.bytes.size() - from);
      if (survives(random)) Apply(content, change, from, size);
    }
  }
  std::ofstream(to, std::ios::binary) << content;
}

}  // namespace headroom
