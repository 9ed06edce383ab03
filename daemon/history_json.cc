#include "daemon/history_json.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/name.h"
#include "daemon/object_reader.h"

namespace headroom {
namespace {

using nlohmann::json;

constexpr int64_t kMostMemory = int64_t{1} << 50;
constexpr double kMostSeconds = 365.0 * 86'400;
constexpr double kMostCores = 10'000;
constexpr double kMostCpuSeconds = kMostSeconds * kMostCores;
constexpr int64_t kLatestStart = 253'402'300'799;  // of the year 9999

// Whole or not; with `positive` not 0 either.
std::optional<double> ReadSeconds(ObjectReader& reader, const std::string& key, double most,
                                  bool positive) {
  const json* value = reader.Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) {
    const double seconds = value->get<double>();
    if ((positive ? seconds > 0 : seconds >= 0) && seconds <= most) return seconds;
  }
  reader.Complain(key, fmt::format("expected seconds as a number {} 0 and at most {:.0f}",
                                   positive ? "above" : "from", most));
  return std::nullopt;
}

std::string ReadName(ObjectReader& reader, const std::string& key) {
  const auto name = reader.Text(key);
  if (!name) return {};
  if (const Status checked = CheckName(*name); !checked)
    reader.Complain(key, checked.error().message);
  return *name;
}

std::string NeedName(ObjectReader& reader, const std::string& key, const char* what) {
  std::string name = ReadName(reader, key);
  if (reader.Find(key) == nullptr) reader.Complain(key, std::string("needed: ") + what);
  return name;
}

PastAttemptOfKey ReadAttempt(ObjectReader& reader) {
  PastAttemptOfKey past;
  past.origin = NeedName(reader, "origin", "a name of its own, by which it is known again");
  past.key = NeedName(reader, "key", "what history is kept by");
  past.tenant = ReadName(reader, "tenant");
  FinishedAttempt& attempt = past.attempt;
  const auto seconds = ReadSeconds(reader, "duration_seconds", kMostSeconds, true);
  if (reader.Find("duration_seconds") == nullptr)
    reader.Complain("duration_seconds", "needed: how long it ran");
  if (seconds)
    attempt.duration = std::chrono::ceil<Duration>(std::chrono::duration<double>(*seconds));
  attempt.peak_memory_bytes = reader.Integer("peak_memory_bytes", 1, kMostMemory);
  if (reader.Find("peak_memory_bytes") == nullptr)
    reader.Complain("peak_memory_bytes", "needed: the most memory that it used");
  if (const auto cpu = ReadSeconds(reader, "cpu_seconds", kMostCpuSeconds, false))
    attempt.cpu_usec = std::llround(*cpu * 1e6);
  if (attempt.cpu_usec && seconds &&
      static_cast<double>(*attempt.cpu_usec) > *seconds * kMostCores * 1e6)
    reader.Complain("cpu_seconds",
                    fmt::format("expected at most {:.0f} cores in duration_seconds", kMostCores));
  if (const auto at = reader.Integer("started_unix_seconds", 0, kLatestStart))
    attempt.started = WallTime(std::chrono::seconds(*at));
  reader.Finish();
  return past;
}

}  // namespace

ApiResult<std::vector<PastAttemptOfKey>> ReadHistoryBatch(const json& body) {
  std::vector<RequestProblem> problems;
  ObjectReader batch(body, "", problems);
  const json* items = batch.Find("attempts");
  batch.Finish();
  if (items == nullptr || !items->is_array() || items->size() > kMostImportedAtOnce) {
    batch.Complain("attempts",
                   fmt::format("expected a list of at most {} attempts", kMostImportedAtOnce));
    return RefuseFor(422, std::move(problems));
  }
  std::vector<PastAttemptOfKey> attempts;
  attempts.reserve(items->size());
  for (const json& item : *items) {
    ObjectReader reader(item, fmt::format("/attempts/{}", attempts.size()), problems);
    attempts.push_back(ReadAttempt(reader));
  }
  if (!problems.empty()) return RefuseFor(422, std::move(problems));
  return attempts;
}

}  // namespace headroom
