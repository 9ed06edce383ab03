#include <variant>

#include "daemon/api_call.h"

// The endpoint of the decision log, which whoever asks decides again by himself (record/replay.h):
// a day of it would keep the daemon from its cycles.
namespace headroom {
namespace {

constexpr int64_t kMostBytes = 1 << 20;
// The year 9999: later is a mistake.
constexpr int64_t kLatestMs = 253'402'300'799'000;

}  // namespace

Answer ReadDecisions(ApiContext& api, const ApiCall& call) {
  ParameterReader reader(call.target);
  const auto at = reader.Integer("at_ms", 0, kLatestMs);
  const auto offset = reader.Integer("offset", 0, INT64_MAX / 2);
  const auto limit = reader.Integer("limit", 1, kMostBytes).value_or(kMostBytes);
  if (at && offset) reader.Complain("offset", "expected it or at_ms, not both");
  if (auto problems = reader.Finish(); !problems.empty())
    return RefuseFor(400, std::move(problems));
  std::variant<int64_t, WallTime> from;
  if (offset)
    from = *offset;
  else
    from = WallTime(WallTime::duration(at.value_or(0)));
  auto piece = api.service.ReadDecisions(call.caller, from, static_cast<std::size_t>(limit));
  if (!piece) return tl::unexpected(FromError(piece.error()));
  const int64_t next = piece->offset + std::ssize(piece->bytes);
  return HttpResponse{200,
                      "application/octet-stream",
                      {{"X-Headroom-Offset-Next", std::to_string(next)},
                       {"X-Headroom-Complete", piece->complete ? "true" : "false"}},
                      std::move(piece->bytes)};
}

}  // namespace headroom
