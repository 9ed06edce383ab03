#include "cli/text.h"

#include <gtest/gtest.h>

namespace headroom::cli {
namespace {

TEST(Escape, LeavesReadableTextAsItIs) {
  EXPECT_EQ(Escape("plain, Ärger, 日本語, 🙂"), "plain, Ärger, 日本語, 🙂");
}

TEST(Escape, ShowsEscapeSequencesInsteadOfObeyingThem) {  // F41
  EXPECT_EQ(Escape("\x1b[2J\x1b]0;title\x07"), "\\x1b[2J\\x1b]0;title\\x07");
}

TEST(Escape, ShowsEightBitControlsWrittenAsUtf8) {  // F41: U+009B is CSI
  EXPECT_EQ(Escape("\xc2\x9b"
                   "31m"),
            "\\x9b31m");
}

TEST(Escape, KeepsOneLineOneLine) { EXPECT_EQ(Escape("a\nb\tc\rd"), "a\\nb\\tc\\rd"); }

TEST(Escape, KeepsTheLinesOfAJobsOutput) {
  EXPECT_EQ(Escape("a\nb\tc\rd\x1b", Layout::kLines), "a\nb\tc\rd\\x1b");
}

TEST(Escape, ShowsTextThatReordersOrHidesText) {
  EXPECT_EQ(Escape("a\u202e"
                   "b\u200b"),
            "a\\u{202e}b\\u{200b}");
}

TEST(Escape, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(Escape("\xff\xc0\x80\xed\xa0\x80\xc3"), "\\xff\\xc0\\x80\\xed\\xa0\\x80\\xc3");
}

TEST(Escape, ShowsNul) { EXPECT_EQ(Escape(std::string_view("a\0b", 3)), "a\\x00b"); }

TEST(DisplayWidth, CountsWideCharactersTwiceAndCombiningOnesNot) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
}

TEST(Truncate, LeavesWhatFits) { EXPECT_EQ(Truncate("abc", 3, "…"), "abc"); }

TEST(Truncate, EndsWithTheEllipsisAndFits) { EXPECT_EQ(Truncate("abcdef", 4, "…"), "abc…"); }

TEST(Truncate, NeverCutsACharacterInTwo) {
  EXPECT_EQ(Truncate("日本語", 4, "…"), "日…");
  EXPECT_EQ(Truncate("ÄÖÜ", 2, "…"), "Ä…");
}

TEST(Truncate, GivesNothingWhereNothingFits) { EXPECT_EQ(Truncate("abc", 0, "…"), ""); }

TEST(StreamEscaper, JoinsACharacterThatArrivesInTwoPieces) {
  StreamEscaper escaper;
  EXPECT_EQ(escaper.Feed("a\xe2\x82"), "a");
  EXPECT_EQ(escaper.Feed("\xac\n"), "€\n");
  EXPECT_EQ(escaper.Finish(), "");
}

TEST(StreamEscaper, ShowsACharacterThatNeverEnds) {
  StreamEscaper escaper;
  EXPECT_EQ(escaper.Feed("a\xe2\x82"), "a");
  EXPECT_EQ(escaper.Finish(), "\\xe2\\x82");
}

TEST(StreamEscaper, DoesNotWaitForTheRestOfGarbage) {
  StreamEscaper escaper;
  EXPECT_EQ(escaper.Feed("\x80\x80\x80\x80"), "\\x80\\x80\\x80\\x80");
}

TEST(IsUtf8, KnowsTextFromBytes) {
  EXPECT_TRUE(IsUtf8("€ and \x1b"));
  EXPECT_FALSE(IsUtf8("\xff"));
}

TEST(TruncateWords, CutsBetweenWordsAndNeverInANumber) {
  EXPECT_EQ(TruncateWords("needs 1.0 GiB memory", 20, "…"), "needs 1.0 GiB memory");
  EXPECT_EQ(TruncateWords("needs 1.0 GiB memory", 19, "…"), "needs 1.0 GiB…");
  EXPECT_EQ(TruncateWords("needs 1.0 GiB memory", 14, "…"), "needs 1.0 GiB…");
  EXPECT_EQ(TruncateWords("needs 1.0 GiB memory", 8, "…"), "needs…");
  EXPECT_EQ(TruncateWords("nightly-report", 8, "…"), "nightly…");
  EXPECT_EQ(TruncateWords("bytes=505530265", 10, "…"), "bytes=…");
  EXPECT_EQ(TruncateWords("日本 語", 5, "…"), "日本…");
  EXPECT_EQ(TruncateWords("abc", 0, "…"), "");
}

}  // namespace
}  // namespace headroom::cli
