#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

// The rows of an SQLite file as they lie on its pages, read without SQLite, which stops at the
// first page that is damaged. Format: sqlite.org/fileformat2.html.
namespace headroom {

struct RawValue {
  enum class Type { kNull, kInteger, kText, kBlob };
  Type type = Type::kNull;
  int64_t number = 0;
  std::string bytes;

  bool operator==(const RawValue&) const = default;
};

struct RawRow {
  int64_t rowid = 0;
  std::vector<RawValue> values;  // as stored: an INTEGER PRIMARY KEY is null here, and is the rowid
  bool current = true;           // false: a newer version of its page was in what the log lost
  int64_t page = 0;              // on which it begins
};

struct RawRowsReport {
  int64_t pages = 0;
  int64_t bad_pages = 0;  // that are not of any kind, or have rows that make no sense
  int64_t bad_rows = 0;
  bool log_is_damaged = false;
};

// Hands over every row of every table that still is a row, whatever became of the pages above it,
// in the newest version that the file and its log have; either may be missing. Which table a row is
// of shows only in its values. Rows that were deleted do not appear, because the file is written
// with secure_delete. Changes nothing. Fails only if it may not read at all.
Result<RawRowsReport> ReadRawRows(const std::string& path, const std::function<void(RawRow)>& take);

}  // namespace headroom
