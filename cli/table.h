#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/look.h"

// Rows of text as aligned columns that fit the terminal. Pure; threads: any.
namespace headroom::cli {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
  // Narrowest the column may become when the terminal is too narrow; absent: it never shrinks.
  std::optional<int> shrinks_to;
};

struct Cell {
  std::string text;  // as it came; Render escapes it
  Tone tone = Tone::kPlain;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // each with a cell for every column
};

// A title line and one line a row, two spaces between columns, no line wider than the look's width.
// Columns that may shrink give way, widest first; what still does not fit is cut at the right edge.
std::string Render(const Table& table, const Look& look);

}  // namespace headroom::cli
