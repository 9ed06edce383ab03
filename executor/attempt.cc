#include "executor/attempt.h"

#include <charconv>

namespace headroom {

std::string ToString(const AttemptId& id) {
  return std::to_string(id.job.value) + "-" + std::to_string(id.number);
}

std::optional<AttemptId> ParseAttemptId(std::string_view text) {
  AttemptId id;
  const char* const end = text.data() + text.size();
  const auto [dash, job_error] = std::from_chars(text.data(), end, id.job.value);
  if (job_error != std::errc() || dash == end || *dash != '-' || id.job.value <= 0)
    return std::nullopt;
  const auto [rest, number_error] = std::from_chars(dash + 1, end, id.number);
  if (number_error != std::errc() || rest != end || id.number <= 0) return std::nullopt;
  return ToString(id) == text ? std::optional(id) : std::nullopt;
}

const char* ToString(OomCause cause) {
  switch (cause) {
    case OomCause::kNone:
      return "none";
    case OomCause::kJobLimit:
      return "job_limit";
    case OomCause::kPoolLimit:
      return "pool_limit";
    case OomCause::kHost:
      return "host";
  }
  return "none";
}

}  // namespace headroom
