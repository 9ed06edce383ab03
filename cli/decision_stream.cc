#include "cli/decision_stream.h"

#include <string_view>

#include "record/cycle_reader.h"
#include "record/frame.h"

namespace headroom::cli {
namespace {

// Looks at whole frames as they come in.
class Watch {
 public:
  explicit Watch(WallTime until) : until_(until) {}

  // Whether there is a cycle after `until` in it. A frame that is not whole or damaged is looked at
  // again with more bytes, and complained of by whoever reads all.
  bool HasPassed(std::string_view bytes) {
    std::string_view left = bytes.substr(seen_);
    while (const auto frame = record::TakeFrame(left)) {
      seen_ = bytes.size() - left.size();
      const auto at = record::TimeOf(*frame);
      if (at && *at > until_) return true;
    }
    return false;
  }

 private:
  const WallTime until_;
  std::size_t seen_ = 0;
};

}  // namespace

Outcome<std::string> FetchDecisions(Api& api, WallTime from, WallTime until) {
  auto piece = api.DecisionsAt(from);
  Watch watch(until);
  std::string bytes;
  while (piece) {
    bytes += piece->bytes;
    if (piece->complete || piece->bytes.empty() || watch.HasPassed(bytes)) return bytes;
    piece = api.DecisionsFrom(piece->next_offset);
  }
  return tl::unexpected<Failure>(piece.error());
}

}  // namespace headroom::cli
