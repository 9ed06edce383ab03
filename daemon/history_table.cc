#include "daemon/history_table.h"

#include <algorithm>
#include <vector>

namespace headroom {
namespace {

// The smallest duration that nine of ten attempts did not exceed (nearest rank).
Duration Percentile90(std::vector<int64_t> durations_ns) {
  const std::size_t rank = (durations_ns.size() * 9 + 9) / 10;
  const auto nth = durations_ns.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(durations_ns.begin(), nth, durations_ns.end());
  return Duration(*nth);
}

// An attempt's average: the kernel keeps no peak of CPU use. Rounded up, so that use is never zero.
std::optional<int64_t> AverageCpuMillis(std::optional<int64_t> cpu_usec, int64_t duration_ns) {
  const int64_t duration_usec = duration_ns / 1000;
  if (!cpu_usec || duration_usec <= 0) return std::nullopt;
  constexpr int64_t kMillis = 1000;
  const int64_t whole = *cpu_usec / duration_usec, rest = *cpu_usec % duration_usec;
  return whole * kMillis + (rest * kMillis + duration_usec - 1) / duration_usec;
}

void Raise(std::optional<int64_t>& peak, std::optional<int64_t> value) {
  if (value) peak = std::max(peak.value_or(*value), *value);
}

}  // namespace

Result<std::optional<KeyHistory>> ReadHistory(Database& db, const std::string& key) {
  Query rows = db.Ask(
      "SELECT duration_ns, peak_memory_bytes, peak_pids, cpu_usec FROM history WHERE key = ?");
  rows.Bind(std::string_view(key));
  KeyHistory history;
  std::vector<int64_t> durations_ns;
  for (;;) {
    const auto more = rows.Next();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) break;
    durations_ns.push_back(rows.Int());
    Raise(history.peak_memory_bytes, rows.MaybeInt());
    Raise(history.peak_pids, rows.MaybeInt());
    Raise(history.peak_cpu_millis, AverageCpuMillis(rows.MaybeInt(), durations_ns.back()));
  }
  if (durations_ns.empty()) return std::optional<KeyHistory>();
  history.attempts = std::ssize(durations_ns);
  history.duration = Percentile90(std::move(durations_ns));
  return std::optional(history);
}

Status AddToHistory(Database& db, const std::string& key, const AttemptUsage& usage,
                    Duration duration) {
  Query insert = db.Ask(
      "INSERT INTO history (key, duration_ns, peak_memory_bytes, peak_pids, cpu_usec)"
      " VALUES (?, ?, ?, ?, ?)");
  insert.Bind(std::string_view(key)).Bind(int64_t{duration.count()});
  insert.Bind(usage.peak_memory_bytes).Bind(usage.peak_pids).Bind(usage.cpu_usec);
  if (Status added = insert.Run(); !added) return added;
  return db
      .Ask(
          "DELETE FROM history WHERE key = ?1 AND id <= (SELECT id FROM history WHERE key = ?1"
          " ORDER BY id DESC LIMIT 1 OFFSET ?2)")
      .Bind(std::string_view(key))
      .Bind(kHistoryPerKey)
      .Run();
}

}  // namespace headroom
