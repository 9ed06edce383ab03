#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// What is around each record: version, kind, length, CRC-32 of all that, then the payload. Pure.
namespace headroom::record {

enum class Kind : uint8_t {
  kBase = 1,        // what was remembered of every key
  kCheckpoint = 2,  // what else a replay starts from
  kCycle = 3,       // one cycle, as what is different from the last
};

struct Frame {
  Kind kind = Kind::kCycle;
  std::string_view payload;
};

std::string Framed(Kind kind, std::string_view payload);

// Takes the first frame off `bytes`. kCorrupt says what is wrong with it: a byte that changed, a
// length beyond the end, a version or a kind that this daemon does not know.
Result<Frame> TakeFrame(std::string_view& bytes);

}  // namespace headroom::record
