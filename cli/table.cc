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
    for (Cell& cell : line) {
      cell.text = Escape(cell.text);
      cell.brief = Escape(cell.brief);
    }
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

// The column that goes first; none: those that are left stay.
std::optional<std::size_t> NextToDrop(const std::vector<Column>& columns) {
  std::optional<std::size_t> next;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].drops > (next ? columns[*next].drops : 0)) next = i;
  }
  return next;
}

// Drops columns until the others fit; returns their widths.
std::vector<int> FitColumns(int width, std::vector<Column>* columns, std::vector<Line>* lines) {
  while (true) {
    std::vector<int> widths = NaturalWidths(*lines, columns->size());
    ShrinkToFit(*columns, width, &widths);
    const auto dropped = NextToDrop(*columns);
    if (Total(widths) <= width || !dropped) return widths;
    const auto at = static_cast<std::ptrdiff_t>(*dropped);
    columns->erase(columns->begin() + at);
    for (Line& line : *lines) line.erase(line.begin() + at);
  }
}

std::string FitCell(const Cell& cell, int room, const Look& look) {
  const bool fits = cell.brief.empty() || DisplayWidth(cell.text) <= room;
  return TruncateWords(fits ? cell.text : cell.brief, room, Ellipsis(look));
}

std::string RenderLine(const Line& line, const std::vector<Column>& columns,
                       const std::vector<int>& widths, const Look& look) {
  std::string text;
  int used = 0;     // columns written, without colours
  int pending = 0;  // spaces owed before the next text; none are left at the end of a line
  for (std::size_t i = 0; i < line.size(); ++i) {
    const int left = look.width ? *look.width - used - pending : widths[i];
    const int room = std::clamp(left, 0, widths[i]);
    const std::string cell = FitCell(line[i], room, look);
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
  std::vector<Line> lines = EscapedLines(table);
  std::vector<Column> columns = table.columns;
  const std::vector<int> widths =
      look.width ? FitColumns(*look.width, &columns, &lines) : NaturalWidths(lines, columns.size());
  std::string text;
  for (const Line& line : lines) text += RenderLine(line, columns, widths, look) + "\n";
  return text;
}

}  // namespace headroom::cli
