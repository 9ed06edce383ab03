#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "cli/text.h"

namespace headroom::cli {
namespace {

constexpr int kGap = 2;

using Line = std::vector<Cell>;

Line TitleLine(const Table& table) {
  Line line;
  for (const Column& column : table.columns) line.push_back({column.title, Tone::kStrong});
  return line;
}

std::vector<Line> EscapedLines(const Table& table) {
  std::vector<Line> lines{TitleLine(table)};
  lines.insert(lines.end(), table.rows.begin(), table.rows.end());
  for (Line& line : lines) {
    for (Cell& cell : line) cell.text = Escape(cell.text);
  }
  return lines;
}

std::vector<int> NaturalWidths(const std::vector<Line>& lines, std::size_t columns) {
  std::vector<int> widths(columns, 0);
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < columns; ++i)
      widths[i] = std::max(widths[i], DisplayWidth(line[i].text));
  }
  return widths;
}

int Total(const std::vector<int>& widths) {
  return std::accumulate(widths.begin(), widths.end(), 0) +
         kGap * (static_cast<int>(widths.size()) - 1);
}

// The widest column that can still give way; none: nothing can.
std::optional<std::size_t> WidestShrinkable(const std::vector<Column>& columns,
                                            const std::vector<int>& widths) {
  std::optional<std::size_t> widest;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].shrinks_to || widths[i] <= *columns[i].shrinks_to) continue;
    if (!widest || widths[i] > widths[*widest]) widest = i;
  }
  return widest;
}

void ShrinkToFit(const std::vector<Column>& columns, int width, std::vector<int>* widths) {
  while (Total(*widths) > width) {
    const auto widest = WidestShrinkable(columns, *widths);
    if (!widest) return;
    --(*widths)[*widest];
  }
}

std::string RenderLine(const Line& line, const std::vector<Column>& columns,
                       const std::vector<int>& widths, const Look& look) {
  std::string text;
  int used = 0;     // columns written, without colours
  int pending = 0;  // spaces owed before the next text; none are left at the end of a line
  for (std::size_t i = 0; i < line.size(); ++i) {
    const int left = look.width ? *look.width - used - pending : widths[i];
    const int room = std::clamp(left, 0, widths[i]);
    const std::string cell = Truncate(line[i].text, room, Ellipsis(look));
    const int padding = room - DisplayWidth(cell);
    if (columns[i].align == Align::kRight) pending += padding;
    if (!cell.empty()) {
      text.append(static_cast<std::size_t>(pending), ' ').append(Paint(cell, line[i].tone, look));
      used += pending + DisplayWidth(cell);
      pending = 0;
    }
    if (columns[i].align == Align::kLeft) pending += padding;
    pending += kGap;
  }
  return text;
}

}  // namespace

std::string Render(const Table& table, const Look& look) {
  const std::vector<Line> lines = EscapedLines(table);
  std::vector<int> widths = NaturalWidths(lines, table.columns.size());
  if (look.width) ShrinkToFit(table.columns, *look.width, &widths);
  std::string text;
  for (const Line& line : lines) text += RenderLine(line, table.columns, widths, look) + "\n";
  return text;
}

}  // namespace headroom::cli
