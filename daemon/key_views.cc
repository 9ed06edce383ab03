#include "daemon/key_views.h"

#include <algorithm>
#include <map>
#include <utility>

namespace headroom {
namespace {

// A peak without the page cache that nobody needed, instead of a growth: all keys are held at once.
void Shrink(FinishedAttempt& attempt) {
  const auto past = ToPast(attempt);
  if (past && !RaisedMemory(attempt))
    attempt.peak_memory_bytes = static_cast<int64_t>(past->peak.memory_bytes);
  attempt.growth.reset();
}

KeyView ViewOf(const std::string& key, std::vector<PastAttemptOfKey> past) {
  const PastAttemptOfKey& last = past.back();
  KeyView view;
  view.key = key;
  view.tenant = last.tenant;
  view.asked = {last.declared_memory_bytes, last.declared_cpu_millis, last.limit_memory_bytes};
  std::ranges::stable_sort(past, {}, [](const auto& one) { return one.attempt.started; });
  std::vector<FinishedAttempt> attempts;
  attempts.reserve(past.size());
  for (PastAttemptOfKey& one : past) attempts.push_back(std::move(one.attempt));
  view.advice = Advise(attempts, view.asked);
  return view;
}

}  // namespace

Result<std::vector<KeyView>> ViewKeys(Store& store, const HistoryQuery& query) {
  std::map<std::string, std::vector<PastAttemptOfKey>> keys;
  const auto take = [&](PastAttemptOfKey past) {
    Shrink(past.attempt);
    keys[past.key].push_back(std::move(past));
  };
  if (Status read = store.Histories(take, query); !read) return tl::unexpected(read.error());
  std::vector<KeyView> views;
  views.reserve(keys.size());
  for (auto& [key, past] : keys) views.push_back(ViewOf(key, std::move(past)));
  std::ranges::stable_sort(views, std::ranges::greater{},
                           [](const KeyView& view) { return view.advice.wasted_byte_seconds; });
  return views;
}

}  // namespace headroom
