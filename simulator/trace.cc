#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>

#include "simulator/tasks.h"

namespace headroom::sim {
namespace {

constexpr double kShortestSeconds = 1;
constexpr double kLongestSeconds = 1e9;
constexpr double kMostBytes = 0x1p60;

using Columns = std::map<std::string_view, std::size_t>;

// No field of a trace holds a comma or a quote.
std::vector<std::string_view> Fields(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t start = 0;;) {
    const std::size_t end = line.find(',', start);
    fields.push_back(line.substr(start, end == line.npos ? line.npos : end - start));
    if (end == line.npos) return fields;
    start = end + 1;
  }
}

std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// One line, read by the names of its columns.
class Row {
 public:
  Row(const Columns& columns, std::string_view line, std::size_t number)
      : columns_(columns), fields_(Fields(line)), number_(number) {}

  std::string_view Text(std::string_view name) const {
    const auto column = columns_.find(name);
    return column == columns_.end() || column->second >= fields_.size() ? std::string_view()
                                                                        : fields_[column->second];
  }
  // Absent and empty are 0: "not recorded".
  double Number(std::string_view name, double most) {
    const std::string_view text = Text(name);
    if (text.empty()) return 0;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (whole && value >= 0 && value <= most) return value;
    problem_ = fmt::format("line {}, {}: expected a number from 0 to {:g}, got {:?}", number_, name,
                           most, text.substr(0, 40));
    return 0;
  }
  bool IsWhole() const { return fields_.size() == columns_.size(); }
  const std::string& problem() const { return problem_; }

 private:
  const Columns& columns_;
  const std::vector<std::string_view> fields_;
  const std::size_t number_;
  std::string problem_;
};

Result<Columns> ReadHeader(std::string_view line) {
  Columns columns;
  const std::vector<std::string_view> names = Fields(line);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!columns.emplace(names[i], i).second)
      return Fail(ErrorCode::kInvalid, fmt::format("line 1: two columns {:?}", names[i]));
  }
  for (const char* needed : {"name", "runtime_seconds", "peak_memory_bytes"}) {
    if (!columns.contains(needed))
      return Fail(ErrorCode::kInvalid, fmt::format("line 1: expected a column \"{}\"", needed));
  }
  return columns;
}

}  // namespace

Result<std::vector<Task>> ParseTrace(std::string_view csv) {
  const auto columns = ReadHeader(TakeLine(csv));
  if (!columns) return tl::unexpected(columns.error());
  const bool timed = columns->contains("submit_seconds");
  std::vector<Task> tasks;
  for (std::size_t number = 2; !csv.empty(); ++number) {
    const std::string_view line = TakeLine(csv);
    if (line.empty()) continue;
    Row row(*columns, line, number);
    if (!row.IsWhole())
      return Fail(ErrorCode::kInvalid,
                  fmt::format("line {}: expected {} fields", number, columns->size()));
    Task task{std::string(row.Text("name")), row.Number("runtime_seconds", kLongestSeconds),
              row.Number("avg_cpu_percent", 1e7),
              static_cast<int64_t>(row.Number("peak_memory_bytes", kMostBytes)), std::nullopt};
    if (timed) task.submit_seconds = row.Number("submit_seconds", kLongestSeconds);
    if (!row.problem().empty()) return Fail(ErrorCode::kInvalid, row.problem());
    if (task.runtime_seconds >= kShortestSeconds && task.peak_memory_bytes > 0)
      tasks.push_back(std::move(task));
  }
  if (tasks.empty())
    return Fail(ErrorCode::kInvalid, "no task that ran for a second and has a recorded peak");
  return tasks;
}

}  // namespace headroom::sim
