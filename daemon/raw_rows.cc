#include "daemon/raw_rows.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "daemon/wal.h"

namespace headroom {
namespace {

constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr std::size_t kFileHeaderBytes = 100;  // at the start of page 1
constexpr std::size_t kLeafHeaderBytes = 8;
constexpr unsigned char kTableLeaf = 0x0d;
// The other kinds of page. 0 is an overflow page or one of the free list.
constexpr unsigned char kOtherKinds[] = {0x00, 0x02, 0x05, 0x0a};
constexpr uint64_t kMostPayload = 1 << 30;  // more than SQLite takes

// Reads from left to right; beyond its end everything is zero and `good` is false.
struct Cursor {
  std::string_view rest;
  bool good = true;

  std::string_view Take(uint64_t size) {
    if (size > rest.size()) {
      good = false;
      return {};
    }
    const std::string_view taken = rest.substr(0, static_cast<std::size_t>(size));
    rest.remove_prefix(taken.size());
    return taken;
  }
  uint64_t BigEndian(std::size_t bytes) {
    uint64_t value = 0;
    for (const char byte : Take(bytes)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
      const uint64_t byte = BigEndian(1);
      if (i == 8) return value << 8 | byte;
      value = value << 7 | (byte & 0x7f);
      if ((byte & 0x80) == 0) return value;
    }
    return value;
  }
  int64_t Integer(std::size_t bytes) {
    const std::size_t unused = 64 - 8 * bytes;
    return static_cast<int64_t>(BigEndian(bytes) << unused) >> unused;
  }
};

// One value by its serial type; absent: there is no such type in our tables.
std::optional<RawValue> TakeValue(Cursor& body, uint64_t type) {
  constexpr std::size_t kIntegerBytes[] = {0, 1, 2, 3, 4, 6, 8};
  if (type == 0) return RawValue{};
  if (type <= 6) return RawValue{RawValue::Type::kInteger, body.Integer(kIntegerBytes[type]), {}};
  if (type == 8 || type == 9) {
    return RawValue{RawValue::Type::kInteger, static_cast<int64_t>(type - 8), {}};
  }
  if (type < 12) return std::nullopt;
  const auto kind = type % 2 == 0 ? RawValue::Type::kBlob : RawValue::Type::kText;
  return RawValue{kind, 0, std::string(body.Take((type - 12) / 2))};
}

// A record is whole and exact, or none.
std::optional<std::vector<RawValue>> ParseRecord(std::string_view payload) {
  Cursor header{payload};
  const uint64_t header_size = header.Varint();
  const std::size_t size_bytes = payload.size() - header.rest.size();
  if (!header.good || header_size < size_bytes || header_size > payload.size()) return std::nullopt;
  header.rest = header.rest.substr(0, static_cast<std::size_t>(header_size) - size_bytes);
  Cursor body{payload.substr(static_cast<std::size_t>(header_size))};
  std::vector<RawValue> values;
  while (!header.rest.empty()) {
    auto value = TakeValue(body, header.Varint());
    if (!value || !header.good || !body.good) return std::nullopt;
    values.push_back(*std::move(value));
  }
  return body.rest.empty() ? std::optional(std::move(values)) : std::nullopt;
}

struct Page {
  std::string bytes;  // empty: cannot be read
  int64_t frame = 0;  // of the log; 0: it is from the file itself
};

// The file under its log.
class Pages {
 public:
  static Result<Pages> Open(const std::string& path) {
    auto logged = ReadLoggedPages(path);
    if (!logged) return tl::unexpected<Error>(logged.error());
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd && errno != ENOENT) return FailErrno(errno, "open " + path);
    return Pages(std::move(fd), *std::move(logged));
  }

  std::size_t page_size() const { return page_size_; }
  int64_t count() const { return count_; }
  int64_t lost_frame() const { return logged_.lost_frame; }

  Page Read(int64_t number) const {
    const auto logged = logged_.pages.find(number);
    if (logged != logged_.pages.end()) return {logged->second.bytes, logged->second.frame};
    std::string bytes(page_size_, '\0');
    const auto at = static_cast<off_t>(page_size_) * (number - 1);
    const bool whole = number >= 1 && fd_ &&
                       ::pread(fd_.get(), bytes.data(), bytes.size(), at) == std::ssize(bytes);
    return {whole ? std::move(bytes) : std::string(), 0};
  }

 private:
  Pages(UniqueFd fd, LoggedPages logged) : fd_(std::move(fd)), logged_(std::move(logged)) {
    page_size_ = static_cast<std::size_t>(
        HeaderPageSize().value_or(logged_.page_size.value_or(kUsualPageSize)));
    struct stat info {};
    if (fd_ && ::fstat(fd_.get(), &info) == 0) {
      count_ = info.st_size / static_cast<int64_t>(page_size_);
    }
    if (!logged_.pages.empty()) count_ = std::max(count_, logged_.pages.rbegin()->first);
  }

  std::optional<int64_t> HeaderPageSize() const {
    char header[kFileHeaderBytes];
    if (!fd_ || ::pread(fd_.get(), header, sizeof header, 0) != sizeof header) return std::nullopt;
    Cursor cursor{{header, sizeof header}};
    const bool ours = cursor.Take(kMagic.size()) == kMagic;
    const uint64_t size = cursor.BigEndian(2);
    if (!ours || size < 512 || !std::has_single_bit(size)) return std::nullopt;
    return static_cast<int64_t>(size);
  }

  static constexpr int64_t kUsualPageSize = 4096;

  UniqueFd fd_;
  LoggedPages logged_;
  std::size_t page_size_ = kUsualPageSize;
  int64_t count_ = 0;
};

// The payload of a cell that begins at `cell`, from its page and its overflow pages ("1.6. B-tree
// Pages"). `oldest` becomes the frame of the oldest page among them.
std::optional<std::string> TakePayload(const Pages& pages, Cursor& cell, uint64_t size,
                                       int64_t& oldest) {
  const uint64_t usable = pages.page_size(), most = usable - 35;
  uint64_t local = size;
  if (size > most) {
    const uint64_t least = (usable - 12) * 32 / 255 - 23;
    const uint64_t fitting = least + (size - least) % (usable - 4);
    local = fitting <= most ? fitting : least;
  }
  std::string payload(cell.Take(local));
  uint64_t next = local < size ? cell.BigEndian(4) : 0;
  while (cell.good && payload.size() < size) {
    const Page page = pages.Read(static_cast<int64_t>(next));
    if (page.bytes.empty()) return std::nullopt;
    Cursor overflow{page.bytes};
    next = overflow.BigEndian(4);
    payload += overflow.Take(std::min<uint64_t>(size - payload.size(), usable - 4));
    oldest = std::min(oldest, page.frame);
  }
  const bool ended = cell.good && next == 0 && payload.size() == size;
  return ended ? std::optional(std::move(payload)) : std::nullopt;
}

std::optional<RawRow> TakeRow(const Pages& pages, Cursor cell, int64_t frame) {
  const uint64_t size = cell.Varint();
  RawRow row;
  row.rowid = static_cast<int64_t>(cell.Varint());
  if (!cell.good || size > kMostPayload) return std::nullopt;
  int64_t oldest = frame;
  const auto payload = TakePayload(pages, cell, size, oldest);
  if (!payload) return std::nullopt;
  auto values = ParseRecord(*payload);
  if (!values || values->empty()) return std::nullopt;
  row.values = *std::move(values);
  row.current = oldest >= pages.lost_frame();
  return row;
}

// The rows of one leaf, in the order of their ids, or none at all: a page whose rows are not in
// order has been written over.
std::vector<RawRow> RowsOf(const Pages& pages, int64_t number, const Page& page, int64_t& bad) {
  const std::size_t start = number == 1 ? kFileHeaderBytes : 0;
  Cursor header{std::string_view(page.bytes).substr(start)};
  header.Take(3);
  const uint64_t cells = header.BigEndian(2);
  header.Take(kLeafHeaderBytes - 5);
  const std::size_t first = start + kLeafHeaderBytes + 2 * cells;
  std::vector<RawRow> rows;
  for (uint64_t i = 0; i < cells; ++i) {
    const uint64_t at = header.BigEndian(2);
    std::optional<RawRow> row;
    if (header.good && at >= first && at < page.bytes.size())
      row = TakeRow(pages, {std::string_view(page.bytes).substr(at)}, page.frame);
    if (!row) {
      ++bad;
      if (!header.good) break;
      continue;
    }
    row->page = number;
    rows.push_back(*std::move(row));
  }
  if (std::ranges::is_sorted(rows, std::ranges::less_equal(), &RawRow::rowid)) return rows;
  bad += std::ssize(rows);
  return {};
}

}  // namespace

Result<RawRowsReport> ReadRawRows(const std::string& path,
                                  const std::function<void(RawRow)>& take) {
  const auto pages = Pages::Open(path);
  if (!pages) return tl::unexpected<Error>(pages.error());
  RawRowsReport report;
  report.pages = pages->count();
  report.log_is_damaged = pages->lost_frame() > 0;
  for (int64_t number = 1; number <= pages->count(); ++number) {
    const Page page = pages->Read(number);
    const std::size_t start = number == 1 ? kFileHeaderBytes : 0;
    const auto kind = page.bytes.empty() ? '\xff' : page.bytes[start];
    const auto type = static_cast<unsigned char>(kind);
    int64_t bad = 0;
    if (type == kTableLeaf) {
      for (RawRow& row : RowsOf(*pages, number, page, bad)) take(std::move(row));
    } else if (std::ranges::find(kOtherKinds, type) == std::end(kOtherKinds)) {
      ++report.bad_pages;
    }
    report.bad_rows += bad;
    if (bad > 0) ++report.bad_pages;
  }
  return report;
}

}  // namespace headroom
