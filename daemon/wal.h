#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"

// What lies in a write-ahead log, read before SQLite does. SQLite itself drops everything after the
// first frame whose checksum is wrong, without a word: right for the torn tail of a power cut (F9),
// but a flipped bit in the middle would take acknowledged jobs with it (F8). Format:
// sqlite.org/fileformat2.html, "The Write-Ahead Log".
namespace headroom {

struct WalExtent {
  int64_t frames = 0;  // up to the end of the last whole transaction
  int64_t bytes = 0;   // the same as the length of the file
};

// Reads the log of the database `path`; none is an empty one. Fails with kCorrupt when transactions
// that were synced are damaged: each is synced before the next begins, so what a power cut tears is
// never more than the last one.
Result<WalExtent> ReadWal(const std::string& path);

// What a salvage can take from a damaged log: of each page the newest version that was committed
// and still has its checksum, also behind a frame that is damaged.
struct LoggedPages {
  struct Page {
    int64_t frame = 0;
    std::string bytes;
  };
  std::optional<int64_t> page_size;  // absent: there is no log, or its header is lost
  std::map<int64_t, Page> pages;     // by page number
  // The last frame that was committed and cannot be read; 0: none. Nobody knows which page it held,
  // so any version from before it may be out of date.
  int64_t lost_frame = 0;
};
Result<LoggedPages> ReadLoggedPages(const std::string& path);

// Cuts the log of `path` to `bytes`, durably. Transactions behind it are gone for good.
Status CutWal(const std::string& path, int64_t bytes);

// The length of a log of so many frames.
int64_t WalBytes(int64_t frames, int64_t page_size);

}  // namespace headroom
