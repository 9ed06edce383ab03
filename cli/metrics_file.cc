#include "cli/metrics_file.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <memory>

namespace headroom::cli {
namespace {

using Handle = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

constexpr int kMostBytesOfValue = 1 << 20;

tl::unexpected<Error> Failed(const std::string& path, sqlite3* db, int code) {
  const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  return Fail(damaged ? ErrorCode::kCorrupt : ErrorCode::kInvalid,
              fmt::format("{}: {}", path, db == nullptr ? "out of memory" : sqlite3_errmsg(db)));
}

// As SQLite wants a path in a URI (uri.html).
std::string Encoded(const std::string& path) {
  std::string encoded;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte > ' ' && byte < 0x7f && c != '?' && c != '#' && c != '%';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02x}", byte);
  }
  return encoded;
}

bool Exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

// Text and blob alike; null is empty.
std::string TextOf(sqlite3_stmt* row, int column) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
  const int size = sqlite3_column_bytes(row, column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

// A file that was made to be read is not trusted: no schema of its own making runs code, and a
// value is bounded (security.html).
void Distrust(sqlite3* db) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kMostBytesOfValue);
}

}  // namespace

Result<std::vector<RunnerMetrics>> ReadMetricsFile(const std::string& path, std::size_t most) {
  const char* const how = Exists(path + "-wal") ? "mode=ro" : "mode=ro&immutable=1";
  const std::string uri = fmt::format("file:{}?{}", Encoded(path), how);
  sqlite3* opened = nullptr;
  int code = sqlite3_open_v2(uri.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  const Handle db(opened, &sqlite3_close);
  if (code != SQLITE_OK) return Failed(path, db.get(), code);
  Distrust(db.get());
  sqlite3_stmt* prepared = nullptr;
  code = sqlite3_prepare_v2(db.get(), "SELECT id, metrics FROM main.jobs ORDER BY rowid", -1,
                            &prepared, nullptr);
  const Statement rows(prepared, &sqlite3_finalize);
  if (code != SQLITE_OK) return Failed(path, db.get(), code);
  std::vector<RunnerMetrics> metrics;
  while ((code = sqlite3_step(rows.get())) == SQLITE_ROW) {
    if (metrics.size() == most)
      return Fail(ErrorCode::kInvalid, fmt::format("{}: more than {} jobs", path, most));
    metrics.push_back({TextOf(rows.get(), 0), TextOf(rows.get(), 1)});
  }
  if (code != SQLITE_DONE) return Failed(path, db.get(), code);
  return metrics;
}

}  // namespace headroom::cli
