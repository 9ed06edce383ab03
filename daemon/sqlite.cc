#include "daemon/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace headroom {
namespace {

// How long to wait for another process (a backup, say) to let go of the file.
constexpr int kBusyMilliseconds = 250;

ErrorCode CodeOf(int extended, int os_error) {
  if (os_error == ENOSPC || os_error == EDQUOT) return ErrorCode::kExhausted;
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_TRIGGER:
      return ErrorCode::kConflict;
    case SQLITE_IOERR_CORRUPTFS:
      return ErrorCode::kCorrupt;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
      return ErrorCode::kInvalid;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kConflict;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return ErrorCode::kExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kCorrupt;
    default:
      return ErrorCode::kIo;
  }
}

// Call right after the failure: SQLite keeps the message of the last call only.
tl::unexpected<Error> Failure(sqlite3* db, std::string_view path) {
  const int extended = sqlite3_extended_errcode(db);
  const int primary = extended & 0xff;
  // Only of a failed system call; left over from some earlier one otherwise.
  const bool from_system =
      primary == SQLITE_IOERR || primary == SQLITE_FULL || primary == SQLITE_CANTOPEN;
  const int os_error = from_system ? sqlite3_system_errno(db) : 0;
  std::string message = fmt::format("{}: {} (sqlite {}", path, sqlite3_errmsg(db), extended);
  if (const char* name = os_error != 0 ? strerrorname_np(os_error) : nullptr; name != nullptr) {
    message += fmt::format(", {}", name);
  }
  return tl::unexpected<Error>(Error{CodeOf(extended, os_error), message + ")", os_error});
}

int NoteLogFrames(void* frames, sqlite3*, const char*, int count) {
  *static_cast<int64_t*>(frames) = count;
  return SQLITE_OK;
}

}  // namespace

Query::Query(sqlite3* db, sqlite3_stmt* statement, std::string_view path, int prepare_result)
    : db_(db), statement_(statement), path_(path), result_(prepare_result) {}

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::Checked(int result) {
  if (result_ == SQLITE_OK) result_ = result;
  return *this;
}

Query& Query::Bind(int64_t value) {
  return Checked(sqlite3_bind_int64(statement_, ++bound_, value));
}

Query& Query::Bind(std::string_view text) {
  const char* const data = text.data() == nullptr ? "" : text.data();
  return Checked(
      sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Query& Query::Bind(std::optional<int64_t> value) {
  return value ? Bind(*value) : Checked(sqlite3_bind_null(statement_, ++bound_));
}

Query& Query::Bind(std::optional<std::string_view> text) {
  return text ? Bind(*text) : Checked(sqlite3_bind_null(statement_, ++bound_));
}

Query& Query::BindBlob(std::string_view bytes) {
  const char* const data = bytes.data() == nullptr ? "" : bytes.data();
  return Checked(sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_TRANSIENT));
}

Result<bool> Query::Next() {
  column_ = 0;
  if (result_ == SQLITE_OK) {
    const int step = sqlite3_step(statement_);
    if (step == SQLITE_ROW) return true;
    if (step == SQLITE_DONE) return false;
    result_ = step;
  }
  return Failure(db_, path_);
}

Status Query::Run() {
  for (;;) {
    const Result<bool> row = Next();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return {};
  }
}

bool Query::NextIsNull() const { return sqlite3_column_type(statement_, column_) == SQLITE_NULL; }

int64_t Query::Int() { return sqlite3_column_int64(statement_, column_++); }

std::optional<int64_t> Query::MaybeInt() {
  const bool absent = NextIsNull();
  const int64_t value = Int();
  return absent ? std::nullopt : std::optional(value);
}

std::string Query::Text() {
  const void* const bytes = sqlite3_column_blob(statement_, column_);
  const int size = sqlite3_column_bytes(statement_, column_++);
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(bytes == nullptr ? 0 : size)};
}

std::optional<std::string> Query::MaybeText() {
  const bool absent = NextIsNull();
  std::string text = Text();
  return absent ? std::nullopt : std::optional(std::move(text));
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  sqlite3* db = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (db == nullptr) return Fail(ErrorCode::kExhausted, path + ": no memory to open it");
  std::unique_ptr<Database> database(new Database(db, path));
  if (opened != SQLITE_OK) return Failure(db, path);
  return database;
}

Database::Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // Takes the place of the automatic checkpoint, whose failures SQLite keeps to itself.
  sqlite3_wal_hook(db_, &NoteLogFrames, &log_frames_);
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Status Database::Run(const std::string& script) {
  if (sqlite3_exec(db_, script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Failure(db_, path_);
  }
  return {};
}

Query Database::Ask(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int prepared = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (prepared != SQLITE_OK) return {db_, nullptr, path_, prepared};
    found = statements_.emplace(sql, statement).first;
  }
  return {db_, found->second, path_, SQLITE_OK};
}

Result<int64_t> Database::AskInt(std::string_view sql) {
  Query query = Ask(sql);
  return query.Next().map([&](bool row) { return row ? query.Int() : 0; });
}

Result<std::string> Database::AskText(std::string_view sql) {
  Query query = Ask(sql);
  return query.Next().map([&](bool row) { return row ? query.Text() : std::string(); });
}

int64_t Database::LastInsertId() const { return sqlite3_last_insert_rowid(db_); }
int64_t Database::Changes() const { return sqlite3_changes64(db_); }
bool Database::InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }

Result<std::string> Database::RawBytes(std::size_t count) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  sqlite3_int64 size = 0;
  if (file == nullptr || file->pMethods == nullptr ||
      file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
    return Fail(ErrorCode::kIo, path_ + ": cannot be read");
  }
  std::string bytes(std::min(count, static_cast<std::size_t>(size)), '\0');
  if (file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), 0) != SQLITE_OK) {
    return Fail(ErrorCode::kIo, path_ + ": cannot be read");
  }
  return bytes;
}

Status Database::Checkpoint() {
  int frames = 0, moved = 0;
  if (sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &moved) !=
      SQLITE_OK) {
    return Failure(db_, path_);
  }
  if (frames == moved) log_frames_ = 0;
  return {};
}

void Database::FoldOnClose() {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

}  // namespace headroom
