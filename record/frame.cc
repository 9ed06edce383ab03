#include "record/frame.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>

namespace headroom::record {
namespace {

constexpr uint8_t kVersion = 1;
constexpr std::size_t kBeforeSum = 6, kHeader = 10;
constexpr std::size_t kMostPayload = 256u << 20;

void PutWord(std::string& bytes, uint32_t word) {
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xff);
}

uint32_t WordAt(std::string_view bytes, std::size_t at) {
  uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i)
    word |= uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return word;
}

uint32_t SumOf(std::string_view before, std::string_view payload) {
  const auto add = [](uLong sum, std::string_view bytes) {
    return ::crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  };
  return static_cast<uint32_t>(add(add(0, before), payload));
}

}  // namespace

std::string Framed(Kind kind, std::string_view payload) {
  std::string bytes{static_cast<char>(kVersion), static_cast<char>(kind)};
  PutWord(bytes, static_cast<uint32_t>(payload.size()));
  PutWord(bytes, SumOf(bytes, payload));
  bytes += payload;
  return bytes;
}

Result<Frame> TakeFrame(std::string_view& bytes) {
  const auto bad = [](std::string what) { return Fail(ErrorCode::kCorrupt, std::move(what)); };
  if (bytes.size() < kHeader)
    return bad(fmt::format("record of {} bytes: expected {} and more", bytes.size(), kHeader));
  const auto version = static_cast<uint8_t>(bytes[0]), kind = static_cast<uint8_t>(bytes[1]);
  if (version != kVersion)
    return bad(fmt::format("record of version {}: expected {}", version, kVersion));
  const std::size_t size = WordAt(bytes, 2);
  if (size > kMostPayload || size > bytes.size() - kHeader)
    return bad(fmt::format("record says {} bytes, and {} are there", size, bytes.size() - kHeader));
  const std::string_view payload = bytes.substr(kHeader, size);
  if (WordAt(bytes, kBeforeSum) != SumOf(bytes.substr(0, kBeforeSum), payload))
    return bad("record is not what was written: its checksum differs");
  if (kind < static_cast<uint8_t>(Kind::kBase) || kind > static_cast<uint8_t>(Kind::kCycle))
    return bad(fmt::format("record of unknown kind {}", kind));
  bytes.remove_prefix(kHeader + size);
  return Frame{static_cast<Kind>(kind), payload};
}

}  // namespace headroom::record
