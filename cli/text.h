#pragma once

#include <string>
#include <string_view>
#include <vector>

// Text from jobs and other users, made safe to print and fitted to a terminal. A job's name may
// hold escape sequences that would move the cursor, hide lines or retitle the window (F41), so
// whatever did not come from this program goes through here. Pure; threads: any.
namespace headroom::cli {

enum class Layout {
  kOneLine,  // newlines and tabs are escaped as well: table cells, messages
  kLines,    // newlines, carriage returns and tabs stay: the output of a job
};

// Control characters, bytes that are not UTF-8, and characters that reorder or hide text become
// "\n", "\x1b" or "\u{202e}". Everything else, and so all readable UTF-8, stays as it is.
std::string Escape(std::string_view text, Layout layout = Layout::kOneLine);

// Columns that escaped text takes on a terminal: two for East Asian wide characters and emoji, none
// for combining marks.
int DisplayWidth(std::string_view text);

// The text itself if it fits into `width` columns, else as much of it as fits with `ellipsis`.
std::string Truncate(std::string_view text, int width, std::string_view ellipsis);

// The same, cut between words, so that no number is left without its end. A single word is cut
// inside, but not inside a number.
std::string TruncateWords(std::string_view text, int width, std::string_view ellipsis);

// The words of a text as lines of at most `width` columns. A word that is wider than a line goes on
// below: nothing of it is lost, as an ellipsis would lose it.
std::vector<std::string> WrapWords(std::string_view text, int width);

std::vector<std::string> Words(std::string_view text);

// Escapes a stream that arrives in pieces, so that a character cut in two is not taken for garbage.
class StreamEscaper {
 public:
  std::string Feed(std::string_view bytes);
  std::string Finish();

 private:
  std::string pending_;
};

bool IsUtf8(std::string_view text);

}  // namespace headroom::cli
