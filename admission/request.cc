#include "admission/request.h"

#include <algorithm>

namespace headroom {
namespace {

struct Resolved {
  int64_t amount = 0;
  RequestSource source = RequestSource::kDefault;
};

// `most` bounds what history may ask for: a job that has run must not become unschedulable.
Resolved ResolveOne(std::optional<int64_t> declared, std::optional<int64_t> learned,
                    const AmountOrShare& otherwise, int64_t capacity, int64_t reserve) {
  if (declared) return {*declared, RequestSource::kDeclared};
  const int64_t most = std::max<int64_t>(0, capacity - reserve);
  if (learned) return {std::min(*learned, most), RequestSource::kHistory};
  return {Resolve(otherwise, capacity), RequestSource::kDefault};
}

}  // namespace

std::string_view ToString(RequestSource source) {
  switch (source) {
    case RequestSource::kDeclared:
      return "declared";
    case RequestSource::kHistory:
      return "history";
    case RequestSource::kDefault:
      return "default";
  }
  return "default";
}

ResolvedRequest ResolveRequest(const DeclaredRequest& declared,
                               const std::optional<KeyHistory>& history, const Policy& policy,
                               const ResourceVector& capacity) {
  const bool enough = history && history->attempts >= policy.history_min_attempts;
  const KeyHistory known = enough ? *history : KeyHistory{};
  const DefaultRequest& otherwise = policy.default_request;
  const Resolved memory =
      ResolveOne(declared.memory_bytes, known.peak_memory_bytes, otherwise.memory,
                 capacity.memory_bytes, policy.reserve_memory_bytes);
  const Resolved cpu = ResolveOne(declared.cpu_millis, known.peak_cpu_millis, otherwise.cpu,
                                  capacity.cpu_millis, policy.reserve_cpu_millis);
  const Resolved pids =
      ResolveOne(declared.pids, known.peak_pids, otherwise.pids, capacity.pids, 0);

  ResolvedRequest resolved{
      {memory.amount, cpu.amount, pids.amount, {}}, memory.source, cpu.source, pids.source};
  ResourceVector tokens;
  tokens.tokens = declared.tokens;
  resolved.request += tokens;
  return resolved;
}

int64_t Resolve(const AmountOrShare& amount, int64_t whole) {
  return amount.share ? Scale(whole, *amount.share) : amount.amount;
}

}  // namespace headroom
