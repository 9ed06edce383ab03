#include "record/bytes.h"

#include <limits>

namespace headroom::record {
namespace {

constexpr int kBitsOfByte = 7;
constexpr uint64_t kMore = 0x80;

}  // namespace

void Writer::Put(uint64_t value) {
  for (; value >= kMore; value >>= kBitsOfByte) bytes_ += static_cast<char>(value | kMore);
  bytes_ += static_cast<char>(value);
}

void Writer::Put(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(bits >> shift & 0xff);
}

void Writer::Put(const std::string& text) {
  Put(uint64_t{text.size()});
  bytes_ += text;
}

void Reader::Fail() {
  failed_ = true;
  left_ = {};
}

std::string_view Reader::Take(uint64_t count) {
  if (count > left_.size()) {
    Fail();
    return {};
  }
  const std::string_view taken = left_.substr(0, count);
  left_.remove_prefix(count);
  return taken;
}

void Reader::Get(bool& value) {
  uint64_t number = 0;
  Get(number);
  if (number > 1) Fail();
  value = number == 1 && !failed_;
}

void Reader::Get(uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += kBitsOfByte) {
    const std::string_view byte = Take(1);
    if (byte.empty()) break;
    const uint64_t bits = static_cast<unsigned char>(byte.front());
    if (shift == 63 && bits > 1) break;
    value |= (bits & ~kMore) << shift;
    if ((bits & kMore) == 0) return;
  }
  value = 0;
  Fail();
}

void Reader::Get(int64_t& value) {
  uint64_t bits = 0;
  Get(bits);
  value = static_cast<int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
}

void Reader::Get(int32_t& value) {
  int64_t wide = 0;
  Get(wide);
  if (wide < std::numeric_limits<int32_t>::min() || wide > std::numeric_limits<int32_t>::max()) {
    wide = 0;
    Fail();
  }
  value = static_cast<int32_t>(wide);
}

void Reader::Get(double& value) {
  uint64_t bits = 0;
  const std::string_view taken = Take(sizeof(bits));
  for (std::size_t i = 0; i < taken.size(); ++i)
    bits |= uint64_t{static_cast<unsigned char>(taken[i])} << (8 * i);
  value = std::bit_cast<double>(bits);
}

void Reader::Get(std::string& text) {
  uint64_t size = 0;
  Get(size);
  text = Take(size);
}

}  // namespace headroom::record
