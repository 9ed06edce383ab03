#include "admission/oom.h"

#include <algorithm>

#include "admission/resources.h"
#include "base/units.h"

namespace headroom {

int64_t RaisedAfterOom(int64_t request_bytes, std::optional<int64_t> peak_bytes) {
  constexpr int64_t kStep = 100 * kMiB, kMost = INT64_MAX / 2;
  const int64_t request = std::clamp<int64_t>(request_bytes, 0, kMost);
  return std::max({request + request / 5, request + kStep, peak_bytes.value_or(0)});
}

void OomFloor::Add(std::optional<int64_t> raised_bytes) {
  since_ = raised_bytes ? 0 : since_ + 1;
  if (since_ == kShownOtherwise) bytes_.reset();
  if (raised_bytes) bytes_ = std::max(bytes_.value_or(0), *raised_bytes);
}

}  // namespace headroom
