#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/api_error.h"
#include "daemon/past_attempt.h"

// JSON from a client -> finished attempts that another system has seen, checked. docs/api.md has
// the rules.
namespace headroom {

inline constexpr std::size_t kMostImportedAtOnce = 1000;

// The body of POST /v1/history. 422 with every problem.
ApiResult<std::vector<PastAttemptOfKey>> ReadHistoryBatch(const nlohmann::json& body);

}  // namespace headroom
