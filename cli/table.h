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
  // Where shrinking is not enough, whole columns go, the highest first; 0: it stays.
  int drops = 0;
};

struct Cell {
  std::string text;  // as it came; Render escapes it
  Tone tone = Tone::kPlain;
  std::string brief = {};  // said instead where the text does not fit; empty: the text is cut
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // each with a cell for every column
};

// A title line and one line a row, two spaces between columns, no line wider than the look's width.
// Columns that may shrink give way, widest first, then columns that may drop go; what still does
// not fit is cut at the right edge. Texts are cut between words.
std::string Render(const Table& table, const Look& look);

}  // namespace headroom::cli
