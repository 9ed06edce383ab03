#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite as values and owned handles, no more: statements are prepared once, every failure is an
// Error that names the file. Threads: one at a time. Nothing here knows what is stored.
namespace headroom {

// One run of a prepared statement; it is reset when this goes, so that no read stays open. Binds
// and reads go from left to right. The first error of any step is returned by Next() or Run().
class Query {
 public:
  Query(sqlite3* db, sqlite3_stmt* statement, std::string_view path, int prepare_result);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& Bind(int64_t value);
  Query& Bind(std::string_view text);
  Query& Bind(std::optional<int64_t> value);
  Query& Bind(std::optional<std::string_view> text);
  Query& BindBlob(std::string_view bytes);

  Result<bool> Next();  // true: a row can be read
  Status Run();         // to its end, rows ignored

  int64_t Int();  // the next column; of the wrong type: 0
  std::optional<int64_t> MaybeInt();
  std::string Text();  // also of a blob; null: empty
  std::optional<std::string> MaybeText();

 private:
  Query& Checked(int result);
  bool NextIsNull() const;

  sqlite3* db_;
  sqlite3_stmt* statement_;
  std::string_view path_;
  int result_;
  int bound_ = 0;
  int column_ = 0;
};

class Database {
 public:
  // Opens a file that exists (":memory:" too). Takes no lock and reads no page yet.
  static Result<std::unique_ptr<Database>> Open(const std::string& path);
  // Leaves the log beside the file as it is, unless FoldOnClose was called.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Statements without parameters, separated by semicolons.
  Status Run(const std::string& script);
  // `sql` is prepared once and kept.
  Query Ask(std::string_view sql);
  // The single number or text that `sql` answers; nothing: 0 or empty.
  Result<int64_t> AskInt(std::string_view sql);
  Result<std::string> AskText(std::string_view sql);

  int64_t LastInsertId() const;
  int64_t Changes() const;
  bool InTransaction() const;

  // The file's first bytes as they lie on disk, not as the log has them; shorter at its end. Read
  // through SQLite's own descriptor: closing another one would drop the process's locks on the file
  // (fcntl(2)).
  Result<std::string> RawBytes(std::size_t count);

  // Frames of the write-ahead log that hold committed pages which are not yet in the file.
  int64_t log_frames() const { return log_frames_; }
  void set_log_frames(int64_t frames) { log_frames_ = frames; }
  // Moves them into the file, durably; the log is used again from its start.
  Status Checkpoint();
  // Closing then folds the log into the file and removes it.
  void FoldOnClose();

 private:
  Database(sqlite3* db, std::string path);

  sqlite3* const db_;
  const std::string path_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
  int64_t log_frames_ = 0;
};

}  // namespace headroom
