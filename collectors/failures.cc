#include "collectors/failures.h"

#include <fmt/format.h>

namespace headroom {

void FailureLog::Add(Source source, const std::string& path, const Error& error) {
  const auto index = static_cast<std::size_t>(source);
  if (counts_[index]++ > 0) return;
  into_.push_back({kCollectorNames[index], fmt::format("{}: {}", path, error.message)});
}

void FailureLog::Finish() {
  for (CollectorFailure& failure : into_) {
    for (std::size_t i = 0; i < std::size(counts_); ++i) {
      if (failure.collector != kCollectorNames[i] || counts_[i] < 2) continue;
      failure.message += fmt::format(" (and {} more)", counts_[i] - 1);
    }
  }
}

}  // namespace headroom
