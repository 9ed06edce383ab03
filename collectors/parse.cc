#include "collectors/parse.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

namespace headroom {
namespace {

// "0.12" as the kernel prints its percentages: always two decimals ("%lu.%02lu").
bool TakePercent(std::string_view& text, double& percent) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string_view rest = text;
  int64_t whole = 0;
  if (!TakeAmount(rest, whole) || whole > 1000) return false;
  if (rest.size() < 3 || rest[0] != '.' || !is_digit(rest[1]) || !is_digit(rest[2])) return false;
  percent = static_cast<double>(whole * 100 + (rest[1] - '0') * 10 + (rest[2] - '0')) / 100.0;
  text = rest.substr(3);
  return true;
}

bool TakePercent(std::string_view& text, std::optional<double>& into) {
  double percent = 0;
  if (!TakePercent(text, percent)) return false;
  into = percent;
  return true;
}

void SkipWord(std::string_view& text) {
  while (!text.empty() && text[0] != ' ' && text[0] != '\n') text.remove_prefix(1);
}

// One "key=value" of a PSI line.
bool TakePsiField(std::string_view& text, PsiLine& into) {
  if (TakeLiteral(text, "avg10=")) return TakePercent(text, into.avg10);
  if (TakeLiteral(text, "avg60=")) return TakePercent(text, into.avg60);
  if (TakeLiteral(text, "avg300=")) return TakePercent(text, into.avg300);
  if (TakeLiteral(text, "total=")) {
    int64_t total = 0;
    if (!TakeAmount(text, total)) return false;
    into.total_usec = total;
    return true;
  }
  SkipWord(text);
  return true;
}

// What follows "some" or "full", up to and with the end of the line.
Status TakePsiLine(std::string_view& text, std::optional<PsiLine>& into) {
  const std::string_view line = text;
  PsiLine& fields = into.emplace();
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
    if (!TakePsiField(text, fields)) return Corrupt("\"key=number\"", line);
  }
  if (!text.starts_with('\n')) return Corrupt("a whole line", line);
  text.remove_prefix(1);
  if (!fields.avg10) return Corrupt("avg10", line);
  return {};
}

}  // namespace

bool TakeLongAmount(std::string_view& text, int64_t& amount) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

tl::unexpected<Error> Corrupt(std::string_view expected, std::string_view line) {
  constexpr std::size_t kQuoted = 60;
  std::string quoted(line.substr(0, std::min(line.find('\n'), kQuoted)));
  for (char& c : quoted) {
    if (c < ' ' || c > '~') c = '?';
  }
  return Fail(ErrorCode::kCorrupt, fmt::format("expected {}, got \"{}\"", expected, quoted));
}

Result<int64_t> ParseAmount(std::string_view text) {
  std::string_view rest = text;
  int64_t amount = 0;
  if (!TakeAmount(rest, amount) || rest != "\n") return Corrupt("a number", text);
  return amount;
}

Result<std::optional<int64_t>> ParseLimit(std::string_view text) {
  if (text == "max\n") return std::optional<int64_t>();
  const auto amount = ParseAmount(text);
  if (!amount) return Corrupt("a number or \"max\"", text);
  return std::optional(*amount);
}

Result<int64_t> CountCpuList(std::string_view text) {
  if (text == "\n") return 0;
  std::string_view rest = text;
  int64_t count = 0;
  for (;;) {
    int64_t first = 0;
    if (!TakeAmount(rest, first)) return Corrupt("a list of CPUs", text);
    int64_t last = first;
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      if (!TakeAmount(rest, last)) return Corrupt("a list of CPUs", text);
    }
    constexpr int64_t kMostCpus = 1 << 20;
    if (last < first || last > kMostCpus || count > kMostCpus) {
      return Corrupt("a list of CPUs", text);
    }
    count += last - first + 1;
    if (rest == "\n") return count;
    if (!rest.starts_with(',')) return Corrupt("a list of CPUs", text);
    rest.remove_prefix(1);
  }
}

Status ParsePsi(std::string_view text, Psi& into) {
  if (text.empty()) return Corrupt("\"some\" and \"full\" lines", text);
  while (!text.empty()) {
    const bool some = text.starts_with("some ");
    if (some || text.starts_with("full ")) {
      text.remove_prefix(4);
      if (Status line = TakePsiLine(text, some ? into.some : into.full); !line) return line;
      continue;
    }
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return Corrupt("a whole line", text);
    text.remove_prefix(end + 1);
  }
  if (!into.some) return Corrupt("\"some\"", "");
  return {};
}

}  // namespace headroom
