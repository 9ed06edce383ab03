#include "admission/backfill.h"

#include <algorithm>

namespace headroom {
namespace {

bool Fits(const Head& head, const Lines& lines) {
  return !head.alone && !FirstShortfall(head.on_expected_line, lines.expected_free) &&
         !FirstShortfall(head.on_peak_line, lines.peak_free);
}

void Release(Lines& lines, const Ending& ending) {
  lines.expected_free += ending.expected_charge;
  lines.peak_free += ending.peak_charge;
}

// What stays free on both lines beside `head`; zero where it is itself short.
ResourceVector Spare(const Head& head, Lines lines) {
  lines.expected_free -= head.on_expected_line;
  lines.peak_free -= head.on_peak_line;
  const ResourceVector& expected = lines.expected_free;
  const ResourceVector& peak = lines.peak_free;
  const auto least = [](int64_t a, int64_t b) { return std::max<int64_t>(0, std::min(a, b)); };
  ResourceVector spare{least(expected.memory_bytes, peak.memory_bytes),
                       least(expected.cpu_millis, peak.cpu_millis), least(expected.pids, peak.pids),
                       expected.tokens};
  std::erase_if(spare.tokens, [](const TokenAmount& token) { return token.count < 0; });
  return spare;
}

}  // namespace

HeadGuard::HeadGuard(const Head& head, const Lines& lines, std::vector<Ending> endings,
                     TimePoint now)
    : now_(now) {
  reservation_.job = head.id;
  // A job that runs past its expected end may end at any time, like one that never told.
  const auto unknown = std::partition(endings.begin(), endings.end(),
                                      [&](const Ending& e) { return e.at && *e.at > now; });
  const bool all_known = unknown == endings.end();
  Lines future = lines;
  std::for_each(unknown, endings.end(), [&](const Ending& e) { Release(future, e); });
  endings.erase(unknown, endings.end());
  std::ranges::sort(endings, {}, &Ending::at);

  TimePoint opens_at = now;
  for (auto next = endings.begin(); next != endings.end() && !Fits(head, future);) {
    opens_at = *next->at;
    for (; next != endings.end() && next->at == opens_at; ++next) Release(future, *next);
  }
  opens_in_ = opens_at - now;

  if (Fits(head, future)) {
    opening_ = Opening::kOnLines;
    reservation_.spare = Spare(head, all_known ? future : lines);
  } else if (!FirstShortfall(head.on_peak_line, head.idle_room)) {
    opening_ = Opening::kWhenIdle;
  } else {
    reservation_.spare = Spare(Head{}, lines);
  }
  if (all_known && opening_ != Opening::kNever) reservation_.starts_by = opens_at;
}

void HeadGuard::PutOff(TimePoint opens_at) {
  opens_in_ = std::max(opens_in_, opens_at - now_);
  if (reservation_.starts_by) reservation_.starts_by = std::max(*reservation_.starts_by, opens_at);
}

bool HeadGuard::EndsInTime(std::optional<Duration> duration) const {
  return opening_ == Opening::kNever || (duration && *duration <= opens_in_);
}

bool HeadGuard::MayPass(std::optional<Duration> duration, const ResourceVector& needs) const {
  if (EndsInTime(duration)) return true;
  return opening_ == Opening::kOnLines && !FirstShortfall(needs, reservation_.spare);
}

void HeadGuard::Pass(std::optional<Duration> duration, const ResourceVector& needs) {
  if (!EndsInTime(duration)) reservation_.spare -= needs;
}

}  // namespace headroom
