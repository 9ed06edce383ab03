#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admission/advice.h"
#include "admission/request.h"
#include "base/result.h"
#include "daemon/store.h"

// What is known of keys, for people who want to declare the right size.
namespace headroom {

struct KeyView {
  std::string key, tenant;
  AskedAmounts asked;  // by the last job
  KeyAdvice advice;
  std::optional<ResolvedRequest> next;  // of a job that declares the same

  bool operator==(const KeyView&) const = default;
};

// Without `next`; the key that wasted most comes first. Of the attempts that `query` lets through.
Result<std::vector<KeyView>> ViewKeys(Store& store, const HistoryQuery& query);

}  // namespace headroom
