#include "cli/table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/text.h"

namespace headroom::cli {
namespace {

Table Jobs() {
  return {{{"ID", Align::kRight, {}}, {"NAME", Align::kLeft, 4}, {"WHY", Align::kLeft, 5}},
          {{{"1"}, {"short"}, {"waits for memory"}}, {{"200"}, {"a-long-name-here"}, {""}}}};
}

int WidestLine(const std::string& text) {
  std::istringstream lines(text);
  int widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, DisplayWidth(line));
  return widest;
}

TEST(Table, AlignsItsColumns) {
  EXPECT_EQ(Render(Jobs(), {}),
            " ID  NAME              WHY\n"
            "  1  short             waits for memory\n"
            "200  a-long-name-here\n");
}

TEST(Table, ShrinksTheWidestColumnFirst) {
  Look look;
  look.width = 30;
  EXPECT_EQ(Render(Jobs(), look),
            " ID  NAME         WHY\n"
            "  1  short        waits for…\n"
            "200  a-long-nam…\n");
}

TEST(Table, NeverIsWiderThanTheTerminal) {
  for (int width = 1; width < 60; ++width) {
    Look look;
    look.width = width;
    EXPECT_LE(WidestLine(Render(Jobs(), look)), width) << Render(Jobs(), look);
  }
}

TEST(Table, DropsWholeColumnsWhereShrinkingIsNotEnough) {
  Table table{{{"ID", Align::kRight, {}},
               {"USE", Align::kRight, {}, 2},
               {"NAME", Align::kLeft, 4, 1},
               {"WHY", Align::kLeft, 6}},
              {{{"1"}, {"1.0 GiB"}, {"nightly"}, {"no room"}}}};
  Look look;
  look.width = 25;
  EXPECT_EQ(Render(table, look), "ID      USE  NAME  WHY\n 1  1.0 GiB  nig…  no…\n");
  look.width = 22;
  EXPECT_EQ(Render(table, look), "ID  NAME     WHY\n 1  nightly  no room\n");
  look.width = 13;
  EXPECT_EQ(Render(table, look), "ID  WHY\n 1  no room\n");
}

TEST(Table, SaysABriefTextWhereTheWholeOneDoesNotFit) {
  Table table{{{"ID", Align::kRight, {}}, {"WHY", Align::kLeft, 6}},
              {{{"1"}, {"needs 1.0 GiB memory", Tone::kPlain, "memory"}}}};
  Look look;
  look.width = 24;
  EXPECT_EQ(Render(table, look), "ID  WHY\n 1  needs 1.0 GiB memory\n");
  look.width = 23;
  EXPECT_EQ(Render(table, look), "ID  WHY\n 1  memory\n");
}

TEST(Table, IsNotCutWhereThereIsNoTerminal) {
  Table table = Jobs();
  table.rows[0][2].text = std::string(500, 'x');
  EXPECT_NE(Render(table, {}).find(std::string(500, 'x')), std::string::npos);
}

TEST(Table, EscapesItsCells) {  // F41
  Table table = Jobs();
  table.rows[0][1].text = "\x1b[31mred\n";
  const std::string text = Render(table, {});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("\\x1b[31mred\\n"), std::string::npos);
}

TEST(Table, AlignsWideCharactersByTheirWidth) {
  const Table table{{{"A", Align::kLeft, {}}, {"B", Align::kLeft, {}}},
                    {{{"日本"}, {"x"}}, {{"abcd"}, {"y"}}}};
  EXPECT_EQ(Render(table, {}), "A     B\n日本  x\nabcd  y\n");
}

TEST(Table, LeavesNoSpacesAtTheEndOfALine) {
  EXPECT_EQ(Render(Jobs(), {}).find(" \n"), std::string::npos);
}

TEST(Table, PaintsOnlyWithColours) {
  Table table = Jobs();
  table.rows[0][1].tone = Tone::kBad;
  Look look;
  EXPECT_EQ(Render(table, look).find('\x1b'), std::string::npos);
  look.colour = Colour::kOn;
  EXPECT_NE(Render(table, look).find("\x1b[31mshort\x1b[0m"), std::string::npos);
}

TEST(Table, UsesATildeWhereThereIsOnlyAscii) {
  Look look;
  look.charset = Charset::kAscii;
  look.width = 30;
  EXPECT_NE(Render(Jobs(), look).find("waits for~"), std::string::npos);
}

}  // namespace
}  // namespace headroom::cli
