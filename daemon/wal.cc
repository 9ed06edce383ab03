#include "daemon/wal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/fd.h"

namespace headroom {
namespace {

constexpr int64_t kHeaderBytes = 32;
constexpr int64_t kFrameHeaderBytes = 24;
constexpr uint32_t kMagic = 0x377f0682;  // its lowest bit: checksums count in big-endian words
constexpr uint32_t kFormat = 3007000;

using Bytes = const unsigned char*;

uint32_t BigEndian(Bytes at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | uint32_t{at[3]};
}

uint32_t LittleEndian(Bytes at) {
  return uint32_t{at[3]} << 24 | uint32_t{at[2]} << 16 | uint32_t{at[1]} << 8 | uint32_t{at[0]};
}

struct Checksum {
  uint32_t first = 0, second = 0;
  bool operator==(const Checksum&) const = default;
};

Checksum StoredChecksum(Bytes at) { return {BigEndian(at), BigEndian(at + 4)}; }

Checksum Continue(Checksum sum, Bytes at, int64_t size, bool big_endian) {
  for (const Bytes end = at + size; at != end; at += 8) {
    sum.first += (big_endian ? BigEndian(at) : LittleEndian(at)) + sum.second;
    sum.second += (big_endian ? BigEndian(at + 4) : LittleEndian(at + 4)) + sum.first;
  }
  return sum;
}

struct Header {
  bool big_endian = false;
  int64_t page_size = 0;
  uint32_t salt1 = 0, salt2 = 0;
  Checksum checksum;
};

std::optional<Header> ParseHeader(Bytes at) {
  const uint32_t magic = BigEndian(at);
  const Header header{(magic & 1) != 0, BigEndian(at + 8), BigEndian(at + 16), BigEndian(at + 20),
                      StoredChecksum(at + 24)};
  const auto page_size = static_cast<uint64_t>(header.page_size);
  if ((magic & ~1U) != kMagic || BigEndian(at + 4) != kFormat) return std::nullopt;
  if (page_size < 512 || page_size > 65536 || !std::has_single_bit(page_size)) return std::nullopt;
  if (Continue({}, at, kHeaderBytes - 8, header.big_endian) != header.checksum) return std::nullopt;
  return header;
}

Status ReadAt(int fd, int64_t offset, std::vector<unsigned char>& into, const std::string& log) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n =
        ::pread(fd, into.data() + done, into.size() - done, offset + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno(errno, "read " + log);
    if (n == 0) return Fail(ErrorCode::kIo, "read " + log + ": it shrank meanwhile");
    done += static_cast<std::size_t>(n);
  }
  return {};
}

// Walks the frames: first while they hold, then counting transactions that ended behind the first
// one that does not.
struct Walk {
  Header header;
  Checksum checksum;
  bool holds = true;
  int64_t index = 0, whole = 0;
  int64_t ended_behind = 0;

  void Take(Bytes frame) {
    ++index;
    const bool ours = BigEndian(frame + 8) == header.salt1 && BigEndian(frame + 12) == header.salt2;
    const bool ends_transaction = BigEndian(frame + 4) != 0;
    if (holds) {
      checksum = Continue(checksum, frame, 8, header.big_endian);
      checksum = Continue(checksum, frame + kFrameHeaderBytes, header.page_size, header.big_endian);
      holds = ours && checksum == StoredChecksum(frame + 16);
      if (holds && ends_transaction) whole = index;
    }
    if (!holds && ours && ends_transaction) ++ended_behind;
  }
};

// One frame by itself, for a salvage.
struct Frame {
  int64_t page = 0;
  bool ends_transaction = false;
  uint32_t salt1 = 0, salt2 = 0;
  bool continues = false;  // its checksum goes on from the one that the frame before it has stored

  bool IsOf(const Frame& other) const { return salt1 == other.salt1 && salt2 == other.salt2; }
};

constexpr int64_t kUsualPageSize = 4096;

Result<std::vector<Frame>> ReadEachFrame(int fd, int64_t size, const std::string& log,
                                         const std::optional<Header>& header) {
  const int64_t page_size = header ? header->page_size : kUsualPageSize;
  const bool big_endian = header ? header->big_endian : std::endian::native == std::endian::big;
  std::optional<Checksum> before = header ? std::optional(header->checksum) : std::nullopt;
  std::vector<Frame> frames;
  std::vector<unsigned char> bytes(static_cast<std::size_t>(kFrameHeaderBytes + page_size));
  const auto step = static_cast<int64_t>(bytes.size());
  for (int64_t at = kHeaderBytes; at + step <= size; at += step) {
    if (Status read = ReadAt(fd, at, bytes, log); !read) {
      frames.emplace_back();  // a bad sector
      before.reset();
      continue;
    }
    const Bytes frame = bytes.data();
    const Checksum stored = StoredChecksum(frame + 16);
    bool continues = false;
    if (before) {
      const Checksum head = Continue(*before, frame, 8, big_endian);
      continues = Continue(head, frame + kFrameHeaderBytes, page_size, big_endian) == stored;
    }
    before = stored;
    frames.push_back({BigEndian(frame), BigEndian(frame + 4) != 0, BigEndian(frame + 8),
                      BigEndian(frame + 12), continues});
  }
  return frames;
}

// What the frames of this log have in common; those behind its end are of an older one.
Frame SaltsOf(const std::optional<Header>& header, const std::vector<Frame>& frames) {
  if (header) return {0, false, header->salt1, header->salt2, false};
  for (std::size_t i = 1; i < frames.size(); ++i) {
    if (frames[i].continues && frames[i].IsOf(frames[i - 1])) return frames[i];
  }
  return {};
}

// How many frames count, and which of them is the last that was lost. What can be the torn end of a
// power cut is no loss (Walk).
struct Extent {
  std::size_t frames = 0, last_lost = 0;
};
Extent ExtentOf(const std::vector<Frame>& frames, const Frame& salts, bool has_header) {
  Extent all, before_damage;
  int64_t ended_behind = 0;
  bool holds = has_header;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool ours = frames[i].IsOf(salts), good = ours && frames[i].continues;
    holds = holds && good;
    if (good && frames[i].ends_transaction) all.frames = i + 1;
    if (holds) before_damage = all;
    if (!holds && ours && frames[i].ends_transaction) ++ended_behind;
  }
  if (has_header && ended_behind <= 1) return before_damage;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool ours = frames[i].IsOf(salts);
    if ((ours && !frames[i].continues) || (!ours && i < all.frames)) all.last_lost = i + 1;
  }
  if (!has_header && all.frames == 0) all.last_lost = frames.size();
  return all;
}

Result<WalExtent> ReadFrames(int fd, int64_t size, const std::string& log) {
  std::vector<unsigned char> header_bytes(kHeaderBytes);
  if (size < kHeaderBytes) return WalExtent{};
  if (Status read = ReadAt(fd, 0, header_bytes, log); !read)
    return tl::unexpected<Error>(read.error());
  const auto header = ParseHeader(header_bytes.data());
  if (!header) {
    // SQLite syncs the header before the first frame, so a log with content has a whole one.
    if (size <= kHeaderBytes + kFrameHeaderBytes) return WalExtent{};
    return Fail(ErrorCode::kCorrupt, log + ": its header is damaged");
  }
  Walk walk{*header, header->checksum};
  std::vector<unsigned char> frame(static_cast<std::size_t>(kFrameHeaderBytes + header->page_size));
  const auto step = static_cast<int64_t>(frame.size());
  for (int64_t at = kHeaderBytes; at + step <= size; at += step) {
    if (Status read = ReadAt(fd, at, frame, log); !read) return tl::unexpected<Error>(read.error());
    walk.Take(frame.data());
  }
  if (walk.ended_behind > 1) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{}: frame {} is damaged and {} later transactions depend on it", log,
                            walk.whole + 1, walk.ended_behind));
  }
  return WalExtent{walk.whole, WalBytes(walk.whole, header->page_size)};
}

}  // namespace

int64_t WalBytes(int64_t frames, int64_t page_size) {
  return frames == 0 ? 0 : kHeaderBytes + frames * (kFrameHeaderBytes + page_size);
}

Result<WalExtent> ReadWal(const std::string& path) {
  const std::string log = path + "-wal";
  UniqueFd fd(::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return WalExtent{};
  if (!fd) return FailErrno(errno, "open " + log);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FailErrno(errno, "stat " + log);
  return ReadFrames(fd.get(), info.st_size, log);
}

Result<LoggedPages> ReadLoggedPages(const std::string& path) {
  const std::string log = path + "-wal";
  UniqueFd fd(::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return LoggedPages{};
  if (!fd) return FailErrno(errno, "open " + log);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FailErrno(errno, "stat " + log);
  if (info.st_size < kHeaderBytes) return LoggedPages{};
  std::vector<unsigned char> bytes(kHeaderBytes);
  const bool read_header = ReadAt(fd.get(), 0, bytes, log).has_value();
  const auto header = read_header ? ParseHeader(bytes.data()) : std::nullopt;
  const auto frames = ReadEachFrame(fd.get(), info.st_size, log, header);
  if (!frames) return tl::unexpected<Error>(frames.error());
  const Frame salts = SaltsOf(header, *frames);
  const Extent extent = ExtentOf(*frames, salts, header.has_value());

  LoggedPages logged;
  const int64_t page_size = header ? header->page_size : kUsualPageSize;
  if (header) logged.page_size = page_size;
  logged.lost_frame = static_cast<int64_t>(extent.last_lost);
  bytes.resize(static_cast<std::size_t>(page_size));
  for (std::size_t i = 0; i < extent.frames; ++i) {
    const Frame& frame = (*frames)[i];
    if (!frame.continues || !frame.IsOf(salts)) continue;
    const auto number = static_cast<int64_t>(i) + 1;
    const int64_t at = WalBytes(number, page_size) - page_size;
    if (Status read = ReadAt(fd.get(), at, bytes, log); !read) continue;
    logged.pages[frame.page] = {number, {bytes.begin(), bytes.end()}};
  }
  return logged;
}

Status CutWal(const std::string& path, int64_t bytes) {
  const std::string log = path + "-wal";
  UniqueFd fd(::open(log.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return {};
  if (!fd) return FailErrno(errno, "open " + log);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FailErrno(errno, "stat " + log);
  if (info.st_size > bytes && ::ftruncate(fd.get(), bytes) != 0) {
    return FailErrno(errno, "truncate " + log);
  }
  if (::fsync(fd.get()) != 0) return FailErrno(errno, "fsync " + log);
  return {};
}

}  // namespace headroom
