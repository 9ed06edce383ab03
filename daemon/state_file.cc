#include "daemon/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/fd.h"
#include "base/file.h"
#include "daemon/schema.h"
#include "daemon/wal.h"

namespace headroom {
namespace {

constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr std::string_view kRestore =
    "; nothing was changed. Restore a backup, or start once with --recover to salvage what can be "
    "read (docs/durability.md)";

// The log can grow far beyond its usual 4 MB in one large transaction; it is cut back to this.
constexpr const char* kSettings =
    "PRAGMA locking_mode = EXCLUSIVE;"  // held until we close; no shared-memory file
    "PRAGMA synchronous = FULL;"        // the log is synced at every commit
    "PRAGMA foreign_keys = ON;"
    "PRAGMA temp_store = MEMORY;"  // a full /tmp must not fail a write
    "PRAGMA cell_size_check = ON;"
    "PRAGMA secure_delete = ON;"  // what is gone leaves no bytes that a salvage could take for rows
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA journal_size_limit = 67108864;";

tl::unexpected<Error> Damaged(const std::string& path, std::string_view what) {
  return Fail(ErrorCode::kCorrupt, fmt::format("{}: {}{}", path, what, kRestore));
}

bool Exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

// Whether a file may hold our state. A symlink could lead anywhere, another owner or a reader could
// change it or learn the environments in it.
Status CheckOwnership(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return FailErrno(errno, "stat " + path);
  if (S_ISLNK(info.st_mode)) {
    return Fail(ErrorCode::kDenied, path + ": is a symlink; put the file itself there");
  }
  if (!S_ISREG(info.st_mode)) {
    return Fail(ErrorCode::kDenied, path + ": is not a regular file; move it away");
  }
  if (info.st_uid != ::geteuid()) {
    return Fail(ErrorCode::kDenied, fmt::format("{}: belongs to uid {}, not to {}; chown it", path,
                                                info.st_uid, ::geteuid()));
  }
  if ((info.st_mode & 0077) != 0) {
    return Fail(ErrorCode::kDenied, fmt::format("{}: mode {:04o} lets others in; chmod 0600 it",
                                                path, info.st_mode & 07777));
  }
  return {};
}

Status CheckFiles(const std::string& path) {
  if (Status ours = CheckOwnership(path); !ours) return ours;
  const std::string log = path + "-wal";
  if (Exists(log)) {
    if (Status ours = CheckOwnership(log); !ours) return ours;
  }
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (!failed && size == 0) return Damaged(path, "is empty, which a state file never is");
  return {};
}

int64_t BigEndian(std::string_view bytes, std::size_t at) {
  int64_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

tl::unexpected<Error> Newer(const std::string& path, int64_t version) {
  return Fail(
      ErrorCode::kUnsupported,
      fmt::format("{}: has schema version {}, this headroomd knows {}; nothing was changed. "
                  "Run the newer one again, or go back to the copy that it made ({}.v{})",
                  path, version, Schema().size(), path, Schema().size()));
}

// The first 100 bytes (fileformat2.html, 1.3), before SQLite acts on them: it would write to the
// file of another application, and take one that does not say "WAL" for one without a log.
Status CheckHeader(const std::string& path, std::string_view header) {
  if (header.size() < 100) return Damaged(path, "is truncated");
  if (header.substr(0, kMagic.size()) != kMagic) return Damaged(path, "is not an SQLite file");
  if (BigEndian(header, 68) != kApplicationId) return Damaged(path, "is not a headroom state file");
  const int64_t version = BigEndian(header, 60);
  if (version > std::ssize(Schema())) return Newer(path, version);
  if (version < 1 || header[18] != header[19]) return Damaged(path, "its header is damaged");
  return {};
}

// The header says 1 in a copy that was made with .backup or VACUUM INTO; such a file has no log. A
// file without one must be as long as it says; with one, a power cut may have come between.
Status CheckLog(const std::string& path, std::string_view header, const WalExtent& log) {
  const bool uses_log = header[18] == 2;
  const bool copy = header[18] == 1 && log.frames == 0;
  if (!uses_log && !copy) return Damaged(path, "its header is damaged");
  const int64_t page_size = BigEndian(header, 14) & 0xffff, pages = BigEndian(header, 28);
  std::error_code failed;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path, failed));
  if (log.frames == 0 && size < page_size * pages) return Damaged(path, "is truncated");
  return {};
}

// Every page, and every index entry against its row: a lost entry would hide a job or let it run
// twice.
Status CheckPages(Database& db) {
  auto found = db.AskText("PRAGMA integrity_check(1)");
  if (!found) return tl::unexpected<Error>(found.error());
  std::ranges::replace(*found, '\n', ' ');
  if (*found != "ok") return Fail(ErrorCode::kCorrupt, *found);
  return {};
}

Status UseWal(Database& db) {
  const auto mode = db.AskText("PRAGMA journal_mode = WAL");
  if (!mode) return tl::unexpected<Error>(mode.error());
  if (*mode != "wal") return Fail(ErrorCode::kIo, "cannot use a write-ahead log: " + *mode);
  return {};
}

// Takes the lock, and keeps it. The version may be newer in the log than in the header.
Status Lock(Database& db, const std::string& path) {
  if (Status set = db.Run(kSettings); !set) return set;
  const auto version = db.AskInt("PRAGMA user_version");
  if (!version) return tl::unexpected<Error>(version.error());
  if (*version > std::ssize(Schema())) return Newer(path, *version);
  return {};
}

// Drops what a crash left half-written at the log's end, and syncs the rest: a transaction that was
// written but not synced when its daemon was killed is about to be shown to clients.
Status SettleLog(Database& db, const std::string& path, std::string_view header) {
  const auto log = ReadWal(path);
  if (!log) return tl::unexpected<Error>(log.error());
  if (Status fits = CheckLog(path, header, *log); !fits) return fits;
  db.set_log_frames(log->frames);
  return CutWal(path, log->bytes);
}

Status Prepare(Database& db, const std::string& path, Verification verification) {
  const auto header = db.RawBytes(100);
  if (!header) return tl::unexpected<Error>(header.error());
  if (Status ours = CheckHeader(path, *header); !ours) return ours;
  if (Status locked = Lock(db, path); !locked) return locked;
  if (Status settled = SettleLog(db, path, *header); !settled) return settled;
  if (Status wal = UseWal(db); !wal) return wal;
  const bool full = verification == Verification::kFull;
  if (Status whole = full ? CheckPages(db) : Status{}; !whole) return whole;
  if (Status migrated = Migrate(db, path, Schema()); !migrated) return migrated;
  return full ? CheckSchema(db, Schema()) : Status{};
}

tl::unexpected<Error> Refuse(const std::string& path, Error error) {
  if (error.code == ErrorCode::kCorrupt && error.message.find(kRestore) == std::string::npos) {
    return Damaged(path, error.message);
  }
  if (error.code == ErrorCode::kConflict) {
    error.message += "; another process has it open: stop it first";
  }
  return tl::unexpected<Error>(std::move(error));
}

void RemoveLeftovers(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-journal", "-shm"}) ::unlink((path + suffix).c_str());
}

Status BuildFresh(const std::string& path, const std::function<Status(Database&)>& fill) {
  UniqueFd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made) return FailErrno(errno, "create " + path);
  made.Reset();
  auto db = Database::Open(path);
  if (!db) return tl::unexpected<Error>(db.error());
  if (Status set = (*db)->Run(kSettings); !set) return set;
  if (Status wal = UseWal(**db); !wal) return wal;
  if (Status migrated = Migrate(**db, path, Schema()); !migrated) return migrated;
  if (Status filled = fill(**db); !filled) return filled;
  if (Status folded = (*db)->Checkpoint(); !folded) return folded;
  (*db)->FoldOnClose();
  return {};
}

// Built beside its place and renamed: killed at any instant, there is a whole file or none.
Status Create(const std::string& path) {
  if (Exists(path + "-wal")) {
    return Damaged(path, "is missing, but its log (" + path + "-wal) is there");
  }
  const std::string fresh = path + ".new";
  if (Status built = BuildStateFile(fresh, [](Database&) { return Status{}; }); !built)
    return built;
  if (::rename(fresh.c_str(), path.c_str()) != 0) return FailErrno(errno, "rename to " + path);
  return SyncDirectoryOf(path);
}

}  // namespace

Status BuildStateFile(const std::string& path, const std::function<Status(Database&)>& fill) {
  RemoveLeftovers(path);
  if (Status built = BuildFresh(path, fill); !built) {
    RemoveLeftovers(path);  // they may be what fills the disk
    return built;
  }
  auto db = ReopenStateFile(path, Verification::kFull);
  if (!db) return tl::unexpected<Error>(db.error());
  (*db)->FoldOnClose();
  return {};
}

Result<std::unique_ptr<Database>> OpenStateFile(const std::string& path) {
  if (!Exists(path)) {
    if (Status created = Create(path); !created) return tl::unexpected<Error>(created.error());
  }
  return ReopenStateFile(path, Verification::kFull);
}

Result<std::unique_ptr<Database>> ReopenStateFile(const std::string& path,
                                                  Verification verification) {
  if (Status files = CheckFiles(path); !files) return tl::unexpected<Error>(files.error());
  auto db = Database::Open(path);
  if (!db) return Refuse(path, db.error());
  if (Status prepared = Prepare(**db, path, verification); !prepared) {
    return Refuse(path, prepared.error());
  }
  return db;
}

}  // namespace headroom
