#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>

#include "base/csv.h"
#include "simulator/tasks.h"

namespace headroom::sim {
namespace {

constexpr double kShortestSeconds = 1;
constexpr double kLongestSeconds = 1e9;
constexpr double kMostBytes = 0x1p60;

using Columns = std::map<std::string_view, std::size_t>;

// One line, read by the names of its columns.
class Row {
 public:
  Row(const Columns& columns, std::string_view line, std::size_t number)
      : columns_(columns), fields_(CsvFields(line)), number_(number) {}

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
  const std::vector<std::string_view> names = CsvFields(line);
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

// Null: it can be used.
const char* WhyLeftOut(const Task& task) {
  if (task.runtime_seconds < kShortestSeconds) return "ran for less than a second";
  if (task.peak_memory_bytes <= 0) return "its peak was not recorded";
  return nullptr;
}

}  // namespace

Result<std::vector<Task>> ParseTrace(std::string_view csv, std::vector<LeftOut>* left_out) {
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
    Task task{std::string(row.Text("name")),
              row.Number("runtime_seconds", kLongestSeconds),
              row.Number("avg_cpu_percent", 1e7),
              static_cast<int64_t>(row.Number("peak_memory_bytes", kMostBytes)),
              std::nullopt,
              number};
    if (timed) task.submit_seconds = row.Number("submit_seconds", kLongestSeconds);
    if (!row.problem().empty()) return Fail(ErrorCode::kInvalid, row.problem());
    if (const char* why = WhyLeftOut(task)) {
      if (left_out != nullptr) left_out->push_back({number, why});
      continue;
    }
    tasks.push_back(std::move(task));
  }
  if (tasks.empty())
    return Fail(ErrorCode::kInvalid, "no task that ran for a second and has a recorded peak");
  return tasks;
}

}  // namespace headroom::sim
